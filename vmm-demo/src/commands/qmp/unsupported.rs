//! A machine without the sockets and events that the server needs.

use crate::cli::idreg::Qmp;
use crate::guest::ending::Ending;
use crate::machine::Machine;
use crate::output::failure::Failure;
use idreg_runtime::model::CpuModel;

/// Says what to do instead.
///
/// # Errors
///
/// [`Failure::CannotHere`] always.
pub fn qmp(_arguments: &Qmp) -> Result<Ending, Failure> {
    match Machine::open(&CpuModel::host())? {}
}
