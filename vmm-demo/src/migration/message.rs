//! Messages of a migration: framing, kinds and limits.
//!
//! All numbers are little-endian, the checksums CRC-32 (the polynomial of gzip). A message is a
//! header and a payload:
//!
//! | offset | bytes | header |
//! |---|---|---|
//! | 0 | 4 | magic number: `idmg` |
//! | 4 | 4 | kind of the message |
//! | 8 | 8 | sequence number: 0 for the first message of a side on a connection, then one more each |
//! | 16 | 4 | length of the payload in bytes |
//! | 20 | 4 | checksum of the payload |
//! | 24 | 4 | checksum of bytes 0 to 23 |
//!
//! The framing and the kinds HELLO, REFUSE and ERROR are the same in every version of the protocol.

use thiserror::Error;

/// The length of a header in bytes.
pub const HEADER: usize = 28;

/// The maximum length of guest memory in a message, in bytes.
pub const MAX_CHUNK: usize = 1 << 20;

const MAGIC: [u8; 4] = *b"idmg";
const KIB: u32 = 1 << 10;
const MIB: u32 = 1 << 20;

/// The kind of a message; the number is that of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum MessageKind {
    /// Versions, mode and identity of a migration; JSON.
    Hello = 1,
    /// The view of the source's guest; JSON, schema `idreg-view/1`.
    View = 2,
    /// The guest fits; empty.
    Accept = 3,
    /// The reasons why the migration is refused; JSON.
    Refuse = 4,
    /// The RAM slots; JSON. In a local upgrade the memory's descriptor comes with it.
    Memory = 5,
    /// The destination has the memory; empty.
    Allocated = 6,
    /// A run of pages; binary.
    Pages = 7,
    /// Runs of pages that are zero; binary.
    Zeros = 8,
    /// The end of a round of memory; its number, 8 bytes.
    RoundEnd = 9,
    /// The round is in the guest's memory; its number, 8 bytes.
    RoundDone = 10,
    /// The machine's state; opaque.
    State = 11,
    /// The state is loaded and verified; empty.
    Ready = 12,
    /// The source's last act; empty.
    HandOver = 13,
    /// The destination runs the guest; empty.
    Running = 14,
    /// The sender is alive; empty.
    KeepAlive = 15,
    /// The sender has given up: the source keeps the guest; JSON.
    Error = 16,
    /// The first message of a further connection for memory: the attempt and a number; JSON.
    Stream = 17,
    /// A round of memory begins on the further connections; its number, 8 bytes.
    RoundBegin = 18,
    /// The first message of a connection that asks for the end of an attempt in doubt; JSON.
    Question = 19,
    /// The end of the attempt on the side that was asked; JSON.
    End = 20,
}

impl MessageKind {
    const ALL: [Self; 20] = [
        Self::Hello,
        Self::View,
        Self::Accept,
        Self::Refuse,
        Self::Memory,
        Self::Allocated,
        Self::Pages,
        Self::Zeros,
        Self::RoundEnd,
        Self::RoundDone,
        Self::State,
        Self::Ready,
        Self::HandOver,
        Self::Running,
        Self::KeepAlive,
        Self::Error,
        Self::Stream,
        Self::RoundBegin,
        Self::Question,
        Self::End,
    ];

    /// The protocol's name of the kind.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hello => "HELLO",
            Self::View => "VIEW",
            Self::Accept => "ACCEPT",
            Self::Refuse => "REFUSE",
            Self::Memory => "MEMORY",
            Self::Allocated => "ALLOCATED",
            Self::Pages => "PAGES",
            Self::Zeros => "ZEROS",
            Self::RoundEnd => "ROUND-END",
            Self::RoundDone => "ROUND-DONE",
            Self::State => "STATE",
            Self::Ready => "READY",
            Self::HandOver => "HANDOVER",
            Self::Running => "RUNNING",
            Self::KeepAlive => "KEEP-ALIVE",
            Self::Error => "ERROR",
            Self::Stream => "STREAM",
            Self::RoundBegin => "ROUND-BEGIN",
            Self::Question => "QUESTION",
            Self::End => "END",
        }
    }

    /// The maximum length of a payload in bytes.
    #[must_use]
    pub const fn limit(self) -> u32 {
        match self {
            Self::Hello | Self::Memory | Self::Stream | Self::Question | Self::End => 16 * KIB,
            // The maximum length of a view file.
            Self::View => 4 * MIB,
            Self::Refuse | Self::Error => MIB,
            // 17 bytes describe the run (`pages::PageRun`).
            Self::Pages => MIB + 17,
            Self::Zeros => 64 * KIB,
            Self::RoundBegin | Self::RoundEnd | Self::RoundDone => 8,
            // 512 vCPUs with SVE vectors of 2048 bits, in hexadecimal.
            Self::State => 64 * MIB,
            Self::Accept
            | Self::Allocated
            | Self::Ready
            | Self::HandOver
            | Self::Running
            | Self::KeepAlive => 0,
        }
    }

    fn of(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u32 == number)
    }
}

