//! QEMU's machine protocol: what clients of QEMU ask of a guest and of CPU models.

mod arguments;
mod client;
mod command;
mod definitions;
pub(crate) mod event;
pub(crate) mod expansion;
mod frame;
pub(crate) mod guest;
mod json;
mod message;
mod model;
mod properties;
pub(crate) mod server;
mod session;
pub(crate) mod socket;
