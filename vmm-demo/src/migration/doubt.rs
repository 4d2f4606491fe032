//! Migrations in doubt: neither side knows alone which of them may run the guest.

use super::failure::MigrationFailure;
use super::guest::{DestinationGuest, SourceGuest};
use super::inquiry::{AttemptEnd, DoubtDecision, Inquiry};
use super::lease::{Lease, LeaseError, LeaseHolder};
use super::token::Token;
use thiserror::Error;

/// The reason why a decision is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DoubtError {
    /// The other side holds the lease.
    #[error(
        "the other side holds the lease and runs the guest; this would be a second: discard it here"
    )]
    Second,
    /// The other side has said that it runs the guest, or is about to.
    #[error(
        "the other side has said that it runs the guest; this would be a second: discard it here"
    )]
    RunsThere,
    /// The other side has said that it has no guest any more.
    #[error(
        "the other side has said that it has discarded the guest; this is the last: run it here"
    )]
    Last,
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
    inquiry: Inquiry,
}

impl Doubt {
    fn new(failure: MigrationFailure, token: Token, lease: Option<Box<dyn Lease>>) -> Self {
        Self {
            failure,
            token,
            lease,
            inquiry: Inquiry::new(token),
        }
    }

    /// Checks a decision against what the other side has said.
    fn check(&self, decision: DoubtDecision) -> Result<(), DoubtError> {
        match (decision, self.inquiry.heard()) {
            _ if self.inquiry.decision().is_some() => Err(DoubtError::Decided),
            (DoubtDecision::Run, Some(AttemptEnd::Runs)) => Err(DoubtError::RunsThere),
            (DoubtDecision::Discard, Some(AttemptEnd::Discarded)) => Err(DoubtError::Last),
            _ => Ok(()),
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

    /// The questions between both sides.
    pub fn inquiry(&mut self) -> &mut Inquiry {
        &mut self.0.inquiry
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
        doubt.check(decision)?;
        match (decision, &mut doubt.lease) {
            (DoubtDecision::Discard, _) => guest.end(),
            (DoubtDecision::Run, None) => guest.resume(),
            (DoubtDecision::Run, Some(lease)) => match lease.revoke(doubt.token)? {
                LeaseHolder::Source => guest.resume(),
                LeaseHolder::Destination => return Err(DoubtError::Second),
            },
        }
        doubt.inquiry.decide(decision);
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

    /// The questions between both sides.
    pub fn inquiry(&mut self) -> &mut Inquiry {
        &mut self.0.inquiry
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
        doubt.check(decision)?;
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
        doubt.inquiry.decide(decision);
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