/// A message that breaks the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidMessage {
    /// The magic number is missing.
    #[error("the other side does not speak the migration protocol")]
    Magic,
    /// The checksum of the header is wrong.
    #[error("the checksum of a message's header is wrong: the connection damages data")]
    HeaderChecksum,
    /// The kind is unknown.
    #[error("message kind {number} is unknown in this version of the protocol")]
    Kind {
        /// The number of the kind.
        number: u32,
    },
    /// A message is missing, repeated or out of order.
    #[error("a message has sequence number {found}, expected {expected}")]
    Sequence {
        /// The number.
        found: u64,
        /// The number of the next message.
        expected: u64,
    },
    /// The payload is longer than any of its kind.
    #[error("{} has {length} bytes, expected at most {limit}", kind.name())]
    TooLong {
        /// The kind of the message.
        kind: MessageKind,
        /// The length in bytes.
        length: u32,
        /// The maximum in bytes.
        limit: u32,
    },
    /// The checksum of the payload is wrong.
    #[error("the checksum of {} is wrong: the connection damages data", kind.name())]
    Checksum {
        /// The kind of the message.
        kind: MessageKind,
    },
    /// The message does not belong here.
    #[error("{} came, expected {expected}", found.name())]
    Unexpected {
        /// The kind of the message.
        found: MessageKind,
        /// The names of the expected kinds.
        expected: &'static str,
    },
    /// The payload is not one of its kind.
    #[error("{} is invalid: {reason}", kind.name())]
    Payload {
        /// The kind of the message.
        kind: MessageKind,
        /// The reason.
        reason: String,
    },
}

/// A message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The kind.
    pub kind: MessageKind,
    /// The payload.
    pub payload: Vec<u8>,
}

/// The header of a message whose payload has not been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The kind.
    pub kind: MessageKind,
    /// The length of the payload in bytes, within the kind's limit.
    pub length: u32,
    checksum: u32,
}

impl Header {
    /// Parses a header and checks it before memory is allocated for the payload.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] if the header does not have this sequence number, or is wrong otherwise.
    pub fn parse(bytes: &[u8; HEADER], sequence: u64) -> Result<Self, InvalidMessage> {
        let (magic, number, found, length, checksum, own) = fields(bytes);
        if magic != MAGIC {
            return Err(InvalidMessage::Magic);
        }
        if own != header_checksum(bytes) {
            return Err(InvalidMessage::HeaderChecksum);
        }
        if found != sequence {
            return Err(InvalidMessage::Sequence {
                found,
                expected: sequence,
            });
        }
        let kind = MessageKind::of(number).ok_or(InvalidMessage::Kind { number })?;
        let limit = kind.limit();
        if length > limit {
            return Err(InvalidMessage::TooLong {
                kind,
                length,
                limit,
            });
        }
        Ok(Self {
            kind,
            length,
            checksum,
        })
    }

    /// Makes the message of its payload.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage::Checksum`].
    pub fn with(self, payload: Vec<u8>) -> Result<Message, InvalidMessage> {
        let kind = self.kind;
        if crc32fast::hash(&payload) != self.checksum {
            return Err(InvalidMessage::Checksum { kind });
        }
        Ok(Message { kind, payload })
    }
}

/// Appends a message to a buffer.
///
/// # Errors
///
/// [`InvalidMessage::TooLong`] if the payload exceeds the kind's limit; nothing is appended.
pub fn append(
    buffer: &mut Vec<u8>,
    kind: MessageKind,
    sequence: u64,
    payload: &[u8],
) -> Result<(), InvalidMessage> {
    append_header(buffer, kind, sequence, &[payload])?;
    buffer.extend(payload);
    Ok(())
}

/// Appends the header of a message whose payload is these parts.
///
/// # Errors
///
/// Those of [`append`].
pub(super) fn append_header(
    buffer: &mut Vec<u8>,
    kind: MessageKind,
    sequence: u64,
    payload: &[&[u8]],
) -> Result<(), InvalidMessage> {
    let limit = kind.limit();
    let length = payload.iter().map(|part| part.len()).sum::<usize>();
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    if length > limit {
        return Err(InvalidMessage::TooLong {
            kind,
            length,
            limit,
        });
    }
    let mut payload_checksum = crc32fast::Hasher::new();
    for part in payload {
        payload_checksum.update(part);
    }
    let start = buffer.len();
    buffer.extend(MAGIC);
    buffer.extend((kind as u32).to_le_bytes());
    buffer.extend(sequence.to_le_bytes());
    buffer.extend(length.to_le_bytes());
    buffer.extend(payload_checksum.finalize().to_le_bytes());
    let checksum = crc32fast::hash(buffer.get(start..).unwrap_or_default());
    buffer.extend(checksum.to_le_bytes());
    Ok(())
}

type Fields = ([u8; 4], u32, u64, u32, u32, u32);

fn fields(bytes: &[u8; HEADER]) -> Fields {
    let [m0, m1, m2, m3, rest @ ..] = bytes;
    let [k0, k1, k2, k3, rest @ ..] = rest;
    let [s0, s1, s2, s3, s4, s5, s6, s7, rest @ ..] = rest;
    let [l0, l1, l2, l3, c0, c1, c2, c3, h0, h1, h2, h3] = rest;
    (
        [*m0, *m1, *m2, *m3],
        u32::from_le_bytes([*k0, *k1, *k2, *k3]),
        u64::from_le_bytes([*s0, *s1, *s2, *s3, *s4, *s5, *s6, *s7]),
        u32::from_le_bytes([*l0, *l1, *l2, *l3]),
        u32::from_le_bytes([*c0, *c1, *c2, *c3]),
        u32::from_le_bytes([*h0, *h1, *h2, *h3]),
    )
}

fn header_checksum(bytes: &[u8; HEADER]) -> u32 {
    let [fields @ .., _, _, _, _] = bytes;
    crc32fast::hash(fields)
}
