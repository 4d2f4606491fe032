//! Reads many hosts, one after the other: from files, directories and the standard input.

use super::document::{self, Document as _, DocumentError, MAX_LENGTH, STANDARD_INPUT};
use crate::output;
use crate::output::failure::Failure;
use crate::output::progress::Progress;
use idreg_runtime::host::Host;
use serde::de::IgnoredAny;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Stdin};
use std::path::{Path, PathBuf};
use std::vec;

/// The hosts of files, in the order of the arguments, each with its name.
///
/// A file has one host, or one in each line (JSON lines). A directory stands for its files `*.json`
/// in the order of their names, except for those that begin with a dot; `-` stands for the standard
/// input. The name of a host is the path of its file, in a file of several with `:` and the number
/// of its line.
///
/// One host is in memory at any time, and the names in one directory.
#[derive(Debug)]
pub struct HostFiles {
    arguments: vec::IntoIter<PathBuf>,
    /// The files of a directory that are still to be read.
    directory: vec::IntoIter<PathBuf>,
    /// The file that is being read.
    source: Option<Source>,
    /// The document that was read last, whose memory serves for all.
    document: Vec<u8>,
    may_be_empty: bool,
}

/// A file of one host, or of one in each line.
#[derive(Debug)]
struct Source {
    name: String,
    reader: BufReader<Input>,
    /// The number of lines that were read.
    lines: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Start,
    Lines,
    End,
}

#[derive(Debug)]
enum Input {
    File(File),
    Standard(Stdin),
}

/// A host before it is parsed.
#[derive(Clone, Copy, Debug)]
pub struct UnparsedHost<'f> {
    /// The name of the host.
    pub name: &'f str,
    /// The document.
    pub bytes: &'f [u8],
    /// The number of the line in which it begins.
    line: u64,
}

impl HostFiles {
    /// Hosts in files, directories and the standard input.
    #[must_use]
    pub fn new(arguments: Vec<PathBuf>) -> Self {
        Self {
            arguments: arguments.into_iter(),
            directory: Vec::new().into_iter(),
            source: None,
            document: Vec::new(),
            may_be_empty: false,
        }
    }

    /// Lets the standard input be without a host, as a part of a fleet can be.
    #[must_use]
    pub fn or_none(mut self) -> Self {
        self.may_be_empty = true;
        self
    }

    /// Gives each host to `work`, with progress, beside which it can write to the terminal; returns
    /// the number of hosts that cannot be used. With `keep_going` these are reported on the
    /// standard error, and the others follow.
    ///
    /// # Errors
    ///
    /// [`Failure::HostFile`] of the first host that cannot be used, without `keep_going`; any other
    /// failure of `work`.
    pub fn each(
        mut self,
        keep_going: bool,
        mut work: impl FnMut(&Progress, UnparsedHost<'_>) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let mut unusable = 0;
        let mut progress = Progress::new("hosts");
        while let Some(done) = self.next_with(|host| work(&progress, host?)) {
            match done {
                Err(failure @ Failure::HostFile { .. }) if keep_going => {
                    progress.aside(|| output::error(&failure.message()));
                    unusable += 1;
                }
                done => done?,
            }
            progress.advance();
        }
        Ok(unusable)
    }

    /// Reads the next host without parsing it, and gives it to `work`; returns the result, or
    /// `None` after the last host.
    fn next_with<T>(
        &mut self,
        work: impl FnOnce(Result<UnparsedHost<'_>, Failure>) -> T,
    ) -> Option<T> {
        let (name, read) = self.read_next()?;
        let source = self.source.as_ref();
        let unparsed = match (read, source) {
            (Err(failure), _) => Err(failure),
            (Ok(()), source) => Ok(UnparsedHost {
                name: &name,
                bytes: source.map_or(&[], |source| source.bytes(&self.document)),
                line: source.map_or(1, |source| source.lines),
            }),
        };
        Some(work(unparsed))
    }

    fn next_of_source(&mut self) -> Option<(String, Result<(), DocumentError>)> {
        let source = self.source.as_mut()?;
        let next = source.next(&mut self.document)?;
        let is_without_hosts = self.may_be_empty
            && self.document.is_empty()
            && next.1.is_ok()
            && matches!(source.reader.get_ref(), Input::Standard(_));
        (!is_without_hosts).then_some(next)
    }

    /// Reads the next host into the document.
    fn read_next(&mut self) -> Option<(String, Result<(), Failure>)> {
        loop {
            if let Some((name, read)) = self.next_of_source() {
                let read = read.map_err(|error| failed(&name, error));
                return Some((name, read));
            }
            let from_directory = self.directory.next();
            let is_argument = from_directory.is_none();
            let path = from_directory.or_else(|| self.arguments.next())?;
            let opened = if is_argument && path.is_dir() {
                document::json_files(&path, Host::KIND)
                    .map(|files| self.directory = files.into_iter())
            } else {
                Source::open(&path).map(|source| self.source = Some(source))
            };
            if let Err(error) = opened {
                let name = path.to_string_lossy().into_owned();
                let failure = failed(&name, error.into());
                return Some((name, Err(failure)));
            }
        }
    }
}

impl UnparsedHost<'_> {
    /// Parses the document.
    ///
    /// # Errors
    ///
    /// [`Failure::HostFile`].
    pub fn parse(&self) -> Result<Host, Failure> {
        let host = document::parse(self.bytes, self.line);
        host.map_err(|error| failed(self.name, error))
    }
}

fn failed(name: &str, error: DocumentError) -> Failure {
    Failure::HostFile {
        path: name.into(),
        source: error.into(),
    }
}

impl Source {
    fn open(path: &Path) -> io::Result<Self> {
        let input = if path == Path::new(STANDARD_INPUT) {
            Input::Standard(io::stdin())
        } else {
            Input::File(File::open(path)?)
        };
        Ok(Self {
            name: path.to_string_lossy().into_owned(),
            reader: BufReader::new(input),
            lines: 0,
            state: State::Start,
        })
    }

