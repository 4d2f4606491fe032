//! What makes a command fail, and the exit code for it.

use idreg_runtime::apply::{ApplyError, Difference};
use idreg_runtime::plan::PlanError;
use std::error::Error;
use std::io;
use std::path::PathBuf;

/// A command's failure. Its message says what was asked, what is so, and what would work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What is asked needs another machine or kernel.
    #[error("{0}")]
    CannotHere(#[source] Box<dyn Error>),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("{}", after_apply(.0))]
    Apply(ApplyError),
    #[error("the guest saw something else than it should:\n{}", lines(.0))]
    GuestSaw(Vec<Difference>),
    #[error("cannot use the host file `{}`", path.display())]
    HostFile {
        path: PathBuf,
        source: Box<dyn Error>,
    },
    #[error("cannot write `{}`", path.display())]
    WriteFile { path: PathBuf, source: io::Error },
    #[error("cannot write to the standard output")]
    Output(#[source] io::Error),
    #[error("{0}")]
    Other(#[source] Box<dyn Error>),
}

impl Failure {
    /// The exit code: 1 refused or incompatible, 3 this machine cannot, 4 anything else.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::CannotHere(_) | Self::Plan(PlanError::NoWritableRegisters { .. }) => 3,
            Self::Plan(_)
            | Self::GuestSaw(_)
            | Self::Apply(ApplyError::Refused { .. } | ApplyError::Differs(_)) => 1,
            _ => 4,
        }
    }

    /// The message and what caused it, each cause after a colon.
    pub(crate) fn chain(&self) -> String {
        let mut chain = self.to_string();
        let mut next = self.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            // A transparent error's text is its cause's.
            if !chain.ends_with(&text) {
                chain.push_str(": ");
                chain.push_str(&text);
            }
            next = cause.source();
        }
        chain
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        Self::Apply(error)
    }
}

fn after_apply(error: &ApplyError) -> String {
    match error {
        ApplyError::NotRestored { .. } => error.to_string(),
        _ => format!("{error}\nevery register is as before"),
    }
}

fn lines(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(|one| format!("  {one}")).collect();
    lines.join("\n")
}
