//! A description's text, and places in it.

use std::fmt;
use std::path::Path;

/// Larger files are refused: Linux 7.2's own is 87 KB, so 4 MiB is no description.
pub const MAX_BYTES: usize = 4 << 20;

/// A byte range of a [`Source`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A place as a person counts it: line and column from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Line number, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The text of one description and the name it is shown under.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<u32>,
}

/// Why bytes are no [`Source`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceError {
    /// More than [`MAX_BYTES`] bytes.
    TooLarge {
        /// The file's size in bytes.
        bytes: usize,
    },
    /// The bytes are not UTF-8.
    NotUtf8 {
        /// Line of the first bad byte, from 1.
        line: usize,
        /// Column of the first bad byte in bytes, from 1.
        column: usize,
    },
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes } => {
                write!(
                    f,
                    "a description of {bytes} bytes is over the limit of {MAX_BYTES}"
                )
            }
            Self::NotUtf8 { line, column } => {
                write!(
                    f,
                    "not UTF-8: the first bad byte is at line {line}, byte {column}"
                )
            }
        }
    }
}

impl std::error::Error for SourceError {}

impl Source {
    /// Takes a description's text; `name` is what diagnostics show, usually its path.
    ///
    /// # Errors
    ///
    /// [`SourceError::TooLarge`] past [`MAX_BYTES`].
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Result<Self, SourceError> {
        let text = text.into();
        if text.len() > MAX_BYTES {
            return Err(SourceError::TooLarge { bytes: text.len() });
        }
        let after_newlines = (1u32..)
            .zip(text.bytes())
            .filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(after_newlines.map(|(next, _)| next))
            .collect();
        Ok(Self {
            name: name.into(),
            text,
            line_starts,
        })
    }

    /// Takes a description as read from a file.
    ///
    /// # Errors
    ///
    /// [`SourceError::NotUtf8`], or [`SourceError::TooLarge`] past [`MAX_BYTES`].
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self, SourceError> {
        if bytes.len() > MAX_BYTES {
            return Err(SourceError::TooLarge { bytes: bytes.len() });
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid_bytes = error.utf8_error().valid_up_to();
            let valid = String::from_utf8_lossy(error.as_bytes());
            let valid = valid.get(..valid_bytes).unwrap_or("");
            let line = valid.matches('\n').count() + 1;
            let column = valid.rsplit('\n').next().map_or(0, str::len) + 1;
            SourceError::NotUtf8 { line, column }
        })?;
        Self::new(name, text)
    }

    /// Reads a description from a file and shows it under its path.
    ///
    /// # Errors
    ///
    /// The operating system's error, or a [`SourceError`] as [`std::io::ErrorKind::InvalidData`].
    pub fn read(path: &Path) -> std::io::Result<Self> {
        Self::from_bytes(path.display().to_string(), std::fs::read(path)?)
            .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
    }

    /// The name that diagnostics show.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty if the span is not one of this source.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// Line and column of a byte offset.
    #[must_use]
    pub fn location(&self, offset: u32) -> Location {
        let line = self
            .line_starts
            .partition_point(|start| *start <= offset)
            .max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let column = self.slice(Span { start, end: offset }).chars().count() + 1;
        Location { line, column }
    }

    /// The text of a line, counted from 1, without its line end; empty past the last.
    #[must_use]
    pub fn line(&self, number: usize) -> &str {
        let bounds = number
            .checked_sub(1)
            .and_then(|index| Some((*self.line_starts.get(index)?, self.line_starts.get(number))));
        let Some((start, next)) = bounds else {
            return "";
        };
        let end = next.map_or(self.text.len(), |next| *next as usize - 1);
        self.text
            .get(start as usize..end)
            .unwrap_or("")
            .trim_end_matches('\r')
    }
}
