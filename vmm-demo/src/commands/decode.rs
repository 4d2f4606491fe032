//! `decode`: explains registers, and lines that other programs print when CPUs do not fit.

mod advice;
mod entry;
mod field_advice;
mod human;
mod input;

use self::entry::DecodeReport;
use super::Verdict;
use crate::cli::decode::DecodeArguments;
use crate::machine;
use crate::output;
use crate::output::failure::Failure;
use idreg_runtime::host::Host;

/// Explains lines; the answer is positive if one of them is recognised.
///
/// # Errors
///
/// [`Failure`]: the host file cannot be used, or the standard input cannot be read.
pub fn decode(arguments: &DecodeArguments) -> Result<Verdict, Failure> {
    let host = arguments.host.file.as_deref().map(machine::host_file);
    let host: Option<Host> = host.transpose()?;
    let mut report = DecodeReport::default();
    let mut blocks = 0;
    input::each_line(&arguments.text, |line| {
        let decoded = report.count(line, host.as_ref());
        if arguments.json {
            report.lines.push(decoded);
            return Ok(());
        }
        let block = human::block(&decoded, host.is_some());
        let separator = if blocks > 0 { "\n" } else { "" };
        blocks += 1;
        output::text(&format!("{separator}{block}"))
    })?;
    if arguments.json {
        output::json(&report)?;
    } else if blocks == 0 {
        output::error("no line to decode; write it as an argument or to the standard input");
    }
    Ok(Verdict::new(report.recognized > 0, 0))
}
