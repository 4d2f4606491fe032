//! Output for the user, in colours if the terminal supports them.

use crate::failure::Failure;
use anstream::{stderr, stdout};
use clap::builder::styling::{AnsiColor, Style};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use sysreg::{Changes, Diagnostic, Part, Piece, Severity, Source, render_pieces};

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const BLUE: Style = AnsiColor::Blue.on_default().bold();

/// The stream for a text.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    /// Writes diagnostics, separated by empty lines.
    pub(crate) fn diagnostics(
        self,
        source: &Source,
        diagnostics: &[Diagnostic],
    ) -> Result<(), Failure> {
        let shown = diagnostics.iter().map(|diagnostic| {
            let (label, colour) = match diagnostic.severity {
                Severity::Error => ("error", RED),
                Severity::Warning => ("warning", YELLOW),
            };
            let pieces = styled(&render_pieces(source, diagnostic), colour);
            format!("{colour}{label}{colour:#}: {pieces}\n")
        });
        self.write(&shown.collect::<Vec<_>>().join("\n"))
    }

    /// Writes a report of changes.
    pub(crate) fn changes(self, changes: &Changes) -> Result<(), Failure> {
        self.write(&format!("{}\n", styled(&changes.pieces(), RED)))
    }

    /// Writes text.
    ///
    /// A closed pipe (`| head`) is not a failure. Errors of the standard error are ignored.
    pub(crate) fn write(self, text: &str) -> Result<(), Failure> {
        let written = match self {
            Self::Stdout => stdout().lock().write_all(text.as_bytes()),
            Self::Stderr => stderr().lock().write_all(text.as_bytes()).or(Ok(())),
        };
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Output(error)),
            _ => Ok(()),
        }
    }
}

/// Writes a line to the standard error.
pub(crate) fn note(line: &str) {
    let _ = writeln!(stderr(), "{}", printable(line));
}

/// Writes the message of a failure to the standard error.
pub(crate) fn failure(failure: &Failure) {
    let message = printable(&failure.to_string());
    let _ = match failure {
        Failure::Invalid(_) => writeln!(stderr(), "{BOLD}{message}{BOLD:#}"),
        _ => writeln!(stderr(), "{RED}error{RED:#}: {message}"),
    };
}

/// Replaces the content of the file at `path` in one step, or leaves it unchanged.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let old = fs::metadata(path).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        // A pipe or a device has no content to keep whole.
        return fs::write(path, text);
    }
    // Replaces the file behind a link, not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let written = File::create_new(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        old.map_or(Ok(()), |old| file.set_permissions(old.permissions()))?;
        file.sync_all()?;
        fs::rename(&new, &path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// Formats pieces with colours; `carets` is the style of the carets.
fn styled(pieces: &[Piece], carets: Style) -> String {
    let piece = |piece: &Piece| {
        let style = match piece.part {
            Part::Message => BOLD,
            Part::Place => BLUE,
            Part::Carets => carets,
            Part::Heading => GREEN,
            Part::Break => RED,
            _ => Style::new(),
        };
        format!("{style}{}{style:#}", printable(&piece.text))
    };
    pieces.iter().map(piece).collect()
}

/// Escapes control characters, which the name of a file may contain.
fn printable(text: &str) -> String {
    let escaped = |character: char| {
        let control = character.is_control() && character != '\n';
        let escape = control.then(|| character.escape_debug());
        let plain = (!control).then_some(character);
        escape.into_iter().flatten().chain(plain)
    };
    text.chars().flat_map(escaped).collect()
}
