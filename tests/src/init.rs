//! Server of the protocol: files and commands in one working directory.
//!
//! In the emulated host the `host-init` program runs [`serve`] on a virtio-serial port. On real Arm
//! hardware and in tests it runs in a thread on one end of a socket pair.

pub mod loopback;
mod processes;
mod reply_writer;
mod sink;
mod socket;

use crate::program::{Executable, Program, VMM_DEMO};
use crate::protocol::{Frame, FrameError, Message};
use crate::writer_queue::{Connection, WriterQueue};
use processes::RunningCommands;
use reply_writer::ReplyWriter;
use sink::{Sink, Sinks};
use socket::Listeners;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

/// Programs and directory of a server.
#[derive(Clone, Debug)]
pub struct Service {
    /// The programs that [`Message::Run`] can start.
    pub programs: BTreeMap<Program, PathBuf>,
    /// Their working directory, which also holds the transferred files.
    pub directory: PathBuf,
}

/// Serves requests until the other side requests the end or closes the stream, then ends all
/// running commands.
///
/// # Errors
///
/// [`FrameError`] if the other side violates the protocol or the stream fails.
pub fn serve(
    service: &Service,
    input: &mut impl Read,
    output: impl Write + Send + 'static,
) -> Result<(), FrameError> {
    let server = Server {
        service: service.clone(),
        output: ReplyWriter::new(output),
        running: RunningCommands::default(),
        sinks: Sinks::default(),
        listeners: Listeners::default(),
    };
    let result = server.converse(input);
    server.running.kill_all();
    server.sinks.cut_all();
    result
}

struct Server<W> {
    service: Service,
    output: ReplyWriter<W>,
    running: RunningCommands,
    sinks: Sinks,
    listeners: Listeners,
}

