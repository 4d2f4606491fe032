//! Diagnostics of a description, as data.

use crate::source::Span;
use std::fmt;

/// Declares every rule once: its doc, its variant and its name.
macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The rule of the grammar that a diagnostic is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* $variant,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The rule's stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

rules! {
    /// A line of blanks only; the kernel's generator accepts only the empty line.
    BlankLine = "blank-line",
    /// Lines end in CR LF.
    CarriageReturn = "carriage-return",
    /// A word that is not a directive, or a directive that is not allowed in this block.
    UnknownStatement = "unknown-statement",
    /// Too many or too few words for the directive.
    WordCount = "word-count",
    /// A block without an end before the next block or the end of its file.
    UnterminatedBlock = "unterminated-block",
    /// An `End...` without an open block of its kind.
    StrayEnd = "stray-end",
    /// Bits that are neither `N` nor `N:M` with decimal numbers from 63 to 0.
    InvalidBits = "invalid-bits",
    /// Bits that an earlier entry describes too.
    BitsOverlap = "bits-overlap",
    /// Bits that no entry describes.
    BitsGap = "bits-gap",
    /// Entries that are not in the order of their bits, from 63 down.
    BitsOrder = "bits-order",
    /// A value of op0, op1, CRn, CRm or op2 that is not a number of its range.
    InvalidEncoding = "invalid-encoding",
    /// Two registers with one encoding, such as one that is read and one that is written; always a
    /// warning.
    SharedEncoding = "shared-encoding",
    /// Two `Sysreg` blocks of one name.
    DuplicateRegister = "duplicate-register",
    /// Two `SysregFields` blocks of one name.
    DuplicateFields = "duplicate-fields",
    /// Two fields of one name in a layout.
    DuplicateField = "duplicate-field",
    /// Two enumerators of one name in a field.
    DuplicateEnumerator = "duplicate-enumerator",
    /// Two enumerators of one value in a field; an error only in
    /// [`load_strict`](crate::load_strict).
    DuplicateValue = "duplicate-value",
    /// Two `Prefix` blocks of one name in a register.
    DuplicatePrefix = "duplicate-prefix",
    /// A `Prefix` block after unprefixed fields.
    LatePrefix = "late-prefix",
    /// `Fields` or `Mapping` beside other entries.
    MixedBody = "mixed-body",
    /// An enumerator that is not `0b` and binary digits.
    InvalidValue = "invalid-value",
    /// An enumerator's value that does not fit its field.
    ValueTooWide = "value-too-wide",
    /// An enumeration without enumerators.
    EmptyEnum = "empty-enum",
    /// A name with characters other than letters, digits and `_`.
    InvalidName = "invalid-name",
    /// `Fields` or `Mapping` of a block that is not defined.
    UnknownTarget = "unknown-target",
    /// `Mapping` that leads back to itself.
    CircularMapping = "circular-mapping",
    /// Two names that are one name in generated code; the grammar itself allows them.
    NameCollision = "name-collision",
}

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The description is invalid. The model does not contain a block with an error, unless the
    /// error is only about line ends or blank lines.
    Error,
    /// The kernel's own files contain such lines, so the block stays in the model.
    Warning,
}

/// A further place or a hint of a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Lower-case text without a full stop.
    pub message: String,
    /// The place of the note, or `None` for a hint without a place.
    pub span: Option<Span>,
}

/// A mistake in a description, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The broken rule.
    pub rule: Rule,
    /// Error or warning.
    pub severity: Severity,
    /// The bytes at fault.
    pub span: Span,
    /// The text: subject first, lower case, no full stop.
    pub message: String,
    /// Further places and hints.
    pub notes: Vec<Note>,
}

impl Diagnostic {
    pub(crate) fn error(rule: Rule, span: Span, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: Severity::Error,
            span,
            message: message.into(),
            notes: Vec::new(),
        }
    }

    pub(crate) fn warning(rule: Rule, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(rule, span, message)
        }
    }

    pub(crate) fn note_at(mut self, span: Span, message: impl Into<String>) -> Self {
        self.notes.push(Note {
            message: message.into(),
            span: Some(span),
        });
        self
    }

    pub(crate) fn note(mut self, message: impl Into<String>) -> Self {
        self.notes.push(Note {
            message: message.into(),
            span: None,
        });
        self
    }

    /// True if this is an error and not a warning.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Shows the message alone; [`render`](crate::render::render) shows the place as well.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Collector of diagnostics, with a count of the errors.
#[derive(Debug, Default)]
pub(crate) struct Report {
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    strict: bool,
}

impl Report {
    /// A report in which a second name for a value is an error.
    pub(crate) fn strict() -> Self {
        Self {
            strict: true,
            ..Self::default()
        }
    }

    pub(crate) fn push(&mut self, mut diagnostic: Diagnostic) {
        if self.strict && diagnostic.rule == Rule::DuplicateValue {
            diagnostic.severity = Severity::Error;
        }
        self.errors += usize::from(diagnostic.is_error());
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    pub(crate) fn len(&self) -> usize {
        self.diagnostics.len()
    }

    /// The diagnostics after the first `len`.
    pub(crate) fn since(&self, len: usize) -> &[Diagnostic] {
        self.diagnostics.get(len..).unwrap_or_default()
    }

    /// Returns all diagnostics in the order of their places.
    pub(crate) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.diagnostics
            .sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
        self.diagnostics
    }
}
