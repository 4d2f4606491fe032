//! The inputs of the fuzz targets: each is read as the programs read it, and held to its rules.
//!
//! A target has a function here, a file in `fuzz_targets` and a folder in `corpus`. The tests of
//! the workspace give the corpus to the same functions.

mod decode;
mod fleet_file;
mod host_file;
mod import;
mod migration;
mod snapshot;
mod view_file;

pub use decode::decode;
pub use fleet_file::fleet_file;
pub use host_file::host_file;
pub use import::import;
pub use migration::{migration_destination, migration_source};
pub use snapshot::snapshot;
pub use view_file::view_file;

/// A target's rules for an input.
pub type Target = fn(&[u8]);

/// Every target by name.
pub const TARGETS: [(&str, Target); 8] = [
    ("decode", decode),
    ("fleet_file", fleet_file),
    ("host_file", host_file),
    ("import", import),
    ("migration_destination", migration_destination),
    ("migration_source", migration_source),
    ("snapshot", snapshot),
    ("view_file", view_file),
];
