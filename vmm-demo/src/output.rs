//! Output of the commands: text, tables, JSON, messages, failures and the log.

pub mod failure;
pub mod json;
pub mod list;
pub mod log;
pub mod table;

use self::failure::Failure;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

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

/// Escapes control characters, which can come from a file or an argument.
fn printable(text: &str) -> String {
    let escaped = |character: char| {
        let control = character.is_control() && character != '\n';
        let escape = control.then(|| character.escape_debug());
        let plain = (!control).then_some(character);
        escape.into_iter().flatten().chain(plain)
    };
    text.chars().flat_map(escaped).collect()
}

/// Prints a value as JSON, indented.
///
/// # Errors
///
/// [`Failure::Output`].
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    text(&serde_json::to_string_pretty(value).map_err(Failure::other)?)
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
    }
}
