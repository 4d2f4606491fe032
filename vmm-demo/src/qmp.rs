//! QMP, QEMU's machine protocol: commands for a guest and for CPU models.

mod arguments;
mod client;
mod command;
mod comparison;
mod definitions;
pub mod event;
pub mod expansion;
pub mod guest;
pub mod job;
mod jobs;
mod json;
mod listener;
mod message;
mod migrate;
pub mod migration;
mod model;
pub mod monitor;
mod properties;
pub mod server;
mod session;
