//! `exec`: one program on a fresh host.

use super::{Choice, TestbedError, one_host};
use crate::artifacts::{Artifacts, Kernel};
use crate::forward::Forward;
use crate::machine::{self, Ending, Event, Machine, Options};
use crate::program::{Executable, Program, ProgramFile};
use crate::progress::Progress;
use crate::work_directory::WorkDirectory;
use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Interval between looks for signals while a command prints nothing.
const SIGNAL_POLL: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(super) struct Exec {
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
    /// Further words of the kernel's command line, such as `kvm-arm.mode=nested` for guest
    /// hypervisors
    #[arg(long, value_name = "WORD")]
    append: Vec<String>,
    #[arg(long, value_name = "NAME|PATH", value_parser = parse_program, help = program_help())]
    program: Option<Chosen>,
    /// Put the files of a Linux guest into the working directory: `Image`, the kernel of the host,
    /// and `initrd.cpio.gz`. On an Arm machine `Image` is `latest`, which is fetched
    #[arg(long)]
    linux: bool,
    /// Put this kernel instead, as `Image-KERNEL`
    #[arg(long, value_name = "KERNEL", requires = "linux")]
    guest_kernel: Option<Kernel>,
    /// Also unpack this archive (cpio, compressed or not) into the emulated host's root directory
    #[arg(long, value_name = "PATH")]
    overlay: Option<PathBuf>,
    /// Put this file into the working directory
    #[arg(long = "file", value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Copy the file NAME from the working directory to PATH after the command
    #[arg(long = "out", value_name = "NAME=PATH", value_parser = parse_pair)]
    outs: Vec<(String, PathBuf)>,
    /// Listen at the UNIX socket PATH of this machine, and connect its clients to the socket NAME
    /// in the working directory
    #[arg(long = "forward", value_name = "NAME=PATH", value_parser = parse_pair)]
    forwards: Vec<(String, PathBuf)>,
    /// Arguments for the program
    #[arg(last = true)]
    args: Vec<OsString>,
}

/// The program of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Chosen {
    Named(Program),
    /// A file of this machine.
    File(PathBuf),
}

fn program_help() -> String {
    format!(
        "The program to run, or the file of any program for arm64 Linux \
         [default: idreg or vmm-demo, by the command] [names: {}]",
        program_names()
    )
}

fn program_names() -> String {
    Program::ALL.map(Program::name).join(", ")
}

/// A name stays a name; a path has a `/` or is that of a file.
fn parse_program(text: &str) -> Result<Chosen, String> {
    match Program::named(text) {
        Some(program) => Ok(Chosen::Named(program)),
        None if text.contains('/') || Path::new(text).exists() => Ok(Chosen::File(text.into())),
        None => Err(format!(
            "neither a file nor one of the programs {}",
            program_names()
        )),
    }
}

fn parse_pair(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok((name.to_owned(), path.into()))
        }
        _ => Err("expected NAME=PATH".to_owned()),
    }
}

impl Exec {
    pub(super) fn run(self) -> Result<u8, TestbedError> {
        let task = self.task()?;
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
        if let Some(file) = &task.file
            && self.overlay.is_none()
        {
            file.needs_nothing_else(hardware)?;
        }
        let progress = Progress::on_terminal();
        let own = options.kernel.unwrap_or_default();
        let guest = self.linux.then(|| self.guest_kernel.unwrap_or(own));
        let mut artifacts = one_host(hardware, &options, task.programs, guest, progress)?;
        let scratch = match &self.overlay {
            Some(overlay) => Some(add_overlay(&mut artifacts, own, overlay)?),
            None => None,
        };
        let machine = progress.step("booting", || Machine::boot_from(&artifacts, &options))?;
        // The host read the archives during boot.
        drop(scratch);
        if self.linux {
            machine.put_linux(self.guest_kernel)?;
        }
        for (name, bytes) in &files {
            machine.put(name, bytes)?;
        }
        if let Some(file) = &task.file {
            machine.put(&file.name, &file.bytes)?;
        }
        let machine = Arc::new(machine);
        let forwards = self.forwards.into_iter().map(|(name, path)| {
            let forward = Forward::listen(Arc::clone(&machine), name, &path);
            forward.map_err(|source| TestbedError::Listen { path, source })
        });
        let _kept_to_the_end = forwards.collect::<Result<Vec<_>, _>>()?;
        let code = pass_through(&machine, &task.program, &self.args)?;
        for (name, path) in self.outs {
            let bytes = machine.get(&name)?;
            fs::write(&path, bytes).map_err(|source| TestbedError::File { path, source })?;
        }
        Ok(code)
    }
}

/// A program to run.
struct Task {
    program: Executable,
    /// The programs to build for it.
    programs: &'static [Program],
    /// The file to put into the host, if it is one of this machine.
    file: Option<ProgramFile>,
}

