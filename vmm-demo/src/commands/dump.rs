//! `dump`: writes this host to a file.

use crate::cli::idreg::DumpArguments;
use crate::machine::Machine;
use crate::output;
use crate::output::failure::Failure;
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
    let failed = |source| Failure::WriteFile {
        path: path.clone(),
        source,
    };
    let mut json =
        serde_json::to_string_pretty(machine.host()).map_err(|error| failed(error.into()))?;
    json.push('\n');
    std::fs::write(path, json).map_err(failed)
}
