//! Syntax tree: blocks and statements with their words, before validation.

use crate::lex::Word;
use crate::source::Span;

/// A top-level block.
#[derive(Debug)]
pub(crate) enum Block<'s> {
    Register(SysregBlock<'s>),
    Fields(SharedFieldsBlock<'s>),
}

/// `Sysreg name op0 op1 CRn CRm op2` ... `EndSysreg`.
#[derive(Debug)]
pub(crate) struct SysregBlock<'s> {
    pub(crate) name: Word<'s>,
    /// `None` after an error in the first line.
    pub(crate) encoding: Option<[Word<'s>; 5]>,
    pub(crate) body: BlockBody<Statement<'s>>,
}

/// `SysregFields name` ... `EndSysregFields`.
#[derive(Debug)]
pub(crate) struct SharedFieldsBlock<'s> {
    pub(crate) name: Word<'s>,
    pub(crate) body: BlockBody<Statement<'s>>,
}

/// The lines between a block's first line and its `End...`.
#[derive(Debug)]
pub(crate) struct BlockBody<T> {
    pub(crate) content: Vec<T>,
    /// The place of the `End...`, or `None` if it is missing.
    pub(crate) end: Option<Span>,
    /// True if an error inside was reported, so the block is not reliable.
    pub(crate) broken: bool,
    /// True if that error is structural, so the body may contain lines of other blocks.
    pub(crate) lost: bool,
}

#[derive(Debug)]
pub(crate) enum Statement<'s> {
    /// `Res0`, `Res1`, `Unkn` or `Raz`.
    Reserved { kind: Reserved, bits: Word<'s> },
    /// `Field`.
    Field { bits: Word<'s>, name: Word<'s> },
    /// `Enum`, `SignedEnum` or `UnsignedEnum` ... `EndEnum`.
    Enum {
        kind: EnumKind,
        bits: Word<'s>,
        name: Word<'s>,
        values: BlockBody<Value<'s>>,
    },
    /// `Fields` or `Mapping`.
    Reference {
        kind: ReferenceKind,
        target: Word<'s>,
        span: Span,
    },
    /// `Prefix name` ... `EndPrefix`.
    Prefix {
        name: Word<'s>,
        body: BlockBody<Statement<'s>>,
    },
}

/// `0b... name`.
#[derive(Debug)]
pub(crate) struct Value<'s> {
    pub(crate) literal: Word<'s>,
    pub(crate) name: Word<'s>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reserved {
    Res0,
    Res1,
    Unkn,
    Raz,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnumKind {
    Plain,
    Signed,
    Unsigned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReferenceKind {
    Fields,
    Mapping,
}
