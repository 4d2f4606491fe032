//! First program of the Linux guest: prints a report on each CPU on the console, then ends the
//! guest as the kernel's command line requests
//! (`idreg.end=poweroff|reboot|panic|echo`).

use idreg_tests::guest::{
    Attempt, ConversationError, CpuReport, EndAction, EndActionError, ReportError, converse, cpus,
};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, reboot};
use rustix::termios::tcdrain;
use serde_json::json;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

/// File with the kernel's command line.
const COMMAND_LINE: &str = "/proc/cmdline";

#[derive(Debug, thiserror::Error)]
enum GuestInitError {
    #[error("cannot mount {fs_type} on {target}")]
    Mount {
        fs_type: &'static str,
        target: &'static str,
        source: Errno,
    },
    #[error("cannot read {COMMAND_LINE}")]
    CommandLine(#[source] io::Error),
    #[error(transparent)]
    EndAction(#[from] EndActionError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("a report cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error("cannot write the console")]
    Console(#[from] io::Error),
    #[error(transparent)]
    Conversation(#[from] ConversationError),
}

/// Returning from here as the first program makes the kernel panic.
fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let Some(attempt) = Attempt::from_arguments(&arguments) {
        return make(&attempt);
    }
    // Unknown words of the kernel's command line are arguments too, so they are no usage error.
    // Started by hand, the program does nothing.
    if std::process::id() != 1 {
        eprintln!("guest-init is the first program of a guest and does nothing elsewhere");
        return ExitCode::from(2);
    }
    let ending = run().unwrap_or_else(|error| {
        report(&error);
        EndAction::PowerOff
    });
    end(ending)
}

/// Runs a child of the first program.
fn make(attempt: &Attempt) -> ExitCode {
    match attempt.make() {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<EndAction, GuestInitError> {
    for (fs_type, target) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev")] {
        mount(fs_type, target, fs_type, MountFlags::empty(), None).map_err(|source| {
            GuestInitError::Mount {
                fs_type,
                target,
                source,
            }
        })?;
    }
    let command_line = fs::read_to_string(COMMAND_LINE).map_err(GuestInitError::CommandLine)?;
    let ending = EndAction::of_command_line(&command_line)?;
    for cpu in cpus()? {
        say(&serde_json::to_string(&CpuReport::read(cpu)?)?)?;
    }
    match ending {
        EndAction::Echo => Ok(converse(&mut io::stdin().lock(), &mut io::stdout())?),
        ending => Ok(ending),
    }
}

fn say(line: &str) -> io::Result<()> {
    let mut console = io::stdout();
    console.write_all(format!("{line}\n").as_bytes())?;
    console.flush()
}

fn report(error: &GuestInitError) {
    // A failure of the console itself cannot be reported.
    let _console_failed = say(&json!({ "error": chain(error) }).to_string());
}

/// An error and its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn end(ending: EndAction) -> ExitCode {
    // Bytes that the terminal has not sent yet would be lost.
    let _no_terminal = tcdrain(io::stdout());
    let command = match ending {
        EndAction::Panic => return ExitCode::FAILURE,
        EndAction::Reboot => RebootCommand::Restart,
        EndAction::PowerOff | EndAction::Echo => RebootCommand::PowerOff,
    };
    if let Err(source) = reboot(command) {
        let _console_failed =
            say(&json!({ "error": format!("cannot end the guest: {source}") }).to_string());
    }
    ExitCode::FAILURE
}
