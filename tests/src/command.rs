//! Other programs, run to their end.

use std::io;
use std::process::{Command, ExitStatus};

/// Number of output lines of a failed program in the error.
const LINES: usize = 30;

/// Errors of running a program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// It could not be started.
    #[error("cannot start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// The cause.
        source: io::Error,
    },
    /// It failed.
    #[error("`{command}` ended with {status}{said}")]
    Failed {
        /// The program and its arguments.
        command: String,
        /// Its exit status.
        status: ExitStatus,
        /// The last lines of its output, each on a line of its own.
        said: String,
    },
}

/// Runs `command` to its end and returns its standard output. Its standard error appears only in
/// the error, if it fails.
///
/// # Errors
///
/// [`CommandError`] if it cannot be started or does not succeed.
pub fn run(command: &mut Command) -> Result<String, CommandError> {
    finish(command, |stdout, stderr| format!("{stdout}{stderr}"))
}

/// As [`run`], for a command whose standard output is data: the error has its standard error alone.
///
/// # Errors
///
/// As for [`run`].
pub fn run_for_data(command: &mut Command) -> Result<String, CommandError> {
    finish(command, |_, stderr| stderr.to_owned())
}

/// The line for a skipped test, with all causes.
#[must_use]
pub fn skipped(name: &str, error: &dyn std::error::Error) -> String {
    let mut text = format!("skipped: {name}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn finish(command: &mut Command, shown: fn(&str, &str) -> String) -> Result<String, CommandError> {
    let output = command.output().map_err(|source| CommandError::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(CommandError::Failed {
        command: words(command),
        status: output.status,
        said: last_lines(&shown(&stdout, &stderr)),
    })
}

fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The last lines of `text`, each after a line break and indented.
fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let skipped = lines.len().saturating_sub(LINES);
    lines
        .iter()
        .skip(skipped)
        .flat_map(|line| ["\n  ", line])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_what_was_said_last() {
        let error = run(Command::new("sh").args(["-c", "seq 100; echo bad >&2; exit 3"]));
        let text = error.unwrap_err().to_string();
        assert!(
            text.starts_with("`sh -c seq 100; echo bad >&2; exit 3` ended with exit status: 3")
        );
        assert!(text.ends_with("\n  99\n  100\n  bad"), "{text}");
        assert!(!text.contains("\n  50\n"), "{text}");
    }

    #[test]
    fn data_is_not_shown_in_a_failure() {
        let failing = ["-c", "echo data; echo bad >&2; exit 3"];
        let text = run_for_data(Command::new("sh").args(failing))
            .unwrap_err()
            .to_string();
        assert!(text.ends_with("exit status: 3\n  bad"), "{text}");
        assert_eq!(
            run_for_data(Command::new("echo").arg("data")).unwrap(),
            "data\n"
        );
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("no-such-program")).unwrap_err();
        assert_eq!(error.to_string(), "cannot start `no-such-program`");
    }
}
