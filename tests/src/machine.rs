//! Hosts for the programs: emulated ones, or this machine if it is a real Arm host.
//!
//! ```no_run
//! use idreg_tests::machine::{Options, shared};
//!
//! let host = shared(&Options::emulated("neoverse-v1", Default::default()))?;
//! let output = host.run(["props", "--json"])?;
//! assert_eq!(output.code, 0, "{}", output.stderr());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod console;
mod error;
mod linux;
mod listening;
mod qemu;
mod running;
mod shared;

pub use console::Console;
pub use error::Error;
pub use running::{Ending, Event, Output, Running};
pub use shared::shared;

use crate::artifacts::{Artifacts, Kernel};
use crate::init::{self, Service};
use crate::link::{Exchange, Link, LinkError};
use crate::program::{Executable, Program};
use crate::work_directory::WorkDirectory;
use linux::Linux;
pub use listening::Listening;
use qemu::Qemu;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

/// Time limit for the boot of an emulated host: a few seconds, and the rest for busy machines.
pub const BOOT_LIMIT: Duration = Duration::from_mins(4);

/// Default time limit for a command or a file transfer.
pub const COMMAND_LIMIT: Duration = Duration::from_mins(4);

/// Time limit for the tests of the demo VMM, which boot many guests.
pub const VMM_TESTS_LIMIT: Duration = Duration::from_mins(15);

/// Configuration of a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Options {
    /// The CPU in QEMU's form, such as `neoverse-v1` or `max,sve=off`. `None` accepts any.
    pub cpu: Option<String>,
    /// The kernel. `None` accepts any.
    pub kernel: Option<Kernel>,
    /// Number of CPUs.
    pub smp: u32,
    /// Memory in QEMU's form, such as `2G`.
    pub memory: String,
    /// Options of QEMU's machine, such as `mte=on` for memory tagging.
    pub machine: Vec<String>,
    /// Words of the kernel's command line, such as `kvm-arm.mode=nested`.
    pub append: Vec<String>,
}

impl Default for Options {
    /// Any host with two CPUs and 2 GiB.
    fn default() -> Self {
        Self {
            cpu: None,
            kernel: None,
            smp: 2,
            memory: "2G".into(),
            machine: Vec::new(),
            append: Vec::new(),
        }
    }
}

impl Options {
    /// A host with this emulated CPU and kernel, and the default size.
    #[must_use]
    pub fn emulated(cpu: &str, kernel: Kernel) -> Self {
        Self {
            cpu: Some(cpu.to_owned()),
            kernel: Some(kernel),
            ..Self::default()
        }
    }

    /// True if any Arm host meets this, so this machine too if it is one.
    pub(crate) fn any(&self) -> bool {
        self.cpu.is_none()
            && self.kernel.is_none()
            && self.machine.is_empty()
            && self.append.is_empty()
    }

    fn cpu(&self) -> &str {
        self.cpu.as_deref().unwrap_or("max")
    }
}

/// A host that is up.
#[derive(Debug)]
pub struct Machine {
    link: Link,
    host: Host,
    release: String,
    linux: Linux,
}

#[derive(Debug)]
enum Host {
    Emulated(Qemu),
    /// This machine, with the directory in which its commands run.
    Hardware(#[expect(dead_code, reason = "dropping it removes the directory")] WorkDirectory),
}

impl Machine {
    /// Boots a host from the files that `cargo xtest` has set up.
    ///
    /// # Errors
    ///
    /// [`Error::NotSetUp`] outside `cargo xtest`, [`Error::Start`] or [`Error::Boot`].
    pub fn boot(options: &Options) -> Result<Self, Error> {
        Self::boot_from(&Artifacts::from_environment()?, options)
    }

    /// Boots a host from `artifacts`: this machine if it is an Arm host and `options` accept any,
    /// otherwise an emulated one.
    ///
    /// # Errors
    ///
    /// [`Error::NotSetUp`] if the kernel is missing, [`Error::Start`] or [`Error::Boot`].
    pub fn boot_from(artifacts: &Artifacts, options: &Options) -> Result<Self, Error> {
        if artifacts.hardware && options.any() {
            return Self::on_hardware(artifacts);
        }
        let emulation = artifacts.emulation()?;
        let image = emulation.image(options.kernel.unwrap_or_default())?;
        let failed = |source| Error::Start {
            program: emulation.qemu.clone(),
            source,
        };
        let (near, far) = UnixStream::pair().map_err(failed)?;
        let link = Link::new(near).map_err(failed)?;
        let qemu = Qemu::start(emulation, image, options, far).map_err(failed)?;
        match link.ready(BOOT_LIMIT) {
            Ok(release) => Ok(Self {
                link,
                host: Host::Emulated(qemu),
                release,
                linux: Linux::new(artifacts, options.kernel),
            }),
            Err(source) => Err(Error::Boot {
                cpu: options.cpu().to_owned(),
                kernel: options.kernel.unwrap_or_default(),
                release: image.release.clone(),
                diagnosis: qemu.last_words(),
                source,
            }),
        }
    }

    fn on_hardware(artifacts: &Artifacts) -> Result<Self, Error> {
        let failed = |source| Error::Hardware { source };
        let directory = WorkDirectory::new().map_err(failed)?;
        let service = Service {
            programs: artifacts.programs.clone(),
            directory: directory.path().to_owned(),
        };
        let (near, far) = UnixStream::pair().map_err(failed)?;
        let mut input = far.try_clone().map_err(failed)?;
        let link = Link::new(near).map_err(failed)?;
        thread::spawn(move || init::serve(&service, &mut input, far));
        let release = rustix::system::uname()
            .release()
            .to_string_lossy()
            .into_owned();
        Ok(Self {
            link,
            host: Host::Hardware(directory),
            release,
            linux: Linux::new(artifacts, None),
        })
    }

