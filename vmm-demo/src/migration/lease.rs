//! The lease of a guest: the arbiter between both sides after a lost link.

use super::token::Token;
use std::io;
use thiserror::Error;

/// The side that holds a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseHolder {
    /// The source, which has revoked the lease.
    Source,
    /// The destination, which has claimed it.
    Destination,
}

/// A lease that cannot be read or written: it is not known who holds it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// The storage fails.
    #[error("cannot {action} the lease `{path}`")]
    Storage {
        /// The action.
        action: &'static str,
        /// The path of the file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The file is not one that a side has written.
    #[error("the lease `{path}` has other contents than `source` or `destination`")]
    Contents {
        /// The path of the file.
        path: String,
    },
    /// The source's offer is not there.
    #[error(
        "the lease `{path}` of the source is not there: give both sides the same file on storage \
         that both reach"
    )]
    OtherStorage {
        /// The path of the file.
        path: String,
    },
}

/// An arbiter that both sides reach without each other.
///
/// Of [`claim`](Self::claim) and [`revoke`](Self::revoke) the first wins for ever; both return the
/// holder. After an error the holder is unknown, and the call can be repeated.
pub trait Lease: Send {
    /// Offers the lease of an attempt, before the destination is asked: the source's first call.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Storage`].
    fn offer(&mut self, token: Token) -> Result<(), LeaseError>;
    /// Checks that the source's offer is there: the destination's first call.
    ///
    /// # Errors
    ///
    /// [`LeaseError::OtherStorage`] or [`LeaseError::Storage`].
    fn check_offer(&mut self, token: Token) -> Result<(), LeaseError>;
    /// Records that the source hands over, before it says so: the destination may claim from now.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Storage`]; it may be recorded.
    fn hand_over(&mut self, token: Token) -> Result<(), LeaseError>;
    /// True if the source has recorded that it hands over.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Storage`].
    fn is_handed_over(&mut self, token: Token) -> Result<bool, LeaseError>;
    /// Takes the lease for the destination, unless the source holds it.
    ///
    /// # Errors
    ///
    /// [`LeaseError`]; the lease may be taken.
    fn claim(&mut self, token: Token) -> Result<LeaseHolder, LeaseError>;
    /// Takes the lease for the source, unless the destination holds it.
    ///
    /// # Errors
    ///
    /// [`LeaseError`]; the lease may be taken.
    fn revoke(&mut self, token: Token) -> Result<LeaseHolder, LeaseError>;
    /// Removes the files of an attempt whose end both sides know.
    fn remove(&mut self, token: Token);
}
