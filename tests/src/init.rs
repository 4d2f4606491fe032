//! The serving side of the conversation: files and commands in one working directory.
//!
//! In the emulated host the `host-init` program runs [`serve`] on a virtio-serial port. On real Arm
//! hardware and in tests it runs in a thread on one end of a socket pair.

use crate::console::{CHUNK, Frame, FrameError, Message};
use crate::guard::lock;
use crate::program::{Program, VMM_DEMO};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

/// What is served.
#[derive(Clone, Debug)]
pub struct Service {
    /// The programs that [`Message::Run`] can start.
    pub programs: BTreeMap<Program, PathBuf>,
    /// Their working directory, which also holds the files that are put and got.
    pub directory: PathBuf,
}

/// Serves requests until the other side asks for the end or hangs up, then ends what still runs.
///
/// # Errors
///
/// [`FrameError`] if the other side does not keep to the protocol or the stream fails.
pub fn serve(
    service: &Service,
    input: &mut impl Read,
    output: impl Write + Send + 'static,
) -> Result<(), FrameError> {
    let mut server = Server {
        service: service.clone(),
        output: Output(Arc::new(Mutex::new(output))),
        running: Running::default(),
        uploads: BTreeMap::new(),
    };
    let result = server.converse(input);
    server.running.kill_all();
    result
}

struct Server<W> {
    service: Service,
    output: Output<W>,
    running: Running,
    uploads: BTreeMap<u32, Upload>,
}

/// A file being received. After a failure the rest of its pieces is dropped.
type Upload = io::Result<File>;

impl<W: Write + Send + 'static> Server<W> {
    fn converse(&mut self, input: &mut impl Read) -> Result<(), FrameError> {
        while let Some(Frame { exchange, message }) = Frame::read_from(input)? {
            match message {
                Message::PowerOff => return Ok(()),
                Message::Run(program, args) => self.run(exchange, program, &args)?,
                Message::Kill => self.running.kill(exchange),
                Message::Put(name) => {
                    let upload = self.path(&name).and_then(File::create);
                    self.uploads.insert(exchange, upload);
                }
                Message::Data(bytes) => self.store(exchange, &bytes),
                Message::End => self.stored(exchange)?,
                Message::Get(name) => self.send(exchange, &name)?,
                _ => self.fail(exchange, &"a request was expected, this is an answer")?,
            }
        }
        Ok(())
    }

    fn fail(&self, exchange: u32, reason: &impl ToString) -> Result<(), FrameError> {
        self.output
            .send(exchange, Message::Failed(reason.to_string()))
    }

    /// The place of a file; it must be directly in the working directory.
    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(part)), None) => Ok(self.service.directory.join(part)),
            _ => Err(io::Error::other(
                "not the name of a file in the working directory",
            )),
        }
    }

    fn store(&mut self, exchange: u32, bytes: &[u8]) {
        if let Some(upload) = self.uploads.get_mut(&exchange)
            && let Ok(file) = upload
            && let Err(error) = file.write_all(bytes)
        {
            *upload = Err(error);
        }
    }

    fn stored(&mut self, exchange: u32) -> Result<(), FrameError> {
        match self.uploads.remove(&exchange) {
            Some(Ok(_)) => self.output.send(exchange, Message::End),
            Some(Err(error)) => self.fail(exchange, &error),
            None => self.fail(exchange, &"no file is being received"),
        }
    }

    fn send(&self, exchange: u32, name: &str) -> Result<(), FrameError> {
        let mut file = match self.path(name).and_then(File::open) {
            Ok(file) => file,
            Err(error) => return self.fail(exchange, &error),
        };
        match self.output.pump(exchange, &mut file, Message::Data)? {
            Ok(()) => self.output.send(exchange, Message::End),
            Err(error) => self.fail(exchange, &error),
        }
    }

    fn run(&self, exchange: u32, program: Program, args: &[Vec<u8>]) -> Result<(), FrameError> {
        let Some(path) = self.service.programs.get(&program) else {
            return self.fail(exchange, &"the program was not built for this host");
        };
        let mut command = Command::new(path);
        if let Some(vmm_demo) = self.service.programs.get(&Program::VmmDemo) {
            command.env(VMM_DEMO, vmm_demo);
        }
        let child = command
            .args(args.iter().map(|arg| OsStr::from_bytes(arg)))
            .current_dir(&self.service.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let child = match child {
            Ok(child) => child,
            Err(error) => return self.fail(exchange, &error),
        };
        self.running.add(exchange, &child);
        let (output, running) = (self.output.clone(), self.running.clone());
        // Ends with the child; a failure to send means that the other side is gone, which the
        // reading loop notices too.
        thread::spawn(move || follow(exchange, child, &output, &running));
        Ok(())
    }
}

/// Sends everything that a command prints, then how it ended.
fn follow<W: Write + Send + 'static>(
    exchange: u32,
    mut child: Child,
    output: &Output<W>,
    running: &Running,
) -> Result<(), FrameError> {
    let stdout = child.stdout.take();
    let errors = child.stderr.take().map(|mut stderr| {
        let output = output.clone();
        thread::spawn(move || {
            output
                .pump(exchange, &mut stderr, Message::Stderr)
                .map(drop)
        })
    });
    if let Some(mut stdout) = stdout {
        let _ended_either_way = output.pump(exchange, &mut stdout, Message::Stdout)?;
    }
    if let Some(Ok(sent)) = errors.map(thread::JoinHandle::join) {
        sent?;
    }
    let status = child.wait();
    running.remove(exchange);
    output.send(
        exchange,
        status.map_or_else(|e| Message::Failed(e.to_string()), ending),
    )
}

fn ending(status: ExitStatus) -> Message {
    match (status.code(), status.signal()) {
        (Some(code), _) => Message::Exited(code),
        (None, Some(signal)) => Message::Killed(signal),
        (None, None) => Message::Failed(format!("the command ended with {status}")),
    }
}

/// The stream to the other side, shared by all commands.
struct Output<W>(Arc<Mutex<W>>);

impl<W> Clone for Output<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: Write> Output<W> {
    fn send(&self, exchange: u32, message: Message) -> Result<(), FrameError> {
        Frame::new(exchange, message).write_to(&mut *lock(&self.0))
    }

    /// Sends all of `source`. The inner result is the source's, the outer one the stream's.
    fn pump(
        &self,
        exchange: u32,
        source: &mut impl Read,
        message: fn(Vec<u8>) -> Message,
    ) -> Result<io::Result<()>, FrameError> {
        let mut buffer = vec![0; CHUNK];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return Ok(Ok(())),
                Ok(count) => {
                    let piece = buffer.get(..count).unwrap_or_default();
                    self.send(exchange, message(piece.to_vec()))?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Err(error)),
            }
        }
    }
}

/// The commands that have not ended, by exchange. A pidfd never names another process by accident.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<BTreeMap<u32, OwnedFd>>>);

impl Running {
    fn add(&self, exchange: u32, child: &Child) {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        if let Some(Ok(process)) = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty())) {
            lock(&self.0).insert(exchange, process);
        }
    }

    fn remove(&self, exchange: u32) {
        lock(&self.0).remove(&exchange);
    }

    fn kill(&self, exchange: u32) {
        if let Some(process) = lock(&self.0).get(&exchange) {
            end(process);
        }
    }

    fn kill_all(&self) {
        lock(&self.0).values().for_each(end);
    }
}

fn end(process: &OwnedFd) {
    // The only way to fail is that the process has ended already.
    let _ended = pidfd_send_signal(process, Signal::KILL);
}
