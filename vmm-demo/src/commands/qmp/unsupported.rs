//! `qmp` on a system without the sockets and events that the server needs.

use crate::cli::idreg::QmpArguments;
use crate::guest::ending::Ending;
use crate::machine::Machine;
use crate::output::failure::Failure;
use idreg_runtime::model::CpuModel;

/// Fails with a message that names alternatives.
///
/// # Errors
///
/// [`Failure::CannotHere`] always.
pub fn qmp(_arguments: &QmpArguments) -> Result<Ending, Failure> {
    match Machine::open(&CpuModel::host())? {}
}