impl Exec {
    fn task(&self) -> Result<Task, TestbedError> {
        let program = match &self.program {
            Some(Chosen::File(path)) => {
                let file = ProgramFile::read(path)?;
                return Ok(Task {
                    program: Executable::File(file.name.clone()),
                    programs: &[],
                    file: Some(file),
                });
            }
            Some(Chosen::Named(program)) => *program,
            None => Program::of_command(&self.args)?,
        };
        Ok(Task {
            program: program.into(),
            programs: program.with_others(),
            file: None,
        })
    }
}

/// Appends the overlay to the archive that a host with this kernel boots from; the kernel unpacks
/// one after the other. The returned directory holds both in one file.
fn add_overlay(
    artifacts: &mut Artifacts,
    kernel: Kernel,
    overlay: &Path,
) -> Result<WorkDirectory, TestbedError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| TestbedError::File { path, source }
    };
    let scratch = WorkDirectory::new().map_err(failed(overlay))?;
    let image = artifacts
        .emulation
        .as_mut()
        .and_then(|emulation| emulation.kernels.get_mut(&kernel));
    if let Some(image) = image {
        let mut archives = fs::read(&image.initramfs).map_err(failed(&image.initramfs))?;
        // Each archive begins at a multiple of four bytes.
        archives.resize(archives.len().next_multiple_of(4), 0);
        archives.extend(fs::read(overlay).map_err(failed(overlay))?);
        let both = scratch.path().join("initramfs");
        fs::write(&both, archives).map_err(failed(&both))?;
        image.initramfs = both;
    }
    Ok(scratch)
}

fn read_files(paths: &[PathBuf]) -> Result<Vec<(String, Vec<u8>)>, TestbedError> {
    let read = |path: &PathBuf| {
        let name = path
            .file_name()
            .ok_or_else(|| TestbedError::NotAFile { path: path.clone() })?;
        let bytes = fs::read(path).map_err(|source| TestbedError::File {
            path: path.clone(),
            source,
        })?;
        Ok((name.to_string_lossy().into_owned(), bytes))
    };
    paths.iter().map(read).collect()
}

/// Runs a program and passes its output through. A first SIGINT or SIGTERM sends it SIGTERM, a
/// second one kills it.
pub(super) fn pass_through<S: AsRef<OsStr>>(
    machine: &Machine,
    program: &Executable,
    args: &[S],
) -> Result<u8, TestbedError> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(TestbedError::Signals)?;
    let mut is_terminated = false;
    let running = machine.start(program.clone(), args)?;
    let failed = |source| TestbedError::Output {
        program: program.clone(),
        source,
    };
    loop {
        match running.next(SIGNAL_POLL) {
            Ok(Event::Stdout(bytes)) => pass_on(io::stdout(), &bytes).map_err(failed)?,
            Ok(Event::Stderr(bytes)) => pass_on(io::stderr(), &bytes).map_err(failed)?,
            // The operating system keeps eight bits of an exit code.
            Ok(Event::Ended(Ending::Exited(code))) => {
                return Ok(u8::try_from(code & 0xff).unwrap_or(u8::MAX));
            }
            Ok(Event::Ended(Ending::Killed(signal))) => {
                let program = program.clone();
                return Err(TestbedError::Killed { program, signal });
            }
            Err(machine::Error::TimeLimit { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        for _signal in signals.pending() {
            if mem::replace(&mut is_terminated, true) {
                running.kill()?;
            } else {
                running.terminate()?;
            }
        }
    }
}

pub(super) fn pass_on(mut stream: impl Write, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Action, Cli};
    use clap::Parser as _;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
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
        assert_eq!(exec.program, None);
        assert!(Cli::try_parse_from(words("testbed exec --out name -- x")).is_err());
        assert!(Cli::try_parse_from(words("testbed exec --kernel new -- x")).is_err());
        assert!(Cli::try_parse_from(words("testbed exec --program sh -- x")).is_err());
    }

    #[test]
    fn a_program_is_a_name_or_a_path() {
        let here = env!("CARGO_MANIFEST_PATH");
        for (text, program) in [
            ("idreg", Chosen::Named(Program::Idreg)),
            ("kvm-tests", Chosen::Named(Program::KvmTests)),
            ("./idreg", Chosen::File("./idreg".into())),
            ("target/none", Chosen::File("target/none".into())),
            ("Cargo.toml", Chosen::File("Cargo.toml".into())),
            (here, Chosen::File(here.into())),
        ] {
            assert_eq!(parse_program(text), Ok(program), "{text}");
        }
        let error = parse_program("no-such-program").unwrap_err();
        assert!(error.starts_with("neither a file nor one of the programs idreg, vmm-demo, kvm-"));
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
        let line = "testbed exec --machine mte=on --machine gic-version=4 \
                    --append kvm-arm.mode=nested --program kvm-tests -- --list";
        let Action::Exec(exec) = Cli::try_parse_from(line.split_whitespace()).unwrap().action
        else {
            panic!("not exec");
        };
        assert_eq!(exec.machine, ["mte=on", "gic-version=4"]);
        assert_eq!(exec.append, ["kvm-arm.mode=nested"]);
        assert_eq!(exec.program, Some(Chosen::Named(Program::KvmTests)));
    }
}
