//! First program of the Linux guest: prints a report on each CPU on the console, then ends the
//! guest as the kernel's command line requests
//! (`idreg.end=poweroff|reboot|panic|echo|storm|work`).

use idreg_tests::guest::{
    Attempt, ConversationError, CpuReport, EndAction, EndActionError, ReportError, WorkError,
    WorkSettings, WorkSettingsError, converse, cpus, work,
};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, reboot};
use rustix::termios::tcdrain;
use rustix::thread::{CpuSet, sched_setaffinity};
use serde_json::json;
use std::env;
use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::process::ExitCode;
use std::thread;

/// File with the kernel's command line.
const COMMAND_LINE: &str = "/proc/cmdline";

/// Device whose lines become messages of the kernel
/// (Linux 7.2, `Documentation/ABI/testing/dev-kmsg`).
const KERNEL_LOG: &str = "/dev/kmsg";

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
    #[error("cannot write {KERNEL_LOG}")]
    KernelLog(#[source] io::Error),
    #[error("a report cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error("cannot write the console")]
    Console(#[from] io::Error),
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    #[error(transparent)]
    WorkSettings(#[from] WorkSettingsError),
    #[error("cannot let threads run on every CPU")]
    Unpin(#[source] Errno),
    #[error(transparent)]
    Work(#[from] WorkError),
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
    let settings = WorkSettings::of_command_line(&command_line)?;
    let cpus = cpus()?;
    for &cpu in &cpus {
        say(&serde_json::to_string(&CpuReport::read(cpu)?)?)?;
    }
    if ending == EndAction::Storm {
        let mut log = File::create(KERNEL_LOG).map_err(GuestInitError::KernelLog)?;
        thread::spawn(move || storm(&mut log));
    }
    match ending {
        EndAction::Echo | EndAction::Storm => {
            Ok(converse(&mut io::stdin().lock(), &mut io::stdout())?)
        }
        EndAction::Work => {
            unpin(&cpus)?;
            let input = BufReader::new(io::stdin());
            work(input, &mut io::stdout(), &cpus, settings)?;
            Ok(ending)
        }
        EndAction::PowerOff | EndAction::Reboot | EndAction::Panic => Ok(ending),
    }
}

/// Undoes the pinning of the reports.
fn unpin(cpus: &[usize]) -> Result<(), GuestInitError> {
    let mut set = CpuSet::new();
    for &cpu in cpus {
        set.set(cpu);
    }
    sched_setaffinity(None, &set).map_err(GuestInitError::Unpin)
}

/// Makes the kernel print errors, which it does on the console even with `quiet`, until the guest
/// ends.
fn storm(log: &mut File) {
    // 3 is the level of errors (Linux 7.2, `include/linux/kern_levels.h`).
    while log.write_all(b"<3>the storm goes on\n").is_ok() {}
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
        EndAction::PowerOff | EndAction::Echo | EndAction::Storm | EndAction::Work => {
            RebootCommand::PowerOff
        }
    };
    if let Err(source) = reboot(command) {
        let _console_failed =
            say(&json!({ "error": format!("cannot end the guest: {source}") }).to_string());
    }
    ExitCode::FAILURE
}
