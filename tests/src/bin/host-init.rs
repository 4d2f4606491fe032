//! First program of the emulated host: mounts file systems and serves the testbed.

use idreg_tests::init::{Service, loopback, serve};
use idreg_tests::program::Program;
use idreg_tests::protocol::{Frame, FrameError, Message, PORT_NAME};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, finit_module, reboot};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// Directory of the virtio-serial ports.
const PORTS: &str = "/sys/class/virtio-ports";

/// Directory of the programs that the testbed packed.
const PROGRAMS: &str = "/bin";

/// Directory of the kernel modules that the testbed packed.
const MODULES: &str = "/modules";

/// File with the kernel's release.
const RELEASE: &str = "/proc/sys/kernel/osrelease";

/// Time limit for the port to appear.
const PATIENCE: Duration = Duration::from_mins(1);

/// Interval between looks for the port.
const POLL: Duration = Duration::from_millis(5);

#[derive(Debug, thiserror::Error)]
enum HostInitError {
    #[error("cannot mount {fs_type} on {target}")]
    Mount {
        fs_type: &'static str,
        target: &'static str,
        source: Errno,
    },
    #[error("cannot load the kernel module {}", path.display())]
    Module { path: PathBuf, source: Errno },
    #[error("cannot switch the loopback interface on")]
    Loopback(#[source] Errno),
    #[error("no virtio-serial port is named {PORT_NAME}")]
    NoPort,
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot open the port {}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("the conversation with the testbed broke off")]
    Conversation(#[from] FrameError),
    #[error("cannot switch off")]
    PowerOff(#[source] Errno),
}

/// Returning ends the first process, on which the kernel panics and QEMU exits: the right end for
/// an emulated host that cannot serve.
fn main() -> ExitCode {
    let Err(error) = run() else {
        return ExitCode::SUCCESS;
    };
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = cause {
        eprintln!("host-init: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}

fn run() -> Result<(), HostInitError> {
    mount_all()?;
    load_modules()?;
    loopback::switch_on().map_err(HostInitError::Loopback)?;
    let path = find_port()?;
    let failed = |source| HostInitError::Open {
        path: path.clone(),
        source,
    };
    let mut output = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    let mut input = output.try_clone().map_err(failed)?;
    let release = fs::read_to_string(RELEASE).map_err(|source| HostInitError::Read {
        path: RELEASE.into(),
        source,
    })?;
    // Blocks until the other end of the port is connected. From then on the end of the input means
    // that the testbed is gone.
    Frame::new(0, Message::Ready(release.trim().to_owned())).write_to(&mut output)?;
    let service = Service {
        programs: programs(),
        directory: "/home".into(),
    };
    serve(&service, &mut input, output)?;
    reboot(RebootCommand::PowerOff).map_err(HostInitError::PowerOff)
}

fn programs() -> BTreeMap<Program, PathBuf> {
    let paths = Program::ALL.map(|program| (program, Path::new(PROGRAMS).join(program.name())));
    paths
        .into_iter()
        .filter(|(_, path)| path.exists())
        .collect()
}

fn mount_all() -> Result<(), HostInitError> {
    for (fs_type, target) in [
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        // For tests with a terminal.
        ("devpts", "/dev/pts"),
        // For `overhead`, which has the kernel count ioctls.
        ("tracefs", "/sys/kernel/tracing"),
    ] {
        // Most directories are in the archive. If one cannot be made, `mount` fails.
        let _there_already = fs::create_dir(target);
        mount(fs_type, target, fs_type, MountFlags::empty(), None).map_err(|source| {
            HostInitError::Mount {
                fs_type,
                target,
                source,
            }
        })?;
    }
    Ok(())
}

/// Loads the modules that the testbed packed for kernels without built-in drivers of the port.
/// Their names begin with the load order.
fn load_modules() -> Result<(), HostInitError> {
    let read = |path: &Path, source| HostInitError::Read {
        path: path.to_owned(),
        source,
    };
    let entries = fs::read_dir(MODULES).map_err(|source| read(MODULES.as_ref(), source))?;
    let paths: Result<BTreeSet<_>, _> = entries.map(|entry| Ok(entry?.path())).collect();
    for path in paths.map_err(|source| read(MODULES.as_ref(), source))? {
        let file = File::open(&path).map_err(|source| read(&path, source))?;
        finit_module(&file, c"", 0).map_err(|source| HostInitError::Module { path, source })?;
    }
    Ok(())
}

fn find_port() -> Result<PathBuf, HostInitError> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(port) = port_named(PORT_NAME)? {
            return Ok(port);
        }
        thread::sleep(POLL);
    }
    Err(HostInitError::NoPort)
}

/// The device of the port, or `None` while the kernel does not know its name.
fn port_named(name: &str) -> Result<Option<PathBuf>, HostInitError> {
    let failed = |source| HostInitError::Read {
        path: PORTS.into(),
        source,
    };
    let ports = match fs::read_dir(PORTS) {
        Ok(ports) => ports,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    for port in ports {
        let port = port.map_err(failed)?;
        let named = fs::read_to_string(port.path().join("name"));
        if named.is_ok_and(|found| found.trim_end() == name) {
            return Ok(Some(Path::new("/dev").join(port.file_name())));
        }
    }
    Ok(None)
}
