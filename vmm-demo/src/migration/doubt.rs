//! Migrations in doubt: neither side knows alone which of them may run the guest.

use super::failure::MigrationFailure;
use super::guest::{DestinationGuest, SourceGuest};
use super::lease::{Lease, LeaseError, LeaseHolder};
use super::token::Token;
use thiserror::Error;

/// The user's decision about the guest of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubtDecision {
    /// Runs the guest here: it does not run on the other side, and never will.
    Run,
    /// Discards the guest here.
    Discard,
}

/// The reason why a decision is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DoubtError {
    /// The other side holds the lease.
    #[error(
        "the other side holds the lease and runs the guest; this would be a second: discard it here"
    )]
    Second,
    /// The source has not handed over.
    #[error(
        "the source has not handed over, and runs the guest; this would be a second: discard it \
         here"
    )]
    NotHandedOver,
    /// The lease cannot be read, so that it is not known who may run.
    #[error("repair the storage of the lease, then try again")]
    Lease(#[from] LeaseError),
    /// The decision was made before.
    #[error("this migration is no longer in doubt")]
    Decided,
}

/// A migration in doubt on the source, whose guest is paused.
pub struct SourceDoubt(Doubt);

/// A migration in doubt on the destination, whose guest is paused.
pub struct DestinationDoubt(Doubt);

struct Doubt {
    failure: MigrationFailure,
    token: Token,
    lease: Option<Box<dyn Lease>>,
    decided: bool,
}

impl Doubt {
    fn new(failure: MigrationFailure, token: Token, lease: Option<Box<dyn Lease>>) -> Self {
        Self {
            failure,
            token,
            lease,
            decided: false,
        }
    }
}

impl SourceDoubt {
    pub(super) fn new(
        failure: MigrationFailure,
        token: Token,
        lease: Option<Box<dyn Lease>>,
    ) -> Self {
        Self(Doubt::new(failure, token, lease))
    }

    /// The failure that left the migration in doubt.
    #[must_use]
    pub fn failure(&self) -> &MigrationFailure {
        &self.0.failure
    }

    /// Resumes or ends the guest.
    ///
    /// # Errors
    ///
    /// [`DoubtError`]; the guest stays paused.
    pub fn resolve<G: SourceGuest + ?Sized>(
        &mut self,
        decision: DoubtDecision,
        guest: &mut G,
    ) -> Result<(), DoubtError> {
        let doubt = &mut self.0;
        if doubt.decided {
            return Err(DoubtError::Decided);
        }
        match (decision, &mut doubt.lease) {
            (DoubtDecision::Discard, _) => guest.end(),
            (DoubtDecision::Run, None) => guest.resume(),
            (DoubtDecision::Run, Some(lease)) => match lease.revoke(doubt.token)? {
                LeaseHolder::Source => guest.resume(),
                LeaseHolder::Destination => return Err(DoubtError::Second),
            },
        }
        doubt.decided = true;
        Ok(())
    }
}

impl DestinationDoubt {
    pub(super) fn new(
        failure: MigrationFailure,
        token: Token,
        lease: Option<Box<dyn Lease>>,
    ) -> Self {
        Self(Doubt::new(failure, token, lease))
    }

    /// The failure that left the migration in doubt.
    #[must_use]
    pub fn failure(&self) -> &MigrationFailure {
        &self.0.failure
    }

    /// Runs or discards the guest.
    ///
    /// # Errors
    ///
    /// [`DoubtError`]; the guest stays paused.
    pub fn resolve<G: DestinationGuest + ?Sized>(
        &mut self,
        decision: DoubtDecision,
        guest: &mut G,
    ) -> Result<(), DoubtError> {
        let doubt = &mut self.0;
        if doubt.decided {
            return Err(DoubtError::Decided);
        }
        match (decision, &mut doubt.lease) {
            (DoubtDecision::Discard, _) => guest.discard(),
            (DoubtDecision::Run, None) => guest.run(),
            (DoubtDecision::Run, Some(lease)) => {
                if !lease.is_handed_over(doubt.token)? {
                    return Err(DoubtError::NotHandedOver);
                }
                match lease.claim(doubt.token)? {
                    LeaseHolder::Destination => guest.run(),
                    LeaseHolder::Source => return Err(DoubtError::Second),
                }
            }
        }
        doubt.decided = true;
        Ok(())
    }
}

impl std::fmt::Debug for SourceDoubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SourceDoubt").field(self.failure()).finish()
    }
}

impl std::fmt::Debug for DestinationDoubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DestinationDoubt")
            .field(self.failure())
            .finish()
    }
}
