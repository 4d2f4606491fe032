//! Lines from the console, and the answers to them.

use super::attempt::{AttemptError, peeked};
use super::ending::EndAction;
use serde_json::{Value, json};
use std::io::{self, BufRead, Read, Write};

/// Longest line of a terminal, in bytes, its end included
/// (Linux 7.2, `N_TTY_BUF_SIZE` in `drivers/tty/n_tty.c`).
const LINE: u64 = 4096;

/// Errors of the conversation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConversationError {
    /// The console cannot be read.
    #[error("cannot read the console")]
    Read(#[source] io::Error),
    /// The console cannot be written.
    #[error("cannot write the console")]
    Write(#[source] io::Error),
}

/// Request in a line.
enum Request {
    End(EndAction),
    Answer(Value),
}

/// Answers each line, until one requests an end; the end of the input powers off.
///
/// # Errors
///
/// Every variant of [`ConversationError`].
pub fn converse(
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<EndAction, ConversationError> {
    say(output, &json!({ "ready": true }))?;
    while let Some(line) = next_line(input)? {
        match request(&line) {
            Request::End(ending) => return Ok(ending),
            Request::Answer(answer) => say(output, &answer)?,
        }
    }
    Ok(EndAction::PowerOff)
}

/// The next line without its end, or `None` at the end of the input. A line that is longer than a
/// terminal's counts as several.
pub(super) fn next_line(input: &mut impl BufRead) -> Result<Option<String>, ConversationError> {
    let mut bytes = Vec::new();
    let mut line = input.by_ref().take(LINE);
    let read = line.read_until(b'\n', &mut bytes);
    if read.map_err(ConversationError::Read)? == 0 {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn request(line: &str) -> Request {
    if let Some(address) = line.strip_prefix("peek ") {
        return Request::Answer(peek(address));
    }
    match line.parse() {
        Ok(ending @ (EndAction::PowerOff | EndAction::Reboot)) => Request::End(ending),
        _ => Request::Answer(json!({ "echo": line })),
    }
}

fn peek(address: &str) -> Value {
    let digits = address.trim().strip_prefix("0x");
    let Some(number) = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()) else {
        return json!({ "error": format!("`{address}` is not an address like 0x9000000") });
    };
    match peeked(number) {
        Ok(value) => json!({ "peek": format!("{number:#x}"), "value": value }),
        Err(AttemptError::Ended { how }) => {
            json!({ "error": format!("reading at {number:#x}: {how}") })
        }
        Err(error) => json!({ "error": error.to_string() }),
    }
}

pub(super) fn say(output: &mut impl Write, line: &Value) -> Result<(), ConversationError> {
    write_line(output, &line.to_string())
}

pub(super) fn write_line(output: &mut impl Write, line: &str) -> Result<(), ConversationError> {
    let text = format!("{line}\n");
    let said = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
    said.map_err(ConversationError::Write)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(input: &[u8]) -> (String, EndAction) {
        let mut output = Vec::new();
        let ending = converse(&mut &*input, &mut output).unwrap();
        (String::from_utf8(output).unwrap(), ending)
    }

    #[test]
    fn lines_are_echoed_until_one_ends_it() {
        let (said, ending) = answers(b"a \"b\"\r\npanic\n\xff\nreboot\nmore\n");
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(
            lines,
            [
                r#"{"ready":true}"#,
                r#"{"echo":"a \"b\""}"#,
                r#"{"echo":"panic"}"#,
                r#"{"echo":"�"}"#
            ]
        );
        assert_eq!(ending, EndAction::Reboot);
    }

    #[test]
    fn the_end_of_the_input_switches_off() {
        assert_eq!(
            answers(b""),
            ("{\"ready\":true}\n".to_owned(), EndAction::PowerOff)
        );
    }

    #[test]
    fn a_line_without_end_does_not_grow() {
        let (said, _) = answers(&[b'x'; 2 * 4096]);
        assert_eq!(said.lines().count(), 3);
    }

    #[test]
    fn nonsense_to_peek_at_is_refused() {
        let (said, _) = answers(b"peek 12\npeek 0x\n");
        assert_eq!(said.matches("is not an address").count(), 2, "{said}");
    }
}
