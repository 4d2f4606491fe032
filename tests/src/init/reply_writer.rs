//! Writer of replies.

use crate::guard::lock;
use crate::protocol::{CHUNK, Frame, FrameError, Message};
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

/// The stream to the testbed, shared by all exchanges.
pub(super) struct ReplyWriter<W>(Arc<Mutex<W>>);

impl<W> Clone for ReplyWriter<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: Write> ReplyWriter<W> {
    pub(super) fn new(stream: W) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    pub(super) fn send(&self, exchange: u32, message: Message) -> Result<(), FrameError> {
        Frame::new(exchange, message).write_to(&mut *lock(&self.0))
    }

    /// Sends all of `source`. The inner result is that of the source, the outer one that of
    /// the stream.
    pub(super) fn pump(
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
