//! Events of the work.

use super::fault::Fault;
use crate::guest::conversation::ConversationError;

/// An event at the first thread, which alone writes the console.
#[derive(Debug)]
pub(super) enum Event {
    Fault(Fault),
    /// A line from the console, or `None` at its end.
    Line(Result<Option<String>, ConversationError>),
}
