//! The command line of the `testbed` program.

mod linux_demo;

use crate::artifacts::build::{BuildError, cargo};
use crate::artifacts::setup::{Setup, SetupError};
use crate::artifacts::{Artifacts, Kernel, VARIABLE};
use crate::demo::DemoError;
use crate::forward::Forward;
use crate::machine::{self, Ending, Event, Machine, Options};
use crate::program::Program;
use crate::progress::Progress;
use clap::{Args, Parser, Subcommand};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// What the demonstration runs: the dot product and the second data cache clean instruction are
/// hidden from the guest.
const DEMO: [&str; 3] = [
    "run",
    "--cpu",
    "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0,SYSREG_ID_AA64ISAR1_EL1_DPB=0x0",
];

/// How often a command that says nothing is left for a look at signals.
const SIGNAL_POLL: Duration = Duration::from_millis(100);

/// An emulated Arm host to run vmm-demo and tests on.
#[derive(Debug, Parser)]
#[command(name = "testbed", bin_name = "cargo testbed")]
pub struct Cli {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Fetch and build what the other commands need
    Setup {
        /// Fetch the newest of everything, even if something is there
        #[arg(long)]
        refresh: bool,
        /// Base address of the Debian archive to fetch from, if not the one of this machine
        #[arg(long, value_name = "ADDRESS")]
        archive: Option<String>,
    },
    /// Run `vmm-demo ARGS` on a fresh host, for as long as it likes; output and exit code pass through unchanged
    Exec(Box<Exec>),
    /// Run the main job: a guest from which two features of the host are hidden
    Demo {
        #[command(flatten)]
        choice: Choice,
        /// Boot Linux twice, with the host's CPU and with one that lacks the dot product and SVE, and compare what
        /// its user space sees
        #[arg(long)]
        linux: bool,
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

#[derive(Debug, Args)]
struct Exec {
    #[command(flatten)]
    choice: Choice,
    /// The emulated CPU in QEMU's form [default: max]
    #[arg(long, value_name = "QEMU-CPU")]
    cpu: Option<String>,
    /// The kernel of the host [default: latest]
    #[arg(long)]
    kernel: Option<Kernel>,
    /// Number of CPUs
    #[arg(long, value_name = "N", default_value_t = 2)]
    smp: u32,
    /// Memory in QEMU's form
    #[arg(long, value_name = "SIZE", default_value = "2G")]
    mem: String,
    /// Further options of QEMU's machine, such as `mte=on` for memory tagging
    #[arg(long, value_name = "OPTION=VALUE")]
    machine: Vec<String>,
    /// Further words of the kernel's command line, such as `kvm-arm.mode=nested` for guest hypervisors
    #[arg(long, value_name = "WORD")]
    append: Vec<String>,
    /// The program to run: the demo VMM, the tests of `idreg-runtime` that talk to KVM, or those of the demo VMM
    #[arg(long, value_enum, value_name = "NAME", default_value_t)]
    program: Program,
    /// Put what Linux guests boot from into the working directory: `Image`, the kernel of the host, and
    /// `initrd.cpio.gz`. On an Arm machine `Image` is `latest`, which is fetched
    #[arg(long)]
    linux: bool,
    /// Put this kernel instead, as `Image-lts` or the like
    #[arg(long, value_name = "KERNEL", requires = "linux")]
    guest_kernel: Option<Kernel>,
    /// Unpack this archive (cpio, compressed or not) into the root directory of the emulated host too
    #[arg(long, value_name = "PATH")]
    overlay: Option<PathBuf>,
    /// Put this file into the working directory
    #[arg(long = "file", value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Bring this file back from the working directory
    #[arg(long = "out", value_name = "NAME=PATH", value_parser = parse_pair)]
    outs: Vec<(String, PathBuf)>,
    /// Listen at the UNIX socket PATH of this machine, and connect its clients to the socket NAME in the working
    /// directory
    #[arg(long = "forward", value_name = "NAME=PATH", value_parser = parse_pair)]
    forwards: Vec<(String, PathBuf)>,
    /// Arguments for the program
    #[arg(last = true)]
    args: Vec<OsString>,
}

fn parse_pair(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok((name.to_owned(), path.into()))
        }
        _ => Err("expected NAME=PATH".to_owned()),
    }
}

