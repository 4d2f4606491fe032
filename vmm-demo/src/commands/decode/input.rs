//! The lines to decode: of the arguments, or of the standard input.

use crate::output::failure::Failure;
use idreg_runtime::formats::diagnostic::{Diagnostic, LONGEST_LINE};
use idreg_runtime::regs::DESCRIPTION;
use std::io::{self, BufRead, Read as _};

/// Gives each line that is not empty to `work`.
pub(super) fn each_line(
    text: &[String],
    work: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if text.is_empty() {
        return each_read(io::stdin().lock(), work);
    }
    let joined = text.join(" ");
    let is_one =
        text.len() > 1 && !joined.contains('\n') && Diagnostic::of(&DESCRIPTION, &joined).is_ok();
    let lines: Vec<&str> = if is_one {
        vec![joined.as_str()]
    } else {
        text.iter().flat_map(|text| text.lines()).collect()
    };
    let mut lines = lines.into_iter().filter(|line| !line.trim().is_empty());
    lines.try_for_each(work)
}

/// Reads lines; of a line that is too long, only the beginning.
fn each_read(
    mut input: impl BufRead,
    mut work: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = LONGEST_LINE as u64 + 1;
        let read = input.by_ref().take(limit).read_until(b'\n', &mut line);
        if read.map_err(Failure::other)? == 0 {
            return Ok(());
        }
        if !line.ends_with(b"\n") {
            skip_line(&mut input).map_err(Failure::other)?;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        if !text.trim().is_empty() {
            work(text)?;
        }
    }
}

/// Skips the rest of a line.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let (length, is_end) = match end {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(length);
        if is_end {
            return Ok(());
        }
    }
}
