//! Frames on the wire.

use super::MAX_PAYLOAD;
use super::error::FrameError;
use super::message::Message;
use std::io::{self, Read, Write};

const HEADER: usize = 9;

/// One message and the exchange that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The exchange; 0 is the connection itself.
    pub exchange: u32,
    /// The message.
    pub message: Message,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Executable, Program};

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
