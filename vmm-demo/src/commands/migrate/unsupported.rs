//! `migrate` on a system without guests.

use crate::cli::migrations::MigrateArguments;
use crate::guest::ending::Ending;
use crate::machine::Machine;
use crate::output::failure::Failure;
use idreg_runtime::model::CpuModel;

/// Fails with a message that names alternatives.
///
/// # Errors
///
/// [`Failure::CannotHere`] always.
pub fn migrate(_arguments: &MigrateArguments) -> Result<Ending, Failure> {
    match Machine::open(&CpuModel::host())? {}
}
