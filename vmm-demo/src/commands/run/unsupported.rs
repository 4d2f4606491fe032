//! `run` on a machine that cannot run guests.

use crate::cli::ModelsArgument;
use crate::cli::vmm_demo::RunArguments;
use crate::endpoint::Endpoint;
use crate::guest::ending::Ending;
use crate::machine::Machine;
use crate::output::failure::Failure;
use idreg_runtime::model::CpuModel;
use std::path::Path;
use std::time::Instant;

/// Fails with a message that names alternatives.
pub(super) fn run_linux(
    _kernel: &Path,
    arguments: &RunArguments,
    _folder: &ModelsArgument,
    _started: Instant,
) -> Result<Ending, Failure> {
    match Machine::open(&arguments.model.cpu)? {}
}

/// Fails with a message that names alternatives.
pub(super) fn run_incoming(
    _from: &Endpoint,
    _arguments: &RunArguments,
    _folder: &ModelsArgument,
    _started: Instant,
) -> Result<Ending, Failure> {
    match Machine::open(&CpuModel::host())? {}
}
