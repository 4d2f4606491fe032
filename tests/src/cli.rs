//! The command line of the `testbed` program.

mod booted;
mod error;
mod exec;
mod fleet_demo;
mod hosts;
mod linux_demo;
mod migrate_demo;

pub use self::error::TestbedError;
use self::exec::{Exec, pass_through};
use self::hosts::HostFiles;
use crate::artifacts::build::cargo;
use crate::artifacts::setup::Setup;
use crate::artifacts::{Artifacts, Kernel, VARIABLE};
use crate::machine::{Machine, Options};
use crate::program::Program;
use crate::progress::Progress;
use clap::{Args, Parser, Subcommand};
use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// Arguments of the demonstration, which hides the dot product and the second data cache clean
/// instruction from the guest.
const DEMO: [&str; 3] = [
    "run",
    "--cpu",
    "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0,SYSREG_ID_AA64ISAR1_EL1_DPB=0x0",
];

/// An emulated Arm host for idreg, vmm-demo and tests.
#[derive(Debug, Parser)]
#[command(name = "testbed", bin_name = "cargo testbed")]
pub struct Cli {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Fetch and build everything that the other commands need
    Setup {
        /// Fetch the newest versions even of files that are present
        #[arg(long)]
        refresh: bool,
        /// Use the releases of the kernels with which the tests last passed, not the newest
        #[arg(long, conflicts_with = "refresh")]
        recorded: bool,
        /// Base address of the Debian archive [default: that of this machine]
        #[arg(long, value_name = "ADDRESS")]
        archive: Option<String>,
    },
    /// Run `idreg ARGS`, `vmm-demo ARGS` or any other arm64 program on a fresh host, without a time
    /// limit; output and exit code pass through unchanged
    Exec(Box<Exec>),
    /// Write the host files in `tests/data/hosts`; tests of every crate read them
    Hosts(HostFiles),
    /// Run a guest from which two features of the host are hidden
    Demo {
        #[command(flatten)]
        choice: Choice,
        /// Boot Linux twice, with the host's CPU and without the dot product and SVE, and compare
        /// the features in user space
        #[arg(long)]
        linux: bool,
        /// Boot two hosts with different CPUs, find the model in common, and run a guest with it on
        /// both
        #[arg(long, conflicts_with = "linux")]
        fleet: bool,
        /// Boot two hosts with different CPUs, and move a running Linux guest to the second and
        /// back: with the first host's CPU, which is refused, and with the model in common
        #[arg(long, conflicts_with_all = ["linux", "fleet"])]
        migrate: bool,
    },
    /// Run the tests of the workspace
    Test {
        #[command(flatten)]
        choice: Choice,
        /// Arguments for `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

#[derive(Clone, Copy, Debug, Args)]
struct Choice {
    /// Emulate a host even if this machine is an Arm host
    #[arg(long)]
    emulate: bool,
}

impl Cli {
    /// Parses the command line of this process; ends the process on a usage error.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::parse_from(keep_separator(env::args_os().collect()))
    }

    /// Runs the command and returns the exit code.
    ///
    /// # Errors
    ///
    /// Every variant of [`TestbedError`].
    pub fn run(self) -> Result<u8, TestbedError> {
        match self.action {
            Action::Setup {
                refresh,
                recorded,
                archive,
            } => setup(refresh, recorded, archive),
            Action::Exec(exec) => exec.run(),
            Action::Hosts(hosts) => hosts.run(),
            Action::Demo { fleet: true, .. } => fleet_demo::run(),
            Action::Demo { migrate: true, .. } => migrate_demo::run(),
            Action::Demo {
                choice,
                linux: true,
                ..
            } => linux_demo::run(choice),
            Action::Demo { choice, .. } => demo(choice),
            Action::Test { choice, args } => test(choice, &args),
        }
    }
}

/// Doubles a `--` at the beginning of the arguments for `cargo test`. Without this, clap takes it
/// for the end of the testbed's own options and it never reaches `cargo test`. Removes a `--` after
/// `demo`, as in `cargo demo -- --linux`.
fn keep_separator(mut words: Vec<OsString>) -> Vec<OsString> {
    if words.get(1).is_some_and(|word| word == "demo")
        && words.get(2).is_some_and(|word| word == "--")
    {
        words.remove(2);
        return words;
    }
    let own = words
        .iter()
        .skip(2)
        .take_while(|word| *word == "--emulate")
        .count();
    let first = 2 + own;
    if words.get(1).is_some_and(|word| word == "test")
        && words.get(first).is_some_and(|word| word == "--")
    {
        words.insert(first, "--".into());
    }
    words
}

impl Choice {
    /// True if this machine is an Arm host and `--emulate` is not given.
    fn hardware(self) -> bool {
        !self.emulate && env::consts::ARCH == "aarch64" && Path::new("/dev/kvm").exists()
    }
}

fn setup(refresh: bool, recorded: bool, archive: Option<String>) -> Result<u8, TestbedError> {
    let progress = Progress::new();
    let setup = Setup {
        hardware: false,
        kernels: Kernel::ALL.to_vec(),
        guests: Kernel::ALL.to_vec(),
        programs: Program::ALL.to_vec(),
        refresh,
        recorded,
        archive,
        progress,
    };
    let artifacts = setup.run()?;
    for (kernel, image) in artifacts
        .emulation
        .iter()
        .flat_map(|emulation| &emulation.kernels)
    {
        let recorded = match kernel.recorded_release() {
            Some(release) if release != image.release => {
                format!("; the tests last passed with {release}")
            }
            _ => String::new(),
        };
        println!("kernel {kernel}: {}{recorded}", image.release);
    }
    Ok(0)
}

/// Sets up the artifacts of one host with `options` for `programs`, with a Linux guest of kernel
/// `guest`.
fn one_host(
    hardware: bool,
    options: &Options,
    programs: &[Program],
    guest: Option<Kernel>,
    progress: Progress,
) -> Result<Artifacts, TestbedError> {
    let kernels = if hardware {
        Vec::new()
    } else {
        vec![options.kernel.unwrap_or_default()]
    };
    Ok(Setup {
        hardware,
        kernels,
        guests: guest.into_iter().collect(),
        programs: programs.to_vec(),
        refresh: false,
        recorded: false,
        archive: None,
        progress,
    }
    .run()?)
}

fn demo(choice: Choice) -> Result<u8, TestbedError> {
    let program = Program::VmmDemo;
    let machine = demo_host(choice, None, Progress::new())?;
    eprintln!("running {program} {}", DEMO.join(" "));
    pass_through(&machine, &program.into(), &DEMO)
}

/// Boots a host for a demonstration, with the artifacts of a Linux guest of kernel `guest`.
fn demo_host(
    choice: Choice,
    guest: Option<Kernel>,
    progress: Progress,
) -> Result<Machine, TestbedError> {
    let options = Options::default();
    let programs = Program::VmmDemo.with_others();
    let artifacts = one_host(choice.hardware(), &options, programs, guest, progress)?;
    match artifacts
        .emulation
        .as_ref()
        .map(|emulation| emulation.kernels.values())
    {
        Some(mut kernels) => {
            let release = kernels.next().map_or("", |image| &image.release);
            eprintln!("booting an emulated Arm host: CPU max, Linux {release}");
        }
        None => eprintln!("using this Arm host"),
    }
    Ok(Machine::boot_from(&artifacts, &options)?)
}

fn test(choice: Choice, args: &[OsString]) -> Result<u8, TestbedError> {
    let (hardware, progress) = (choice.hardware(), Progress::new());
    let kernels = Kernel::ALL.to_vec();
    let artifacts = Setup {
        hardware,
        guests: kernels.clone(),
        kernels,
        programs: Program::ALL.to_vec(),
        refresh: false,
        recorded: false,
        archive: None,
        progress,
    }
    .run()?;
    artifacts.write()?;
    let mut cargo = Command::new(cargo());
    // The program of `sysreg` and its tests are behind a feature.
    cargo.args(["test", "--all-features"]);
    if !chooses_packages(args) {
        cargo.arg("--workspace");
    }
    let status = cargo
        .args(args)
        .env(VARIABLE, &artifacts.list)
        .status()
        .map_err(TestbedError::Cargo)?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(u8::MAX))
}

