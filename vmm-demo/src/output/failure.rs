//! Failures of commands with their messages and exit codes.

use crate::output::list::lines;
use crate::output::{escaped, escaped_path};
use idreg_runtime::firmware::FirmwareRejected;
use idreg_runtime::formats::Unsaid;
use idreg_runtime::plan::PlanError;
use idreg_runtime::plan::apply::{ApplyError, Difference};
use idreg_runtime::view::Incompatible;
use std::error::Error;
use std::io;
use std::path::PathBuf;

/// A command's failure. Its message names the thing, its state and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command needs another machine or kernel.
    #[error(transparent)]
    CannotHere(Box<dyn Error>),
    /// The model is not possible on the host.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// KVM on the host refuses values of firmware registers.
    #[error("{}; nothing was written:\n{}", not_possible(rejected), lines(&rejected.0))]
    Firmware {
        /// The values.
        rejected: FirmwareRejected,
    },
    /// A guest cannot run on the host.
    #[error(
        "the guest does not fit this host:\n{}",
        reasons(incompatible, remedies)
    )]
    DoesNotFit {
        /// The reasons.
        incompatible: Incompatible,
        /// The ways in which it could have run there.
        remedies: Vec<String>,
    },
    /// KVM did not accept the model.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// KVM changed registers when the guest started.
    #[error("KVM changed registers when the guest started:\n{}", lines(.0))]
    AfterRun(Vec<Difference>),
    /// The guest crashed or accessed an unmapped address.
    #[error(transparent)]
    Guest(Box<dyn Error>),
    /// Another process refused a request.
    #[error(transparent)]
    Refused(Box<dyn Error>),
    /// A file or value for the guest's start is unusable.
    #[error(transparent)]
    Unusable(Box<dyn Error>),
    /// A pattern matches nothing.
    #[error(
        "no {kind} matches `{}`; `*` matches any text, as in `*ISAR0*`; \
         --features lists features",
        escaped(pattern)
    )]
    NoMatch {
        /// The kind: property or feature.
        kind: &'static str,
        /// The pattern.
        pattern: String,
    },
    /// The guest's registers differ from the plan.
    #[error("the guest's registers differ from the plan:\n{}", lines(.0))]
    GuestDiffers(Vec<Difference>),
    /// The format of an export cannot express parts of the guest.
    #[error("the format cannot express parts of the guest; nothing was written:\n{}", lines(.0))]
    NotExpressed(Vec<Unsaid>),
    /// A host file cannot be used.
    #[error("cannot use the host file `{}`", escaped_path(path))]
    HostFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn Error>,
    },
    /// A file of another tool cannot be used.
    #[error("cannot import `{}`", escaped_path(path))]
    ImportFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn Error>,
    },
    /// A view file cannot be used.
    #[error("cannot use the view file `{}`", escaped(&path.to_string_lossy()))]
    ViewFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn Error>,
    },
    /// A snapshot file cannot be used.
    #[error("cannot use the snapshot `{}`", escaped_path(path))]
    SnapshotFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn Error>,
    },
    /// A file cannot be written.
    #[error("cannot write `{}`", escaped_path(path))]
    WriteFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The standard output cannot be written.
    #[error("cannot write to the standard output")]
    Output(#[source] io::Error),
    /// A server cannot listen at its socket.
    #[error(transparent)]
    Socket(Box<dyn Error>),
    /// Any other error.
    #[error(transparent)]
    Other(Box<dyn Error>),
}

impl From<FirmwareRejected> for Failure {
    fn from(rejected: FirmwareRejected) -> Self {
        Self::Firmware { rejected }
    }
}

/// The number of refused values in words.
fn not_possible(rejected: &FirmwareRejected) -> String {
    match rejected.0.len() {
        1 => "1 firmware register cannot have its value on this host".to_owned(),
        count => format!("{count} firmware registers cannot have their values on this host"),
    }
}

impl Failure {
    /// A failure that no other variant describes.
    pub fn other(error: impl Error + 'static) -> Self {
        Self::Other(error.into())
    }

    /// The exit code: 1 refused or incompatible, 2 wrong usage, 3 not possible on this machine, 4
    /// any other error.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Plan(PlanError::NoWritableRegisters { .. }) | Self::CannotHere(_) => 3,
            Self::Plan(_)
            | Self::Firmware { .. }
            | Self::Guest(_)
            | Self::Refused(_)
            | Self::DoesNotFit { .. }
            | Self::GuestDiffers(_)
            | Self::AfterRun(_)
            | Self::NotExpressed(_)
            | Self::Apply(ApplyError::Refused(_) | ApplyError::Differs(_)) => 1,
            Self::HostFile { .. }
            | Self::ImportFile { .. }
            | Self::ViewFile { .. }
            | Self::SnapshotFile { .. }
            | Self::NoMatch { .. }
            | Self::Unusable(_)
            | Self::Socket(_) => 2,
            _ => 4,
        }
    }

    /// The message, each cause after a colon, and the state of the registers after an error in
    /// applying a plan.
    #[must_use]
    pub fn message(&self) -> String {
        let mut message = self.to_string();
        let mut next = self.source();
        while let Some(cause) = next {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            next = cause.source();
        }
        match self {
            Self::Apply(ApplyError::NotRestored { .. } | ApplyError::OtherHost(_)) => {}
            Self::Apply(_) => message.push_str("\nevery register has its old value"),
            _ => {}
        }
        message
    }
}

/// Every reason and every remedy on a line.
fn reasons(error: &Incompatible, remedies: &[String]) -> String {
    let reasons = error.reasons.iter().map(|reason| format!("  {reason}"));
    let remedies = remedies.iter().map(|remedy| format!("possible: {remedy}"));
    lines(reasons.chain(remedies).collect::<Vec<String>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use idreg_runtime::host::ReadError;
    use idreg_runtime::vcpu::Errno;

    fn read_error() -> ApplyError {
        ReadError {
            register: "MIDR_EL1",
            source: Errno::EFAULT,
        }
        .into()
    }

    #[test]
    fn message_goes_down_to_the_errno() {
        let failure = Failure::from(read_error());
        assert_eq!(
            failure.message(),
            "cannot read MIDR_EL1 from the vCPU: EFAULT (14)\nevery register has its old value"
        );
        assert_eq!(failure.exit_code(), 4);
    }

    #[test]
    fn message_names_the_registers_that_are_left_changed() {
        let error = Box::new(read_error());
        let registers = vec!["CTR_EL0", "MIDR_EL1"];
        let failure = Failure::from(ApplyError::NotRestored { registers, error });
        assert_eq!(
            failure.message(),
            "the vCPU is left changed: CTR_EL0, MIDR_EL1 could not be restored after an error: \
             cannot read MIDR_EL1 from the vCPU: EFAULT (14)"
        );
        assert_eq!(failure.exit_code(), 4);
    }

    #[test]
    fn guest_whose_registers_differ_is_incompatible() {
        let register = idreg_runtime::regs::DESCRIPTION
            .register("REVIDR_EL1")
            .unwrap();
        let difference = Difference {
            register,
            expected: 1,
            found: Some(2),
        };
        let failure = Failure::GuestDiffers(vec![difference]);
        assert_eq!(failure.exit_code(), 1);
        assert_eq!(
            failure.message(),
            "the guest's registers differ from the plan:\n\
             REVIDR_EL1 is 0x0000000000000002, expected 0x0000000000000001; \
             IMPDEF is 0x2, expected 0x1"
        );
    }
}
