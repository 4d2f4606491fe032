//! `dump`: this host as a file.

use crate::cli::idreg::DumpArguments;
use crate::machine::Machine;
use crate::output;
use crate::output::failure::Failure;
use idreg_runtime::plan::Plan;

///
/// # Errors
///
/// [`Failure`]: no KVM, or a file that cannot be written.
/// Writes this host as JSON.
pub fn dump(arguments: &DumpArguments) -> Result<(), Failure> {
    let model = &arguments.options.cpu;
    let machine = Machine::open(model)?;
    // A file says what the host is and nothing of what a guest would be: options that it cannot have are
    // refused here as elsewhere.
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
