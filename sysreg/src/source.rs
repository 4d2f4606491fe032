//! The text of a description, and places in the text.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;

/// The maximum size of a description in bytes, all its files together.
///
/// The description of Linux 7.2 is one file of 87 KB, so a text over 4 MiB is not a description.
pub const MAX_BYTES: usize = 4 << 20;

/// A byte range of a [`Source`]; the bytes of its files are numbered one file after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that contains both spans.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A place in a file for messages: file name, line and column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'s> {
    /// The name of the file, as passed to [`Source::new`].
    pub file: &'s str,
    /// Line number in the file, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Shows `file:line:column`.
impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column } = self;
        write!(f, "{file}:{line}:{column}")
    }
}

/// The text of one description in one or several files, with the names of the files.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
    files: Vec<File>,
    /// The offset of each line's first byte; the last line of a file may lack a newline.
    line_starts: Vec<u32>,
}

/// A file of a [`Source`] and its position.
#[derive(Clone, Debug)]
struct File {
    name: String,
    start: u32,
    /// The index of its first line.
    first_line: usize,
}

/// The reason why bytes are not a [`Source`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceError {
    /// More than [`MAX_BYTES`] bytes, all files together.
    TooLarge {
        /// The size of all files together in bytes, or `None` for a file that was not read to its
        /// end, see [`Source::read_as`].
        bytes: Option<usize>,
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
            Self::TooLarge { bytes: Some(bytes) } => {
                write!(
                    f,
                    "a description of {bytes} bytes is over the limit of {MAX_BYTES}"
                )
            }
            Self::TooLarge { bytes: None } => {
                write!(
                    f,
                    "a description of more than {MAX_BYTES} bytes is too large"
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
    /// Creates a source of one file; diagnostics show `name`, usually the path.
    ///
    /// # Errors
    ///
    /// [`SourceError::TooLarge`] past [`MAX_BYTES`].
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Result<Self, SourceError> {
        let text = text.into();
        if text.len() > MAX_BYTES {
            let bytes = Some(text.len());
            return Err(SourceError::TooLarge { bytes });
        }
        let after_newlines = (1u32..)
            .zip(text.bytes())
            .filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(after_newlines.map(|(next, _)| next))
            .collect();
        let name = name.into();
        Ok(Self {
            name: name.clone(),
            text,
            files: vec![File {
                name,
                start: 0,
                first_line: 0,
            }],
            line_starts,
        })
    }

    /// Joins several sources to one description.
    ///
    /// A name or an encoding must be unique in all files together, and `Fields` and `Mapping` may
    /// refer to a block of any file. A block ends in the file in which it begins.
    ///
    /// # Errors
    ///
    /// [`SourceError::TooLarge`] if the files together are past [`MAX_BYTES`].
    pub fn join(sources: impl IntoIterator<Item = Self>) -> Result<Self, SourceError> {
        let sources: Vec<Self> = sources.into_iter().collect();
        let bytes = sources.iter().map(|source| source.text.len()).sum();
        if bytes > MAX_BYTES {
            let bytes = Some(bytes);
            return Err(SourceError::TooLarge { bytes });
        }
        let names: Vec<&str> = sources.iter().map(Self::name).collect();
        let mut joined = Self {
            name: names.join(", "),
            text: String::with_capacity(bytes),
            files: Vec::new(),
            line_starts: Vec::new(),
        };
        for source in sources {
            let (start, first_line) = (width(&joined.text), joined.line_starts.len());
            joined.text.push_str(&source.text);
            joined
                .files
                .extend(source.files.into_iter().map(|file| File {
                    name: file.name,
                    start: file.start + start,
                    first_line: file.first_line + first_line,
                }));
            let line_starts = source.line_starts.iter().map(|line| line + start);
            joined.line_starts.extend(line_starts);
        }
        Ok(joined)
    }

    /// Creates a source of the bytes of one file.
    ///
    /// # Errors
    ///
    /// [`SourceError::NotUtf8`], or [`SourceError::TooLarge`] past [`MAX_BYTES`].
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self, SourceError> {
        if bytes.len() > MAX_BYTES {
            let bytes = Some(bytes.len());
            return Err(SourceError::TooLarge { bytes });
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

    /// Reads a description from a file; diagnostics show its path.
    ///
    /// # Errors
    ///
    /// Those of [`Self::read_as`].
    pub fn read(path: &Path) -> io::Result<Self> {
        Self::read_as(path.display().to_string(), path)
    }

    /// Reads a description from a file; diagnostics show `name`.
    ///
    /// Stops one byte past [`MAX_BYTES`], so a file without end, such as `/dev/zero`, is an error.
    ///
    /// # Errors
    ///
    /// The operating system's error, or a [`SourceError`] as [`io::ErrorKind::InvalidData`].
    pub fn read_as(name: impl Into<String>, path: &Path) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path)?;
        file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        let source = if bytes.len() > MAX_BYTES {
            Err(SourceError::TooLarge { bytes: None })
        } else {
            Self::from_bytes(name, bytes)
        };
        source.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// The name that diagnostics show; for several files all names, separated by `, `.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text; the texts of several files follow each other without a separator.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty if the span is not in this source.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// The index of the file that contains a byte offset; 0 is the first file.
    ///
    /// The offset past a file's last byte is in the next file. Any offset past the last file is in
    /// the last file.
    #[must_use]
    pub fn file_index(&self, offset: u32) -> usize {
        let files = self.files.partition_point(|file| file.start <= offset);
        files.saturating_sub(1)
    }

    /// The file, line and column of a byte offset.
    #[must_use]
    pub fn location(&self, offset: u32) -> Location<'_> {
        let line = self.line_index(offset);
        let file = self.files.get(self.file_index(offset));
        let start = self.line_starts.get(line).copied().unwrap_or(0);
        Location {
            file: file.map_or("", |file| &file.name),
            line: line - file.map_or(0, |file| file.first_line) + 1,
            column: self.slice(Span { start, end: offset }).chars().count() + 1,
        }
    }

    /// The line that contains a byte offset, without its line end.
    #[must_use]
    pub fn line_at(&self, offset: u32) -> &str {
        let line = self.line_index(offset);
        let start = self.line_starts.get(line).copied().unwrap_or(0);
        let end = self.line_starts.get(line + 1).copied();
        let end = end.unwrap_or_else(|| width(&self.text));
        let line = self.slice(Span { start, end });
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// Iterates over the files: the offset of the first byte, and the text.
    pub(crate) fn files(&self) -> impl Iterator<Item = (u32, &str)> {
        let starts = self.files.iter().map(|file| file.start);
        let ends = starts.clone().skip(1).chain([width(&self.text)]);
        let spans = starts.zip(ends).map(|(start, end)| Span { start, end });
        spans.map(|span| (span.start, self.slice(span)))
    }

    fn line_index(&self, offset: u32) -> usize {
        let lines = self.line_starts.partition_point(|start| *start <= offset);
        lines.saturating_sub(1)
    }
}

/// The length of a text in bytes; a [`Source`] is far below 4 GiB.
pub(crate) fn width(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}
