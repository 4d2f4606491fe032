//! Migrations in doubt: neither side knows alone which of them may run the guest.

use super::failure::MigrationFailure;
use super::guest::{DestinationGuest, SourceGuest};
use super::inquiry::{AttemptEnd, DoubtDecision, Inquiry};
use super::lease::{Lease, LeaseError, LeaseHolder};
use super::token::Token;
use std::fmt;
use std::marker::PhantomData;
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
pub type SourceDoubt = Doubt<OnSource>;

/// A migration in doubt on the destination, whose guest is paused.
pub type DestinationDoubt = Doubt<OnDestination>;

/// The side that had the guest.
#[derive(Debug)]
pub enum OnSource {}

/// The side that has the guest's state.
#[derive(Debug)]
pub enum OnDestination {}

/// A migration in doubt on a side, whose guest is paused.
pub struct Doubt<Side> {
    failure: MigrationFailure,
    token: Token,
    lease: Option<Box<dyn Lease>>,
    inquiry: Inquiry,
    side: PhantomData<Side>,
}

impl<Side> Doubt<Side> {
    pub(super) fn new(
        failure: MigrationFailure,
        token: Token,
        lease: Option<Box<dyn Lease>>,
    ) -> Self {
        Self {
            failure,
            token,
            lease,
            inquiry: Inquiry::new(token),
            side: PhantomData,
        }
    }

    /// The failure that left the migration in doubt.
    #[must_use]
    pub const fn failure(&self) -> &MigrationFailure {
        &self.failure
    }

    /// The questions between both sides.
    pub const fn inquiry(&mut self) -> &mut Inquiry {
        &mut self.inquiry
    }

    /// Makes a decision that agrees with what the other side has said. A guest may run if
    /// `take_lease` takes the lease, if there is one.
    fn decide(
        &mut self,
        decision: DoubtDecision,
        take_lease: impl FnOnce(&mut dyn Lease, Token) -> Result<(), DoubtError>,
    ) -> Result<(), DoubtError> {
        match (decision, self.inquiry.heard()) {
            _ if self.inquiry.decision().is_some() => return Err(DoubtError::Decided),
            (DoubtDecision::Run, Some(AttemptEnd::Runs)) => return Err(DoubtError::RunsThere),
            (DoubtDecision::Discard, Some(AttemptEnd::Discarded)) => return Err(DoubtError::Last),
            (DoubtDecision::Run, _) => {
                if let Some(lease) = &mut self.lease {
                    take_lease(lease.as_mut(), self.token)?;
                }
            }
            (DoubtDecision::Discard, _) => {}
        }
        self.inquiry.decide(decision);
        Ok(())
    }
}

impl SourceDoubt {
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
        self.decide(decision, |lease, token| match lease.revoke(token)? {
            LeaseHolder::Source => Ok(()),
            LeaseHolder::Destination => Err(DoubtError::Second),
        })?;
        match decision {
            DoubtDecision::Run => guest.resume(),
            DoubtDecision::Discard => guest.end(),
        }
        Ok(())
    }
}

impl DestinationDoubt {
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
        self.decide(decision, |lease, token| {
            if !lease.is_handed_over(token)? {
                return Err(DoubtError::NotHandedOver);
            }
            match lease.claim(token)? {
                LeaseHolder::Destination => Ok(()),
                LeaseHolder::Source => Err(DoubtError::Second),
            }
        })?;
        match decision {
            DoubtDecision::Run => guest.run(),
            DoubtDecision::Discard => guest.discard(),
        }
        Ok(())
    }
}

impl<Side> fmt::Debug for Doubt<Side> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Doubt").field(self.failure()).finish()
    }
}