/// Why the testbed could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something could not be set up.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The list of artifacts could not be written.
    #[error(transparent)]
    List(#[from] BuildError),
    /// The host failed.
    #[error(transparent)]
    Machine(#[from] machine::Error),
    /// A guest of the demonstration told nothing.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file to put into the host has no name that it could have there.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// The path given.
        path: PathBuf,
    },
    /// A socket cannot be made.
    #[error("cannot listen at {}", path.display())]
    Listen {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Signals cannot be handled.
    #[error("cannot pass on signals")]
    Signals(#[source] io::Error),
    /// The output of the command cannot be passed on.
    #[error("cannot pass on the output of {program}")]
    Output {
        /// The program.
        program: Program,
        /// Why.
        source: io::Error,
    },
    /// The command was ended by a signal.
    #[error("{program} was ended by signal {signal}")]
    Killed {
        /// The program.
        program: Program,
        /// The signal.
        signal: i32,
    },
    /// Cargo cannot be started.
    #[error("cannot run `cargo test`")]
    Cargo(#[source] io::Error),
}

impl Error {
    /// The exit code of the testbed for this error: 3 if packages are missing, otherwise 4.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Setup(SetupError::Packages { .. }) => 3,
            _ => 4,
        }
    }
}

impl Cli {
    /// Reads the command line of this process; ends the process if it is not understood.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::parse_from(keep_separator(env::args_os().collect()))
    }

    /// Does what was asked and returns the exit code.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`].
    pub fn run(self) -> Result<u8, Error> {
        match self.action {
            Action::Setup { refresh, archive } => setup(refresh, archive),
            Action::Exec(exec) => exec.run(),
            Action::Demo {
                choice,
                linux: true,
            } => linux_demo::run(choice),
            Action::Demo {
                choice,
                linux: false,
            } => demo(choice),
            Action::Test { choice, args } => test(choice, &args),
        }
    }
}

/// Doubles a `--` with which the arguments for `cargo test` begin. The first one is taken for the
/// end of the testbed's own options and is lost to `cargo test` otherwise. One after `demo`, which
/// `cargo demo -- --linux` leaves there, separates nothing.
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
    /// Whether this machine is an Arm host and is to be used as one.
    fn hardware(self) -> bool {
        !self.emulate && env::consts::ARCH == "aarch64" && Path::new("/dev/kvm").exists()
    }
}

fn setup(refresh: bool, archive: Option<String>) -> Result<u8, Error> {
    let progress = Progress::new();
    let setup = Setup {
        hardware: false,
        kernels: Kernel::ALL.to_vec(),
        guests: Kernel::ALL.to_vec(),
        programs: Program::ALL.to_vec(),
        refresh,
        archive,
        progress,
    };
    let artifacts = setup.run()?;
    for (kernel, image) in artifacts
        .emulation
        .iter()
        .flat_map(|emulation| &emulation.kernels)
    {
        println!("kernel {kernel}: {}", image.release);
    }
    Ok(0)
}

/// Sets up what is needed for one host with `options` to run `program`, with a Linux guest of this kernel.
fn one_host(
    hardware: bool,
    options: &Options,
    program: Program,
    guest: Option<Kernel>,
    progress: Progress,
) -> Result<Artifacts, Error> {
    let kernels = if hardware {
        Vec::new()
    } else {
        vec![options.kernel.unwrap_or_default()]
    };
    Ok(Setup {
        hardware,
        kernels,
        guests: guest.into_iter().collect(),
        programs: program.with_others().to_vec(),
        refresh: false,
        archive: None,
        progress,
    }
    .run()?)
}

