//! The meaning of an event, its cause, and what would work.

mod general;
mod linux;
mod message;
mod registers;

use idreg_runtime::formats::diagnostic::Diagnostic;

/// The explanation of an event.
pub(super) struct Advice {
    /// The event in one line.
    pub(super) summary: String,
    /// The cause, or `None` if the fields have it or there is none.
    pub(super) cause: Option<String>,
    /// Ways that would work.
    pub(super) remedies: Vec<String>,
}

/// The explanation of a line, which is compared with a host or not.
pub(super) fn of(diagnostic: &Diagnostic, has_host: bool) -> Advice {
    let mut advice = registers::of(diagnostic, has_host)
        .or_else(|| message::of(&diagnostic.event))
        .or_else(|| linux::of(&diagnostic.event))
        .unwrap_or_else(|| general::of(&diagnostic.event));
    if let Some(program) = diagnostic.program {
        advice.summary = format!("{}: {}", program.name(), advice.summary);
    }
    advice
}

fn advice(summary: impl Into<String>, cause: &str, remedies: &[&str]) -> Advice {
    Advice {
        summary: summary.into(),
        cause: (!cause.is_empty()).then(|| cause.to_owned()),
        remedies: remedies.iter().map(|&remedy| remedy.to_owned()).collect(),
    }
}

/// Ways to a guest that fits, where the line does not name the register.
const FIND_THE_DIFFERENCE: &str = "idreg dump on both hosts, then idreg compare A B names every \
                                   field in the way, and the model that both hosts can give";
