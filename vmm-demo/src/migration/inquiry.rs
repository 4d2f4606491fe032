//! Questions about an attempt in doubt, from one side to the other on a new connection.
//!
//! A question says what the user wants on the side that asks. A side that is in doubt too gives way
//! to it: once it has answered a side that wants to run, it no longer runs itself. A side that has
//! asked the same at that moment does not give way, so that of two questions that cross none is
//! granted; the users ask again.

use super::channel::Channel;
use super::control::Control;
use super::failure::MigrationFailure;
use super::message::MessageKind;
use super::payload;
use super::token::Token;
use super::transport::Transport;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// The user's decision about the guest of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoubtDecision {
    /// Runs the guest here: it does not run on the other side, and never will.
    Run,
    /// Discards the guest here.
    Discard,
}

/// The end of an attempt on a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptEnd {
    /// The guest runs there, or is about to.
    Runs,
    /// The guest is discarded there, or is about to be.
    Discarded,
    /// The guest is paused there, and gives way to the decision of the side that asks.
    InDoubt,
    /// The side does not know the attempt.
    Unknown,
}

/// The payload of QUESTION.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The identity of the attempt.
    pub token: Token,
    /// The decision on the side that asks.
    pub decision: DoubtDecision,
}

/// The payload of END.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndAnswer {
    /// The end on the side that was asked.
    pub end: AttemptEnd,
}

/// The questions and answers about an attempt in doubt on one side.
#[derive(Debug)]
pub struct Inquiry {
    token: Token,
    /// The other side's last answer or request.
    heard: Option<AttemptEnd>,
    /// The decision that the other side is being asked about.
    asking: Option<DoubtDecision>,
    decided: Option<DoubtDecision>,
}

impl Inquiry {
    pub(super) const fn new(token: Token) -> Self {
        Self {
            token,
            heard: None,
            asking: None,
            decided: None,
        }
    }

    /// Begins a question about a decision. It goes out by [`ask`], whose result is
    /// [heard](Self::hear); questions of the other side can be answered meanwhile.
    pub fn question(&mut self, decision: DoubtDecision) -> Question {
        self.asking = Some(decision);
        let token = self.token;
        Question { token, decision }
    }

    /// Hears the answer to the question, or that there was none.
    pub fn hear(&mut self, end: Option<AttemptEnd>) {
        self.asking = None;
        match end {
            Some(AttemptEnd::InDoubt) => self.heard = None,
            Some(AttemptEnd::Runs | AttemptEnd::Discarded) => self.heard = end,
            Some(AttemptEnd::Unknown) | None => {}
        }
    }

    /// Answers a question of the other side, and gives way to it if possible.
    pub fn answer(&mut self, question: Question) -> AttemptEnd {
        if question.token != self.token {
            return AttemptEnd::Unknown;
        }
        if let Some(decision) = self.decided {
            return end_of(decision);
        }
        if self.asking == Some(question.decision) {
            return end_of(question.decision);
        }
        self.heard = Some(end_of(question.decision));
        AttemptEnd::InDoubt
    }

    pub(super) const fn heard(&self) -> Option<AttemptEnd> {
        self.heard
    }

    pub(super) const fn decision(&self) -> Option<DoubtDecision> {
        self.decided
    }

    pub(super) const fn decide(&mut self, decision: DoubtDecision) {
        self.decided = Some(decision);
    }
}

const fn end_of(decision: DoubtDecision) -> AttemptEnd {
    match decision {
        DoubtDecision::Run => AttemptEnd::Runs,
        DoubtDecision::Discard => AttemptEnd::Discarded,
    }
}

/// Asks the other side through a new connection.
///
/// # Errors
///
/// [`MigrationFailure`] of the link: nothing was heard, though the other side may have given way.
pub fn ask(
    transport: Box<dyn Transport>,
    question: Question,
    control: &Arc<Control>,
    timeout: Duration,
) -> Result<AttemptEnd, MigrationFailure> {
    let mut channel = Channel::new(transport, Arc::clone(control), timeout);
    let kind = MessageKind::Question;
    channel.send(kind, &payload::to_json(kind, &question)?)?;
    let answer = channel.expect(MessageKind::End, timeout)?;
    let answer: EndAnswer = payload::from_json(MessageKind::End, &answer)?;
    Ok(answer.end)
}

/// Answers the question of a new connection with the end that `end` returns for it.
///
/// # Errors
///
/// [`MigrationFailure`] of the link; the other side may have heard nothing.
pub fn answer(
    transport: Box<dyn Transport>,
    control: &Arc<Control>,
    timeout: Duration,
    end: impl FnOnce(Question) -> AttemptEnd,
) -> Result<(), MigrationFailure> {
    let mut channel = Channel::new(transport, Arc::clone(control), timeout);
    let question = channel.expect(MessageKind::Question, timeout)?;
    let question: Question = payload::from_json(MessageKind::Question, &question)?;
    let end = end(question);
    let kind = MessageKind::End;
    channel.send(kind, &payload::to_json(kind, &EndAnswer { end })?)
}
