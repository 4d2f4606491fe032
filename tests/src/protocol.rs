//! The protocol between the testbed and the first program of the emulated host.
//!
//! Both sides exchange [`Frame`]s over one byte stream (a virtio-serial port). A frame carries the
//! number of its exchange, so several commands can run at once. The testbed opens an exchange with
//! one of the requests:
//!
//! | request | then, from the testbed | answer |
//! |---|---|---|
//! | `Run` | any `Terminate`, `Kill` | `Stdout`, `Stderr`, ..., then one `Exited`, `Killed` or `Failed` |
//! | `RunWithInput` | the same, and `Data`, ..., `End` | as for `Run` |
//! | `Put` | `Data`, ..., `End` | `End` or `Failed` |
//! | `Get` | | `Data`, ..., `End` or `Failed` |
//! | `Connect` | `Data`, ..., `End`; `Kill` | `Connected`, `Data`, ..., `End`; or `Failed` |
//! | `Listen` | the same | `Listening`, then as for `Connect` once a program has connected |
//!
//! A program or a socket that does not read its input blocks no other exchange: when its queue is
//! full, its input ends.
//!
//! On the wire a frame is, little-endian: `u32` length of the payload, `u8` kind, `u32` exchange,
//! payload. That of `Run` is the program and the arguments, each ended by a zero byte. The program
//! is the name of a [`Program`], or `./` and the name of a file in the working directory.

use crate::program::{Executable, Program};
use std::io::{self, Read, Write};
use std::str;

/// Name of the virtio-serial port that carries the frames.
pub const PORT_NAME: &str = "idreg.testbed.0";

/// Longest payload of one frame, in bytes. Longer data goes into several frames.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// Size of the pieces in which files and output are sent, in bytes.
pub const CHUNK: usize = 64 << 10;

const HEADER: usize = 9;

/// Prefix of a program that is a file in the working directory.
const FILE: &str = "./";

/// One message and the exchange that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The exchange; 0 is the connection itself.
    pub exchange: u32,
    /// The message.
    pub message: Message,
}

/// A message from one side to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The host is up; the text is its kernel release.
    Ready(String),
    /// Run a program with these arguments.
    Run(Executable, Vec<Vec<u8>>),
    /// Run a program with these arguments; the following `Data` is its standard input.
    RunWithInput(Executable, Vec<Vec<u8>>),
    /// Ask the running program to end: SIGTERM.
    Terminate,
    /// End the running program or the connection.
    Kill,
    /// Create or replace the file of this name in the working directory.
    Put(String),
    /// Send the file of this name from the working directory.
    Get(String),
    /// Connect to the UNIX socket of this name in the working directory.
    Connect(String),
    /// Listen at the UNIX socket of this name in the working directory, and take the next
    /// connection.
    Listen(String),
    /// Programs can connect.
    Listening,
    /// The connection is open.
    Connected,
    /// The next piece of a file, of a program's standard input or of a connection.
    Data(Vec<u8>),
    /// The file is complete, or this direction has ended.
    End,
    /// The next piece of the program's standard output.
    Stdout(Vec<u8>),
    /// The next piece of the program's standard error.
    Stderr(Vec<u8>),
    /// The program exited with this code, and all its output was sent.
    Exited(i32),
    /// The program was ended by this signal, and all its output was sent.
    Killed(i32),
    /// The request failed; the text is the cause.
    Failed(String),
    /// Switch the host off.
    PowerOff,
}

/// Errors of reading and writing frames.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The stream ended inside a frame.
    #[error("the stream ended inside a frame")]
    Truncated,
    /// The payload is longer than [`MAX_PAYLOAD`].
    #[error("a frame announces {length} bytes of payload, at most {MAX_PAYLOAD} are allowed")]
    TooLong {
        /// The length of the payload.
        length: usize,
    },
    /// No message has this kind.
    #[error("a frame has the unknown kind {kind}")]
    UnknownKind {
        /// The kind found.
        kind: u8,
    },
    /// The payload does not fit the kind.
    #[error("the payload of a frame of kind {kind} is malformed")]
    Malformed {
        /// The kind found.
        kind: u8,
    },
    /// The stream could not be read or written.
    #[error("the stream failed")]
    Io(#[from] io::Error),
}

