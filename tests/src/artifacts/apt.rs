//! Debian's package tools with sources of their own.
//!
//! A [`Root`] has its own list of sources and its own indexes, so those of this machine stay
//! unchanged. Signatures are checked. The age of an index is not: an archive mirror that lags
//! behind still serves its packages.

mod archive;
mod error;
mod root;

pub use self::archive::{DebianArchive, Source, codename};
pub use self::error::AptError;
pub use self::root::{Purpose, Root};