impl Exec {
    fn run(self) -> Result<u8, Error> {
        let files = read_files(&self.files)?;
        let options = Options {
            cpu: self.cpu,
            kernel: self.kernel,
            smp: self.smp,
            memory: self.mem,
            machine: self.machine,
            append: self.append,
        };
        let hardware = self.choice.hardware() && options.any();
        let progress = Progress::on_terminal();
        let own = options.kernel.unwrap_or_default();
        let guest = self.linux.then(|| self.guest_kernel.unwrap_or(own));
        let mut artifacts = one_host(hardware, &options, self.program, guest, progress)?;
        let scratch = match &self.overlay {
            Some(overlay) => Some(add_overlay(&mut artifacts, own, overlay)?),
            None => None,
        };
        let machine = progress.step("booting", || Machine::boot_from(&artifacts, &options))?;
        // The host has read it by now.
        drop(scratch);
        if self.linux {
            machine.put_linux(self.guest_kernel)?;
        }
        for (name, bytes) in &files {
            machine.put(name, bytes)?;
        }
        let machine = Arc::new(machine);
        let forwards = self.forwards.into_iter().map(|(name, path)| {
            let forward = Forward::listen(Arc::clone(&machine), name, &path);
            forward.map_err(|source| Error::Listen { path, source })
        });
        let _kept_to_the_end = forwards.collect::<Result<Vec<_>, _>>()?;
        let code = pass_through(&machine, self.program, &self.args)?;
        for (name, path) in self.outs {
            let bytes = machine.get(&name)?;
            fs::write(&path, bytes).map_err(|source| Error::File { path, source })?;
        }
        Ok(code)
    }
}

/// Has a host with this kernel boot from its archive and another one after it, which the kernel unpacks over it. The
/// directory holds both, in one file.
fn add_overlay(
    artifacts: &mut Artifacts,
    kernel: Kernel,
    overlay: &Path,
) -> Result<TempDir, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { path, source }
    };
    let scratch = TempDir::with_prefix("idreg-testbed-").map_err(failed(overlay))?;
    let image = artifacts
        .emulation
        .as_mut()
        .and_then(|emulation| emulation.kernels.get_mut(&kernel));
    if let Some(image) = image {
        let mut archives = fs::read(&image.initramfs).map_err(failed(&image.initramfs))?;
        // Each begins at a multiple of four bytes.
        archives.resize(archives.len().next_multiple_of(4), 0);
        archives.extend(fs::read(overlay).map_err(failed(overlay))?);
        let both = scratch.path().join("initramfs");
        fs::write(&both, archives).map_err(failed(&both))?;
        image.initramfs = both;
    }
    Ok(scratch)
}

fn read_files(paths: &[PathBuf]) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let read = |path: &PathBuf| {
        let name = path
            .file_name()
            .ok_or_else(|| Error::NotAFile { path: path.clone() })?;
        let bytes = fs::read(path).map_err(|source| Error::File {
            path: path.clone(),
            source,
        })?;
        Ok((name.to_string_lossy().into_owned(), bytes))
    };
    paths.iter().map(read).collect()
}