impl Frame {
    /// A frame of `exchange` with `message`.
    #[must_use]
    pub fn new(exchange: u32, message: Message) -> Self {
        Self { exchange, message }
    }

    /// Writes the frame in one piece, so that a lock around this call keeps frames whole.
    ///
    /// # Errors
    ///
    /// [`FrameError::TooLong`] if the payload is too long, [`FrameError::Malformed`] if an argument
    /// holds a zero byte, [`FrameError::Io`] if the stream fails.
    pub fn write_to(&self, stream: &mut impl Write) -> Result<(), FrameError> {
        let kind = self.message.kind();
        let payload = self.message.payload()?;
        let too_long = FrameError::TooLong {
            length: payload.len(),
        };
        let length = match u32::try_from(payload.len()) {
            Ok(length) if payload.len() <= MAX_PAYLOAD => length,
            _ => return Err(too_long),
        };
        let mut bytes = Vec::with_capacity(HEADER + payload.len());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(&self.exchange.to_le_bytes());
        bytes.extend_from_slice(&payload);
        stream.write_all(&bytes)?;
        stream.flush()?;
        Ok(())
    }

    /// Reads the next frame; `None` if the stream ended between two frames.
    ///
    /// # Errors
    ///
    /// Every variant of [`FrameError`].
    pub fn read_from(stream: &mut impl Read) -> Result<Option<Self>, FrameError> {
        let mut header = [0; HEADER];
        if !fill(stream, &mut header)? {
            return Ok(None);
        }
        let [l0, l1, l2, l3, kind, e0, e1, e2, e3] = header;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        if length > MAX_PAYLOAD {
            return Err(FrameError::TooLong { length });
        }
        let mut payload = vec![0; length];
        if length > 0 && !fill(stream, &mut payload)? {
            return Err(FrameError::Truncated);
        }
        let exchange = u32::from_le_bytes([e0, e1, e2, e3]);
        let message = Message::parse(kind, payload)?;
        Ok(Some(Self { exchange, message }))
    }
}

