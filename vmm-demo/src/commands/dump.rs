//! `dump`: writes this host to a file.

use crate::cli::idreg::DumpArguments;
use crate::machine::Machine;
use crate::output::failure::Failure;
use crate::output::{self, file};
use idreg_runtime::plan::Plan;

/// Writes this host as JSON.
///
/// # Errors
///
/// [`Failure`]: KVM is missing, the options are not possible, or the file cannot be written.
pub fn dump(arguments: &DumpArguments) -> Result<(), Failure> {
    let model = &arguments.options.cpu;
    let machine = Machine::open(model)?;
    // The file describes the host with these options, so this command checks them like others.
    Plan::new(machine.host(), model)?;
    let Some(path) = &arguments.output else {
        return output::json(machine.host());
    };
    let mut json = serde_json::to_string_pretty(machine.host()).map_err(Failure::other)?;
    json.push('\n');
    file::write(path, json.as_bytes())
}
