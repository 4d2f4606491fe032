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
//! is the name of a [`Program`](crate::program::Program), or `./` and the name of a file in the
//! working directory.

mod error;
mod frame;
mod message;

pub use self::error::FrameError;
pub use self::frame::Frame;
pub use self::message::Message;

/// Name of the virtio-serial port that carries the frames.
pub const PORT_NAME: &str = "idreg.testbed.0";

/// Longest payload of one frame, in bytes. Longer data goes into several frames.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// Size of the pieces in which files and output are sent, in bytes.
pub const CHUNK: usize = 64 << 10;
