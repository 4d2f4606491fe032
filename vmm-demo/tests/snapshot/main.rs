//! Snapshots: what is written is read back, and anything else is refused by name.

mod contents;
mod guest;
mod memory;
mod sections;
