//! The ends of a migration: the right to run after it.

use super::doubt::{DestinationDoubt, SourceDoubt};
use super::failure::MigrationFailure;

/// The right to run after the end of a migration on the source.
#[derive(Debug)]
pub enum SourceEnd {
    /// The destination runs the guest; the source's has ended.
    Completed,
    /// The guest goes on here. The destination never runs it.
    Continues(MigrationFailure),
    /// Either side may be the one: the guest is paused here until the user decides.
    InDoubt(SourceDoubt),
}

/// The right to run after the end of a migration on the destination.
#[derive(Debug)]
pub enum DestinationEnd {
    /// The guest runs here.
    Runs,
    /// The guest is discarded here, and goes on at the source if that has not ended.
    Discarded(MigrationFailure),
    /// Either side may be the one: the guest is paused here until the user decides.
    InDoubt(DestinationDoubt),
}
