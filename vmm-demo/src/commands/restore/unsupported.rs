//! `restore` on a machine without Arm KVM.

use crate::cli::ModelsArgument;
use crate::cli::snapshots::RestoreArguments;
use crate::guest::ending::Ending;
use crate::machine::Machine;
use crate::output::failure::Failure;
use crate::snapshot::file;
use idreg_runtime::model::CpuModel;
use std::time::Instant;

/// Checks the file, then fails with a message that names alternatives.
///
/// # Errors
///
/// [`Failure::Unusable`] for the file, else [`Failure::CannotHere`].
pub fn restore(
    arguments: &RestoreArguments,
    _folder: &ModelsArgument,
    _started: Instant,
) -> Result<Ending, Failure> {
    file::open(&arguments.file)?;
    match Machine::open(&CpuModel::host())? {}
}
