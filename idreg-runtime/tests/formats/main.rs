//! Formats of other tools.

mod arm_names;
#[path = "../hosts/mod.rs"]
mod hosts;
mod qemu;

use idreg_runtime::formats::{Exported, ExportedGuest};
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;

/// The plan for a model on a host, which must be possible.
fn plan(host: &Host, model: &str) -> Plan {
    Plan::new(host, &model.parse().expect("a model")).expect("a plan")
}

/// The text of an export, and its losses.
fn export(
    host: &Host,
    model: &str,
    write: impl Fn(ExportedGuest<'_>) -> Exported,
) -> (String, Vec<String>) {
    let plan = plan(host, model);
    let guest = ExportedGuest { host, plan: &plan };
    let Exported { text, unsaid } = write(guest);
    (text, unsaid.iter().map(ToString::to_string).collect())
}
