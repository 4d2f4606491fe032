//! Payloads of messages in JSON, and numbers of rounds.

use super::message::{InvalidMessage, MessageKind};
use crate::output::escaped;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The maximum length of a peer's text that is shown, in characters.
const MAX_TEXT: usize = 2000;

/// Parses the number of a round.
///
/// # Errors
///
/// [`InvalidMessage::Payload`].
pub fn round_number(kind: MessageKind, payload: &[u8]) -> Result<u64, InvalidMessage> {
    let bytes = payload.try_into();
    let bytes = bytes.map_err(|_| invalid(kind, "it does not have 8 bytes"))?;
    Ok(u64::from_le_bytes(bytes))
}

/// Serialises a payload as JSON.
///
/// # Errors
///
/// [`InvalidMessage::Payload`].
pub fn to_json(kind: MessageKind, value: &impl Serialize) -> Result<Vec<u8>, InvalidMessage> {
    serde_json::to_vec(value).map_err(|error| invalid(kind, &error.to_string()))
}

/// Parses a payload of JSON. Unknown members are ignored.
///
/// # Errors
///
/// [`InvalidMessage::Payload`].
pub fn from_json<T: DeserializeOwned>(
    kind: MessageKind,
    payload: &[u8],
) -> Result<T, InvalidMessage> {
    serde_json::from_slice(payload).map_err(|error| invalid(kind, &shown_text(&error.to_string())))
}

pub(super) fn invalid(kind: MessageKind, reason: &str) -> InvalidMessage {
    InvalidMessage::Payload {
        kind,
        reason: reason.to_owned(),
    }
}

/// A text from outside, cut and on one line.
pub(super) fn shown_text(text: &str) -> String {
    escaped(&text.chars().take(MAX_TEXT).collect::<String>())
}