    /// The release of the host's kernel.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.release
    }

    /// Runs the command in `args` to its end: the program that has it, see [`Program::of_command`].
    ///
    /// # Errors
    ///
    /// [`Error::Command`] if no program has it, [`Error::TimeLimit`] after [`COMMAND_LIMIT`],
    /// [`Error::Killed`] if it crashes,
    /// [`Error::Lost`] if the host does.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<Output, Error> {
        self.run_within(COMMAND_LIMIT, args)
    }

    /// Runs `vmm-demo` as [`run`](Self::run) does, with another limit than [`COMMAND_LIMIT`].
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub fn run_within<S: AsRef<OsStr>>(
        &self,
        limit: Duration,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Output, Error> {
        self.spawn(args)?.output(limit)
    }

    /// Starts the command in `args`. It is ended when the result is dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Command`], [`Error::Lost`], or [`Error::Failed`] if the arguments cannot be sent.
    pub fn spawn<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Running<'_>, Error> {
        let args: Vec<S> = args.into_iter().collect();
        self.start(Program::of_command(&args)?, args)
    }

    /// Runs the tests of `idreg-runtime` that talk to KVM, with `args` for the test program.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub fn kvm_tests<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Output, Error> {
        self.start(Program::KvmTests, args)?.output(COMMAND_LIMIT)
    }

    /// Runs the tests of the demo VMM that need a host, with `args` for the test program. They boot
    /// Linux guests from the files of [`put_linux`](Self::put_linux).
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run), with [`VMM_TESTS_LIMIT`].
    pub fn vmm_tests<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Output, Error> {
        self.start(Program::VmmTests, args)?.output(VMM_TESTS_LIMIT)
    }

    /// Starts any of the programs, or a file of [`put`](Self::put). It is ended when the result is
    /// dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`], or [`Error::Failed`] if the arguments cannot be sent.
    pub fn start<S: AsRef<OsStr>>(
        &self,
        program: impl Into<Executable>,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Running<'_>, Error> {
        let (program, args) = (program.into(), bytes_of(args));
        let action = shown(&program, &args);
        let exchange = self.link.run(program, args);
        self.running(exchange, action)
    }

    /// Starts any of the programs with a standard input, which [`Running::write`] writes.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub fn start_with_stdin<S: AsRef<OsStr>>(
        &self,
        program: impl Into<Executable>,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Running<'_>, Error> {
        let (program, args) = (program.into(), bytes_of(args));
        let action = shown(&program, &args);
        let exchange = self.link.run_with_input(program, args);
        self.running(exchange, action)
    }

    fn running<'a>(
        &'a self,
        exchange: Result<Exchange<'a>, LinkError>,
        action: String,
    ) -> Result<Running<'a>, Error> {
        match exchange {
            Ok(exchange) => Ok(Running::new(self, exchange, action)),
            Err(error) => Err(self.error(&action, error)),
        }
    }

    /// Connects to the UNIX socket of this name in the directory in which commands run. The
    /// connection is cut if either end reads too slowly.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if no server listens there, [`Error::TimeLimit`], [`Error::Lost`].
    pub fn connect(&self, name: &str) -> Result<UnixStream, Error> {
        self.link
            .connect(name, COMMAND_LIMIT)
            .map_err(|error| self.error(&format!("connecting to `{name}` in the host"), error))
    }

    /// Listens at the UNIX socket of this name in the directory in which commands run, for one
    /// connection of a command.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the socket cannot be made, [`Error::TimeLimit`], [`Error::Lost`].
    pub fn listen(&self, name: &str) -> Result<Listening<'_>, Error> {
        let exchange = self.link.listen(name, COMMAND_LIMIT);
        let action = format!("listening at `{name}` in the host");
        match exchange {
            Ok(exchange) => Ok(Listening {
                machine: self,
                exchange,
                action,
            }),
            Err(error) => Err(self.error(&action, error)),
        }
    }

    /// Puts a file into the directory in which commands run.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if `name` is not a plain file name or the host has no space,
    /// [`Error::TimeLimit`], [`Error::Lost`].
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.link
            .put(name, bytes, COMMAND_LIMIT)
            .map_err(|error| self.error(&format!("putting `{name}` into the host"), error))
    }

    /// Reads a file from the directory in which commands run.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the file does not exist, [`Error::TimeLimit`], [`Error::Lost`].
    pub fn get(&self, name: &str) -> Result<Vec<u8>, Error> {
        self.link
            .get(name, COMMAND_LIMIT)
            .map_err(|error| self.error(&format!("getting `{name}` from the host"), error))
    }

    fn error(&self, action: &str, error: LinkError) -> Error {
        let action = action.to_owned();
        match (error, &self.host) {
            (LinkError::Lost, Host::Emulated(qemu)) => Error::Lost {
                action,
                diagnosis: qemu.last_words(),
            },
            (LinkError::TimeLimit { limit }, host) => Error::TimeLimit {
                action,
                limit,
                // A kernel that hangs says so here.
                said: match host {
                    Host::Emulated(qemu) => qemu.console_end(),
                    Host::Hardware(_) => String::new(),
                },
            },
            (source, _) => Error::Failed { action, source },
        }
    }
}

fn bytes_of<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Vec<Vec<u8>> {
    args.into_iter()
        .map(|arg| arg.as_ref().as_bytes().to_vec())
        .collect()
}

/// A command in the form of error messages.
fn shown(program: &Executable, args: &[Vec<u8>]) -> String {
    let words: Vec<_> = args
        .iter()
        .map(|arg| String::from_utf8_lossy(arg))
        .collect();
    format!("`{program} {}`", words.join(" "))
}
