//! `check`: checks whether a model is possible on a host.

use crate::cli::idreg::CheckArguments;
use crate::machine::{self, Machine, view_files};
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use crate::output::{self, table};
use idreg_runtime::host::Host;
use idreg_runtime::number::Hex;
use idreg_runtime::plan::Plan;
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct CheckReport<'p> {
    #[serde(flatten)]
    plan: &'p Plan,
    /// The steps that were tried on KVM.
    tried: Tried,
}

/// The steps of a plan that were tried on KVM.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Tried {
    No,
    Applied,
    Run,
}

/// Checks a model and prints the plan.
///
/// # Errors
///
/// [`Failure`]: the host cannot be read, or the model is not possible on it.
pub fn check(arguments: &CheckArguments) -> Result<(), Failure> {
    let (plan, tried) = match &arguments.host.file {
        Some(_) => (planned(arguments)?, Tried::No),
        None => on_this_machine(arguments)?,
    };
    if arguments.json {
        return output::json(&CheckReport { plan: &plan, tried });
    }
    output::warnings(plan.warnings());
    output::text(&human(&plan, tried))
}

/// The plan for a host in a file.
fn planned(arguments: &CheckArguments) -> Result<Plan, Failure> {
    let model = &arguments.model.cpu;
    let host: Host = machine::host(arguments.host.file.as_deref(), model)?;
    Ok(Plan::new(&host, model)?)
}

fn on_this_machine(arguments: &CheckArguments) -> Result<(Plan, Tried), Failure> {
    let model = &arguments.model.cpu;
    let machine = Machine::open(model)?;
    let plan = Plan::new(machine.host(), model)?;
    if !arguments.ask_kvm {
        return Ok((plan, Tried::No));
    }
    machine.try_plan(&plan)?;
    if !arguments.run {
        return Ok((plan, Tried::Applied));
    }
    let file = OutputFile::open_if(arguments.output.as_deref())?;
    let (guest, view) = machine.run_probe(&plan, 1)?;
    let differences = guest.differing(&plan);
    if !differences.is_empty() {
        return Err(Failure::GuestDiffers(differences));
    }
    if let Some(file) = file {
        view_files::write(file, &view)?;
    }
    Ok((plan, Tried::Run))
}

fn human(plan: &Plan, tried: Tried) -> String {
    let kernel = plan.kernel_release();
    let mut out = String::new();
    if !plan.changes().is_empty() {
        let mut table = table::new(&["property", "host", "override"]);
        for change in plan.changes() {
            let field = change.field.field;
            table.add_row([
                change.field.to_string(),
                field.show(change.old).to_string(),
                field.show(change.new).to_string(),
            ]);
        }
        out.push_str(&table::show(table));
        out.push('\n');
    }
    for write in plan.writes() {
        let (name, old, new) = (write.register.name, Hex(write.old), Hex(write.new));
        // Writing to a String cannot fail.
        let _ = writeln!(out, "to write: {name} {old} -> {new}");
    }
    let _ = writeln!(out, "vCPUs are created with: {}", plan.config());
    let how = if plan.writes().is_empty() {
        " without register writes"
    } else {
        ""
    };
    let tried = match tried {
        Tried::No => "not tried on KVM",
        Tried::Applied => "tried on a scratch VM",
        Tried::Run => "tried on a scratch VM and with a guest",
    };
    let _ = write!(
        out,
        "the host (kernel {kernel}) supports this model{how}; {tried}"
    );
    out
}