    fn next(&mut self, document: &mut Vec<u8>) -> Option<(String, Result<(), DocumentError>)> {
        match self.state {
            State::Start => Some(self.first(document)),
            State::Lines => self.next_line(document),
            State::End => None,
        }
    }

    /// The file's host, or that in its first line.
    fn first(&mut self, document: &mut Vec<u8>) -> (String, Result<(), DocumentError>) {
        self.state = State::End;
        let read = self.read_line(document).and_then(|()| {
            if is_too_long(document) {
                return Ok(());
            }
            if self.has_lines(document)? {
                self.state = State::Lines;
                return Ok(());
            }
            let rest = (MAX_LENGTH + 1).saturating_sub(document.len() as u64);
            let reader = self.reader.by_ref();
            reader.take(rest).read_to_end(document).map(drop)
        });
        let name = match self.state {
            State::Lines => self.line_name(),
            _ => self.name.clone(),
        };
        (name, read.map_err(DocumentError::from))
    }

    /// True if the file has a host in each line: there are other lines, and the first is a whole
    /// document, or the second begins like one.
    fn has_lines(&mut self, document: &[u8]) -> io::Result<bool> {
        let next = self.reader.fill_buf()?;
        let is_whole = || serde_json::from_slice::<IgnoredAny>(document).is_ok();
        Ok(!next.is_empty() && (next.starts_with(b"{") || is_whole()))
    }

    fn next_line(&mut self, document: &mut Vec<u8>) -> Option<(String, Result<(), DocumentError>)> {
        loop {
            if let Err(error) = self.read_line(document) {
                self.state = State::End;
                return Some((self.line_name(), Err(error.into())));
            }
            if document.is_empty() {
                self.state = State::End;
                return None;
            }
            if is_too_long(document) || !document.trim_ascii().is_empty() {
                break;
            }
        }
        let read = if is_too_long(document) {
            self.state = State::End;
            Err(DocumentError::LineTooLong)
        } else {
            Ok(())
        };
        Some((self.line_name(), read))
    }

    /// The document that was read last, without the end of its line.
    fn bytes<'d>(&self, document: &'d [u8]) -> &'d [u8] {
        // Without the end of the line, so that an error at the end is in this line.
        let line = document.strip_suffix(b"\n");
        let line = line.filter(|_| matches!(self.state, State::Lines));
        line.unwrap_or(document)
    }

    /// Reads a line, or as much of it as shows that it is too long.
    fn read_line(&mut self, document: &mut Vec<u8>) -> io::Result<()> {
        document.clear();
        let reader = self.reader.by_ref();
        reader.take(MAX_LENGTH + 1).read_until(b'\n', document)?;
        self.lines += 1;
        Ok(())
    }

    fn line_name(&self) -> String {
        format!("{}:{}", self.name, self.lines)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Standard(input) => input.read(buffer),
        }
    }
}

fn is_too_long(document: &[u8]) -> bool {
    document.len() as u64 > MAX_LENGTH
}
