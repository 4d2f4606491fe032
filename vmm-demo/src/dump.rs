//! `dump`: this host as a file.

use crate::cli::Dump;
use crate::failure::Failure;
use crate::machine::Machine;
use crate::output;

pub(crate) fn dump(arguments: &Dump) -> Result<(), Failure> {
    let machine = Machine::open()?;
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
