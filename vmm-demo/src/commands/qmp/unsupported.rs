//! A machine without the sockets and events that the server needs.

use crate::cli::idreg::QmpArguments;
use crate::guest::ending::Ending;
use crate::machine::Machine;
use crate::output::failure::Failure;
use idreg_runtime::model::CpuModel;

/// Says what to do instead.
///
/// # Errors
///
/// [`Failure::CannotHere`] always.
pub fn qmp(_arguments: &QmpArguments) -> Result<Ending, Failure> {
    match Machine::open(&CpuModel::host())? {}
}
