//! The QEMU Machine Protocol: what a running guest, or this machine, is asked and told through a socket.

pub(crate) mod address;
pub(crate) mod event;
pub(crate) mod guest;
pub(crate) mod server;
pub(crate) mod socket;
mod standalone;

pub(crate) use self::standalone::qmp;
