//! Errors of frames.

use super::MAX_PAYLOAD;
use std::io;

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
