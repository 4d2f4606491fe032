//! Subject of a message: a block, a prefix or a field.

use crate::lex::Word;
use std::fmt;

/// The layout of a block or of one of its prefixes, or a field of such a layout.
///
/// Messages are rare and fields are many, so the text is formatted only for a message.
#[derive(Clone, Copy)]
pub(super) struct Subject<'s> {
    block: Word<'s>,
    prefix: Option<Word<'s>>,
    field: Option<Word<'s>>,
}

impl<'s> Subject<'s> {
    pub(super) fn block(block: Word<'s>) -> Self {
        Self {
            block,
            prefix: None,
            field: None,
        }
    }

    pub(super) fn prefix(block: Word<'s>, prefix: Word<'s>) -> Self {
        Self {
            prefix: Some(prefix),
            ..Self::block(block)
        }
    }

    pub(super) fn field(self, field: Word<'s>) -> Self {
        Self {
            field: Some(field),
            ..self
        }
    }
}

/// Shows `BLOCK`, `BLOCK (PREFIX)`, `BLOCK.FIELD` or `BLOCK (PREFIX).FIELD`.
impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.block)?;
        if let Some(prefix) = self.prefix {
            write!(f, " ({prefix})")?;
        }
        match self.field {
            Some(field) => write!(f, ".{field}"),
            None => Ok(()),
        }
    }
}