impl<W: Write + Send + 'static> Server<W> {
    fn converse(&self, input: &mut impl Read) -> Result<(), FrameError> {
        while let Some(Frame { exchange, message }) = Frame::read_from(input)? {
            match message {
                Message::PowerOff => return Ok(()),
                Message::Run(program, args) => {
                    self.run(exchange, &program, &args, Stdio::null())?;
                }
                Message::RunWithInput(program, args) => {
                    self.run(exchange, &program, &args, Stdio::piped())?;
                }
                Message::Terminate => self.running.terminate(exchange),
                Message::Kill => {
                    self.running.kill(exchange);
                    self.sinks.cut(exchange);
                }
                Message::Put(name) => {
                    let upload = self.path(&name).and_then(File::create);
                    self.sinks.add(exchange, Sink::Upload(upload));
                }
                Message::Connect(name) => self.connect(exchange, &name)?,
                Message::Listen(name) => self.listen(exchange, &name)?,
                Message::Data(bytes) => self.sinks.write(exchange, bytes),
                Message::End => self.complete(exchange)?,
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

    /// Path of a file, which must be directly in the working directory.
    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(part)), None) => Ok(self.service.directory.join(part)),
            _ => Err(io::Error::other(
                "not the name of a file in the working directory",
            )),
        }
    }

    /// Path of a program. A transferred file becomes executable here.
    fn executable(&self, program: &Executable) -> io::Result<PathBuf> {
        match program {
            Executable::Program(program) => {
                let path = self.service.programs.get(program);
                path.cloned()
                    .ok_or_else(|| io::Error::other("the program was not built for this host"))
            }
            Executable::File(name) => {
                let path = self.path(name)?;
                fs::set_permissions(&path, Permissions::from_mode(0o755))?;
                Ok(path)
            }
        }
    }

    /// Ends the input of an exchange. Only a file is acknowledged; commands and connections report
    /// their own end.
    fn complete(&self, exchange: u32) -> Result<(), FrameError> {
        match self.sinks.end(exchange) {
            Some(Ok(_)) => self.output.send(exchange, Message::End),
            Some(Err(error)) => self.fail(exchange, &error),
            None => Ok(()),
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

    fn run(
        &self,
        exchange: u32,
        program: &Executable,
        args: &[Vec<u8>],
        stdin: Stdio,
    ) -> Result<(), FrameError> {
        let path = match self.executable(program) {
            Ok(path) => path,
            Err(error) => return self.fail(exchange, &error),
        };
        let mut command = Command::new(path);
        if let Some(vmm_demo) = self.service.programs.get(&Program::VmmDemo) {
            command.env(VMM_DEMO, vmm_demo);
        }
        let child = command
            .args(args.iter().map(|arg| OsStr::from_bytes(arg)))
            .current_dir(&self.service.directory)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        match child {
            Ok(child) => self.attend(exchange, child),
            Err(error) => self.fail(exchange, &error),
        }
    }

    /// Forwards a command's input and output.
    fn attend(&self, exchange: u32, mut child: Child) -> Result<(), FrameError> {
        self.running.add(exchange, &child);
        // Writing fails if the command has ended, which is reported anyway; its end closes the
        // pipe.
        let queue = child
            .stdin
            .take()
            .map(|stdin| WriterQueue::start(stdin, |stdin, _written| drop(stdin)));
        match queue {
            Some(Ok(queue)) => self.sinks.add(exchange, Sink::Input(queue)),
            Some(Err(error)) => {
                self.running.kill(exchange);
                return self.fail(exchange, &error);
            }
            None => {}
        }
        let (output, running) = (self.output.clone(), self.running.clone());
        let sinks = self.sinks.clone();
        // Ends with the child. A failure to send means that the other side is gone, which the
        // reading loop notices too.
        thread::spawn(move || {
            let sent = processes::follow(exchange, child, &output, &running);
            sinks.end(exchange);
            sent
        });
        Ok(())
    }

    fn connect(&self, exchange: u32, name: &str) -> Result<(), FrameError> {
        let connected = self.path(name).and_then(|path| socket::connect(&path));
        carry(exchange, connected, &self.output, &self.sinks)
    }

    fn listen(&self, exchange: u32, name: &str) -> Result<(), FrameError> {
        let bound = self.path(name).and_then(|path| self.listeners.at(path));
        let listener = match bound {
            Ok(listener) => listener,
            Err(error) => return self.fail(exchange, &error),
        };
        self.output.send(exchange, Message::Listening)?;
        let (output, sinks) = (self.output.clone(), self.sinks.clone());
        // Ends with the next connection, or with this process.
        thread::spawn(move || {
            let accepted = listener.accept().map(|(stream, _)| stream);
            carry(exchange, accepted, &output, &sinks)
        });
        Ok(())
    }
}

/// Forwards both directions of a connection.
fn carry<W: Write + Send + 'static>(
    exchange: u32,
    connected: io::Result<UnixStream>,
    output: &ReplyWriter<W>,
    sinks: &Sinks,
) -> Result<(), FrameError> {
    let (replies, output) = (output.clone(), output.clone());
    let ended = move |stream: UnixStream, written: io::Result<()>| match written {
        Ok(()) => drop(stream.shutdown(Shutdown::Write)),
        Err(error) => {
            // Reported before the other direction ends. If sending fails, the reading loop
            // notices too.
            drop(output.send(exchange, Message::Failed(error.to_string())));
            drop(stream.shutdown(Shutdown::Both));
        }
    };
    let parts = connected.and_then(|stream| {
        let (input, kept) = (stream.try_clone()?, stream.try_clone()?);
        Ok((WriterQueue::start(stream, ended)?, input, kept))
    });
    let (queue, mut input, kept) = match parts {
        Ok(parts) => parts,
        Err(error) => return replies.send(exchange, Message::Failed(error.to_string())),
    };
    sinks.add(exchange, Sink::Socket(Connection::new(queue, kept)));
    replies.send(exchange, Message::Connected)?;
    let sinks = sinks.clone();
    let output = replies;
    thread::spawn(move || {
        let sent = output.pump(exchange, &mut input, Message::Data);
        sinks.read_closed(exchange);
        sent.and_then(|_ended_either_way| output.send(exchange, Message::End))
    });
    Ok(())
}
