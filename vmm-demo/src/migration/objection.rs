//! Reasons against a migration, as REFUSE and ERROR have them.

use super::message::{InvalidMessage, MessageKind};
use super::payload::{from_json, shown_text};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The maximum number of reasons that are shown.
const MAX_REASONS: usize = 1000;

/// A reason why a guest cannot run on the destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// The reason.
    pub reason: String,
    /// The model, override or option with which it would have worked, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_work: Option<String>,
}

impl Objection {
    /// Makes an objection without a remedy.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            would_work: None,
        }
    }

    /// The objection with what would have worked.
    #[must_use]
    pub fn but(self, would_work: impl Into<String>) -> Self {
        Self {
            would_work: Some(would_work.into()),
            ..self
        }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        match &self.would_work {
            Some(would_work) => write!(f, "; possible: {would_work}"),
            None => Ok(()),
        }
    }
}

/// The payload of REFUSE and ERROR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerError {
    /// The reasons, at least one.
    pub reasons: Vec<Objection>,
}

impl PeerError {
    /// Parses a payload. The texts of its reasons stay on their lines.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage::Payload`].
    pub fn parse(kind: MessageKind, payload: &[u8]) -> Result<Self, InvalidMessage> {
        let error: Self = from_json(kind, payload)?;
        let shown = error.reasons.into_iter().take(MAX_REASONS);
        let reasons = shown.map(|objection| Objection {
            reason: shown_text(&objection.reason),
            would_work: objection.would_work.as_deref().map(shown_text),
        });
        Ok(Self {
            reasons: reasons.collect(),
        })
    }
}
