//! The text's structure: blocks and statements with their words, no rules applied yet.

use crate::lex::Word;
use crate::source::Span;

/// A top-level block.
#[derive(Debug)]
pub(crate) enum Item<'s> {
    Register(Register<'s>),
    Fields(SharedFields<'s>),
}

/// `Sysreg name op0 op1 crn crm op2` ... `EndSysreg`.
#[derive(Debug)]
pub(crate) struct Register<'s> {
    pub(crate) name: Word<'s>,
    pub(crate) encoding: [Word<'s>; 5],
    pub(crate) body: Body<'s>,
}

/// `SysregFields name` ... `EndSysregFields`.
#[derive(Debug)]
pub(crate) struct SharedFields<'s> {
    pub(crate) name: Word<'s>,
    pub(crate) body: Body<'s>,
}

/// The statements of a block and the place of its `End...`.
#[derive(Debug)]
pub(crate) struct Body<'s> {
    pub(crate) statements: Vec<Statement<'s>>,
    pub(crate) end: Span,
    /// An error inside has been reported already, so the block is not to be trusted.
    pub(crate) broken: bool,
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
        values: Vec<(Word<'s>, Word<'s>)>,
    },
    /// `Fields` or `Mapping`.
    Reference {
        kind: ReferenceKind,
        target: Word<'s>,
        span: Span,
    },
    /// `Prefix name` ... `EndPrefix`.
    Prefix { name: Word<'s>, body: Body<'s> },
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