/// Fills `buffer`; `false` if the stream ended before its first byte.
fn fill(stream: &mut impl Read, buffer: &mut [u8]) -> Result<bool, FrameError> {
    let mut rest = buffer;
    let wanted = rest.len();
    while !rest.is_empty() {
        match stream.read(rest) {
            Ok(0) if rest.len() == wanted => return Ok(false),
            Ok(0) => return Err(FrameError::Truncated),
            Ok(count) => rest = rest.get_mut(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

impl Message {
    fn kind(&self) -> u8 {
        match self {
            Self::Ready(_) => 1,
            Self::Run(..) => 2,
            Self::Kill => 3,
            Self::Put(_) => 4,
            Self::Get(_) => 5,
            Self::Data(_) => 6,
            Self::End => 7,
            Self::Stdout(_) => 8,
            Self::Stderr(_) => 9,
            Self::Exited(_) => 10,
            Self::Killed(_) => 11,
            Self::Failed(_) => 12,
            Self::PowerOff => 13,
            Self::RunWithInput(..) => 14,
            Self::Terminate => 15,
            Self::Connect(_) => 16,
            Self::Connected => 17,
            Self::Listen(_) => 18,
            Self::Listening => 19,
        }
    }

    fn payload(&self) -> Result<Vec<u8>, FrameError> {
        Ok(match self {
            Self::Ready(text)
            | Self::Put(text)
            | Self::Get(text)
            | Self::Connect(text)
            | Self::Listen(text)
            | Self::Failed(text) => text.clone().into_bytes(),
            Self::Data(bytes) | Self::Stdout(bytes) | Self::Stderr(bytes) => bytes.clone(),
            Self::Exited(number) | Self::Killed(number) => number.to_le_bytes().to_vec(),
            Self::Terminate
            | Self::Kill
            | Self::Connected
            | Self::Listening
            | Self::End
            | Self::PowerOff => Vec::new(),
            Self::Run(program, args) | Self::RunWithInput(program, args) => {
                join(program, args).ok_or(FrameError::Malformed { kind: self.kind() })?
            }
        })
    }

    fn parse(kind: u8, payload: Vec<u8>) -> Result<Self, FrameError> {
        let message = match kind {
            1 => text(&payload).map(Self::Ready),
            2 => split(&payload).map(|(program, args)| Self::Run(program, args)),
            3 => nothing(&payload, Self::Kill),
            4 => text(&payload).map(Self::Put),
            5 => text(&payload).map(Self::Get),
            6 => Some(Self::Data(payload)),
            7 => nothing(&payload, Self::End),
            8 => Some(Self::Stdout(payload)),
            9 => Some(Self::Stderr(payload)),
            10 => number(&payload).map(Self::Exited),
            11 => number(&payload).map(Self::Killed),
            12 => text(&payload).map(Self::Failed),
            13 => nothing(&payload, Self::PowerOff),
            14 => split(&payload).map(|(program, args)| Self::RunWithInput(program, args)),
            15 => nothing(&payload, Self::Terminate),
            16 => text(&payload).map(Self::Connect),
            17 => nothing(&payload, Self::Connected),
            18 => text(&payload).map(Self::Listen),
            19 => nothing(&payload, Self::Listening),
            _ => return Err(FrameError::UnknownKind { kind }),
        };
        message.ok_or(FrameError::Malformed { kind })
    }
}

/// A program's name and arguments, each ended by a zero byte; `None` if an argument has one inside.
fn join(program: &Executable, args: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let program = match program {
        Executable::Program(program) => program.name().to_owned(),
        Executable::File(name) => format!("{FILE}{name}"),
    };
    let words = args.iter().map(Vec::as_slice);
    for arg in [program.as_bytes()].into_iter().chain(words) {
        if arg.contains(&0) {
            return None;
        }
        bytes.extend_from_slice(arg);
        bytes.push(0);
    }
    Some(bytes)
}

fn split(payload: &[u8]) -> Option<(Executable, Vec<Vec<u8>>)> {
    let mut words = payload.strip_suffix(&[0])?.split(|&byte| byte == 0);
    let program = str::from_utf8(words.next()?).ok()?;
    let program = match program.strip_prefix(FILE) {
        Some(name) => Executable::File(name.to_owned()),
        None => Program::named(program)?.into(),
    };
    Some((program, words.map(<[u8]>::to_vec).collect()))
}

fn text(payload: &[u8]) -> Option<String> {
    str::from_utf8(payload).ok().map(str::to_owned)
}

fn number(payload: &[u8]) -> Option<i32> {
    payload.try_into().ok().map(i32::from_le_bytes)
}

fn nothing(payload: &[u8], message: Message) -> Option<Message> {
    payload.is_empty().then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(frame: &Frame) -> Vec<u8> {
        let mut bytes = Vec::new();
        frame.write_to(&mut bytes).unwrap();
        bytes
    }

    fn every_message() -> Vec<Message> {
        vec![
            Message::Ready("7.2.0".into()),
            Message::Run(Program::KvmTests.into(), vec![]),
            Message::Run(Program::VmmDemo.into(), vec![b"".to_vec()]),
            Message::Run(Executable::File("busybox".into()), vec![b"sh".to_vec()]),
            Message::Run(
                Program::VmmDemo.into(),
                vec![b"run".to_vec(), b"".to_vec(), vec![0xff, 0x80]],
            ),
            Message::RunWithInput(Program::VmmTests.into(), vec![b"a".to_vec()]),
            Message::Terminate,
            Message::Kill,
            Message::Connect("qmp.sock".into()),
            Message::Connected,
            Message::Listen("there.sock".into()),
            Message::Listening,
            Message::Put("host.json".into()),
            Message::Get(String::new()),
            Message::Data((0..=255).collect()),
            Message::End,
            Message::Stdout(vec![0; MAX_PAYLOAD]),
            Message::Stderr(vec![]),
            Message::Exited(-1),
            Message::Killed(9),
            Message::Failed("no".into()),
            Message::PowerOff,
        ]
    }

    #[test]
    fn frames_survive_the_trip() {
        let frames: Vec<Frame> = every_message()
            .into_iter()
            .zip(7..)
            .map(|(m, e)| Frame::new(e, m))
            .collect();
        let bytes: Vec<u8> = frames.iter().flat_map(bytes_of).collect();
        let mut stream = bytes.as_slice();
        for frame in &frames {
            assert_eq!(Frame::read_from(&mut stream).unwrap().as_ref(), Some(frame));
        }
        assert!(Frame::read_from(&mut stream).unwrap().is_none());
    }

    #[test]
    fn every_cut_is_noticed() {
        let bytes = bytes_of(&Frame::new(3, Message::Put("name".into())));
        for cut in 1..bytes.len() {
            let found = Frame::read_from(&mut &bytes[..cut]);
            assert!(
                matches!(found, Err(FrameError::Truncated)),
                "cut at {cut}: {found:?}"
            );
        }
    }

    #[test]
    fn oversized_lengths_are_refused_before_they_are_allocated() {
        let mut bytes = u32::MAX.to_le_bytes().to_vec();
        bytes.extend_from_slice(&[6, 0, 0, 0, 0]);
        let found = Frame::read_from(&mut bytes.as_slice());
        assert!(matches!(
            found,
            Err(FrameError::TooLong {
                length: 0xffff_ffff
            })
        ));
        let long = Frame::new(0, Message::Data(vec![0; MAX_PAYLOAD + 1]));
        assert!(matches!(
            long.write_to(&mut Vec::new()),
            Err(FrameError::TooLong { .. })
        ));
    }

    #[test]
    fn nonsense_is_refused() {
        let frame = |kind: u8, payload: &[u8]| {
            let mut bytes = u32::try_from(payload.len()).unwrap().to_le_bytes().to_vec();
            bytes.extend_from_slice(&[kind, 0, 0, 0, 0]);
            bytes.extend_from_slice(payload);
            Frame::read_from(&mut bytes.as_slice())
        };
        assert!(matches!(
            frame(0, b""),
            Err(FrameError::UnknownKind { kind: 0 })
        ));
        assert!(matches!(
            frame(99, b""),
            Err(FrameError::UnknownKind { kind: 99 })
        ));
        assert!(matches!(
            frame(1, b"\xff"),
            Err(FrameError::Malformed { kind: 1 })
        ));
        for program in [&b""[..], b"vmm-demo", b"sh\0-c\0"] {
            assert!(matches!(
                frame(2, program),
                Err(FrameError::Malformed { kind: 2 })
            ));
        }
        assert!(matches!(
            frame(7, b"x"),
            Err(FrameError::Malformed { kind: 7 })
        ));
        assert!(matches!(
            frame(10, b"123"),
            Err(FrameError::Malformed { kind: 10 })
        ));
    }

    #[test]
    fn an_argument_with_a_zero_byte_is_refused() {
        let frame = Frame::new(
            1,
            Message::Run(Program::VmmDemo.into(), vec![b"a\0b".to_vec()]),
        );
        assert!(matches!(
            frame.write_to(&mut Vec::new()),
            Err(FrameError::Malformed { .. })
        ));
    }
}
