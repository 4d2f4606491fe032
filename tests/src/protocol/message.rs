//! The messages, and their kinds and payloads on the wire.

use super::error::FrameError;
use crate::program::{Executable, Program};
use std::str;

/// Prefix of a program that is a file in the working directory.
const FILE: &str = "./";

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

impl Message {
    pub(super) fn kind(&self) -> u8 {
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

    pub(super) fn payload(&self) -> Result<Vec<u8>, FrameError> {
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

    pub(super) fn parse(kind: u8, payload: Vec<u8>) -> Result<Self, FrameError> {
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
