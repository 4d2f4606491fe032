//! Writing to the standard output.

pub mod failure;
pub mod json;
pub mod list;
pub mod log;
pub mod table;

use self::failure::Failure;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Prints text and a newline. A reader that has seen enough (`| head`) is no failure.
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

/// Prints bytes as they are. A reader that has seen enough is no failure.
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

/// Prints an error message to the standard error; if that is closed, nobody wants to know.
pub fn error(message: &str) {
    let _ = writeln!(io::stderr(), "error: {}", printable(message));
}

/// Prints a line about what goes on to the standard error.
pub fn note(message: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(message));
}

/// Prints warnings to the standard error, a line each.
pub fn warnings<'w, W: Display + 'w>(warnings: impl IntoIterator<Item = &'w W>) {
    for warning in warnings {
        let _ = writeln!(io::stderr(), "warning: {}", printable(&warning.to_string()));
    }
}

/// Text without the control characters that a file or an argument may have brought in.
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