/// Checks whether arguments of `cargo test` name the packages to test.
fn chooses_packages(args: &[OsString]) -> bool {
    let mut own = args
        .iter()
        .take_while(|arg| *arg != "--")
        .filter_map(|arg| arg.to_str());
    own.any(|arg| arg.starts_with("-p") || arg.starts_with("--package") || arg == "--manifest-path")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    fn test_args(text: &str) -> (bool, Vec<OsString>) {
        match Cli::try_parse_from(keep_separator(words(text)))
            .unwrap()
            .action
        {
            Action::Test { choice, args } => (choice.emulate, args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn arguments_reach_cargo_test_as_they_are() {
        for args in [
            "-- --list",
            "-p sysreg -- --nocapture",
            "--test e2e name",
            "name --quiet",
        ] {
            assert_eq!(
                test_args(&format!("testbed test {args}")),
                (false, words(args))
            );
            assert_eq!(
                test_args(&format!("testbed test --emulate {args}")),
                (true, words(args))
            );
        }
        assert_eq!(test_args("testbed test"), (false, vec![]));
    }

    #[test]
    fn demo_takes_its_option_with_a_separator_and_without() {
        for (line, expected) in [
            ("testbed demo", [false, false, false]),
            ("testbed demo --linux", [true, false, false]),
            ("testbed demo -- --linux", [true, false, false]),
            ("testbed demo -- --linux --emulate", [true, false, false]),
            ("testbed demo -- --fleet", [false, true, false]),
            ("testbed demo -- --migrate", [false, false, true]),
        ] {
            let cli = Cli::try_parse_from(keep_separator(words(line))).unwrap();
            let Action::Demo {
                linux,
                fleet,
                migrate,
                ..
            } = cli.action
            else {
                panic!("not demo");
            };
            assert_eq!([linux, fleet, migrate], expected, "{line}");
        }
        for two in ["--linux --fleet", "--linux --migrate", "--fleet --migrate"] {
            assert!(Cli::try_parse_from(words(&format!("testbed demo {two}"))).is_err());
        }
    }

    #[test]
    fn packages_are_found_before_the_separator_only() {
        for args in ["-p sysreg", "-psysreg", "--lib --package=sysreg"] {
            assert!(chooses_packages(&words(args)), "{args}");
        }
        for args in ["name", "-- -p", "--lib"] {
            assert!(!chooses_packages(&words(args)), "{args}");
        }
    }
}