/// Runs a program with its output going where the testbed's goes. A first SIGINT or SIGTERM asks it to end, a
/// second one ends it.
fn pass_through<S: AsRef<OsStr>>(
    machine: &Machine,
    program: Program,
    args: &[S],
) -> Result<u8, Error> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(Error::Signals)?;
    let mut heard = false;
    let running = machine.start(program, args)?;
    let failed = |source| Error::Output { program, source };
    loop {
        match running.next(SIGNAL_POLL) {
            Ok(Event::Stdout(bytes)) => pass_on(io::stdout(), &bytes).map_err(failed)?,
            Ok(Event::Stderr(bytes)) => pass_on(io::stderr(), &bytes).map_err(failed)?,
            // The operating system keeps eight bits, so this loses none.
            Ok(Event::Ended(Ending::Exited(code))) => {
                return Ok(u8::try_from(code & 0xff).unwrap_or(u8::MAX));
            }
            Ok(Event::Ended(Ending::Killed(signal))) => {
                return Err(Error::Killed { program, signal });
            }
            Err(machine::Error::TimeLimit { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        for _signal in signals.pending() {
            if mem::replace(&mut heard, true) {
                running.kill()?;
            } else {
                running.terminate()?;
            }
        }
    }
}

fn pass_on(mut stream: impl Write, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}

fn demo(choice: Choice) -> Result<u8, Error> {
    let program = Program::VmmDemo;
    let machine = demo_host(choice, None, Progress::new())?;
    eprintln!("running {program} {}", DEMO.join(" "));
    pass_through(&machine, program, &DEMO)
}

/// A host for a demonstration, with a Linux guest of this kernel if one is wanted.
fn demo_host(choice: Choice, guest: Option<Kernel>, progress: Progress) -> Result<Machine, Error> {
    let options = Options::default();
    let program = Program::VmmDemo;
    let artifacts = one_host(choice.hardware(), &options, program, guest, progress)?;
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

fn test(choice: Choice, args: &[OsString]) -> Result<u8, Error> {
    let (hardware, progress) = (choice.hardware(), Progress::new());
    let kernels = Kernel::ALL.to_vec();
    let artifacts = Setup {
        hardware,
        guests: kernels.clone(),
        kernels,
        programs: Program::ALL.to_vec(),
        refresh: false,
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
        .map_err(Error::Cargo)?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(u8::MAX))
}

/// Whether arguments of `cargo test` name the packages to test.
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
            ("testbed demo", false),
            ("testbed demo --linux", true),
            ("testbed demo -- --linux", true),
            ("testbed demo -- --linux --emulate", true),
        ] {
            let cli = Cli::try_parse_from(keep_separator(words(line))).unwrap();
            let Action::Demo { linux, .. } = cli.action else {
                panic!("not demo");
            };
            assert_eq!(linux, expected, "{line}");
        }
    }

    #[test]
    fn packages_are_noticed_before_the_separator_only() {
        for args in ["-p sysreg", "-psysreg", "--lib --package=sysreg"] {
            assert!(chooses_packages(&words(args)), "{args}");
        }
        for args in ["name", "-- -p", "--lib"] {
            assert!(!chooses_packages(&words(args)), "{args}");
        }
    }

    #[test]
    fn exec_passes_everything_after_the_separator() {
        let line = "testbed exec --cpu a64fx --kernel old --out a=b=c -- run --cpu host -- x";
        let Action::Exec(exec) = Cli::try_parse_from(words(line)).unwrap().action else {
            panic!("not exec");
        };
        assert_eq!(exec.args, words("run --cpu host -- x"));
        assert_eq!(
            (exec.cpu.as_deref(), exec.kernel),
            (Some("a64fx"), Some(Kernel::Old))
        );
        assert_eq!(exec.outs, [("a".to_owned(), PathBuf::from("b=c"))]);
        assert_eq!(exec.program, Program::VmmDemo);
        assert!(Cli::try_parse_from(words("testbed exec --out name -- x")).is_err());
        assert!(Cli::try_parse_from(words("testbed exec --kernel new -- x")).is_err());
        assert!(Cli::try_parse_from(words("testbed exec --program sh -- x")).is_err());
    }

    #[test]
    fn exec_puts_a_linux_guest() {
        let linux = |line: &str| match Cli::try_parse_from(words(line)).unwrap().action {
            Action::Exec(exec) => (exec.linux, exec.guest_kernel),
            other => panic!("{other:?}"),
        };
        assert_eq!(linux("testbed exec -- run"), (false, None));
        assert_eq!(linux("testbed exec --linux -- run"), (true, None));
        let chosen = linux("testbed exec --linux --guest-kernel lts -- run");
        assert_eq!(chosen, (true, Some(Kernel::Lts)));
        assert!(Cli::try_parse_from(words("testbed exec --guest-kernel lts -- x")).is_err());
    }

    #[test]
    fn exec_takes_options_of_machine_and_kernel() {
        let line = "testbed exec --machine mte=on --machine gic-version=4 --append kvm-arm.mode=nested \
                    --program kvm-tests -- --list";
        let Action::Exec(exec) = Cli::try_parse_from(line.split_whitespace()).unwrap().action
        else {
            panic!("not exec");
        };
        assert_eq!(exec.machine, ["mte=on", "gic-version=4"]);
        assert_eq!(exec.append, ["kvm-arm.mode=nested"]);
        assert_eq!(exec.program, Program::KvmTests);
    }
}
