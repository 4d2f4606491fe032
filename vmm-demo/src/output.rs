//! Output of the commands: text, tables, JSON, messages, failures and the log.

pub mod failure;
pub mod file;
pub mod json;
pub mod list;
pub mod log;
pub mod progress;
pub mod table;

use self::failure::Failure;
use idreg_runtime::text::is_printable;
use serde::Serialize;
use std::fmt::{Display, Write as _};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

/// Prints text and a newline. A reader that closes the pipe early (`| head`) is not a failure.
///
/// # Errors
///
/// [`Failure::Output`].
pub fn text(text: &str) -> Result<(), Failure> {
    match writeln!(io::stdout().lock(), "{}", printable(text)) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(()),
    }
}

/// Prints bytes unchanged. A reader that closes the pipe early is not a failure.
///
/// # Errors
///
/// [`Failure::Output`].
pub fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    match io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(()),
    }
}

/// Prints an error message to the standard error; ignores write errors.
pub fn error(message: &str) {
    let _ = writeln!(io::stderr(), "error: {}", printable(message));
}

/// Prints a progress line to the standard error.
pub fn note(message: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(message));
}

/// Prints warnings to the standard error, one per line.
pub fn warnings<'w, W: Display + 'w>(warnings: impl IntoIterator<Item = &'w W>) {
    for warning in warnings {
        let _ = writeln!(io::stderr(), "warning: {}", printable(&warning.to_string()));
    }
}

/// Text of several lines without characters that control the terminal or are not visible, which can
/// come from a file or an argument.
fn printable(text: &str) -> String {
    let lines = text.split('\n').map(escaped);
    lines.collect::<Vec<_>>().join("\n")
}

/// Text from outside without characters that control the terminal or are not visible: it stays on
/// its line.
#[must_use]
pub fn escaped(text: &str) -> String {
    let escape = |character: char| {
        let plain = is_printable(character);
        let escape = (!plain).then(|| character.escape_debug());
        escape
            .into_iter()
            .flatten()
            .chain(plain.then_some(character))
    };
    text.chars().flat_map(escape).collect()
}

/// A file's name for a message, [escaped].
#[must_use]
pub fn escaped_path(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

/// Prints a value as JSON, indented, part by part. A reader that closes the pipe early is not a
/// failure.
///
/// # Errors
///
/// [`Failure::Output`].
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut output = BufWriter::new(PrintableJson(io::stdout().lock()));
    let written = serde_json::to_writer_pretty(&mut output, value).map_err(io::Error::from);
    let written = written.and_then(|()| output.write_all(b"\n"));
    match written.and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(()),
    }
}

/// Writes JSON as [`printable_json`].
struct PrintableJson<W>(W);

impl<W: Write> Write for PrintableJson<W> {
    /// Writes a text. The serialiser writes no part of a character, and the buffer keeps its parts.
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let json = str::from_utf8(text).map_err(io::Error::other)?;
        self.0.write_all(printable_json(json).as_bytes())?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// JSON with the same value in which only strings' visible characters stand as they are.
pub(crate) fn printable_json(json: &str) -> String {
    let mut printable = String::with_capacity(json.len());
    for character in json.chars() {
        // Outside strings, line ends are the layout; inside, they are escaped already.
        if character == '\n' || is_printable(character) {
            printable.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(printable, "\\u{unit:04x}");
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(
            printable("a\x1b[31mb\tc\nd\u{9b}"),
            "a\\u{1b}[31mb\\tc\nd\\u{9b}"
        );
        assert_eq!(escaped("a\nb\u{202e}'\""), "a\\nb\\u{202e}'\"");
    }

    #[test]
    fn escapes_of_json_are_those_of_json() {
        let text = "\u{9b}\u{202e}\u{e0001}\n\t\u{e9}'\"";
        let json = serde_json::to_string(text).unwrap();
        let printed = printable_json(&json);
        assert_eq!(
            printed,
            r#""\u009b\u202e\udb40\udc01\n\t\u{e9}'\"""#.replace(r"\u{e9}", "\u{e9}")
        );
        assert_eq!(serde_json::from_str::<String>(&printed).unwrap(), text);
    }
}
