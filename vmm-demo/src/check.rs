//! `check`: whether a host can give a guest a model.

use crate::cli::Check;
use crate::failure::Failure;
use crate::json::{self, Write};
use crate::{machine, output, table};
use idreg_runtime::host::Host;
use idreg_runtime::number::Hex;
use idreg_runtime::plan::Plan;
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct Report<'r> {
    cpu: String,
    kernel_release: &'r str,
    changes: Vec<Change>,
    writes: Vec<Write>,
}

#[derive(Serialize)]
struct Change {
    property: String,
    old: String,
    new: String,
}

pub(crate) fn check(arguments: &Check) -> Result<(), Failure> {
    let model = &arguments.model.cpu;
    let host = machine::host(arguments.host.file.as_deref())?;
    let plan = Plan::new(&host, model)?;
    if !arguments.json {
        return output::text(&human(&host, &plan));
    }
    let changes = plan.changes().iter().map(|change| Change {
        property: change.field.to_string(),
        old: format!("{:#x}", change.old),
        new: format!("{:#x}", change.new),
    });
    output::json(&Report {
        cpu: model.to_string(),
        kernel_release: &host.about().kernel_release,
        changes: changes.collect(),
        writes: json::writes(&plan),
    })
}

fn human(host: &Host, plan: &Plan) -> String {
    let kernel = &host.about().kernel_release;
    if plan.writes().is_empty() {
        return format!("the host (kernel {kernel}) shows this model as it is; nothing to write");
    }
    let mut table = table::new(&["property", "host", "override"]);
    for change in plan.changes() {
        let field = change.field.field;
        table.add_row([
            change.field.to_string(),
            field.show(change.old).to_string(),
            field.show(change.new).to_string(),
        ]);
    }
    let mut out = table::show(table);
    for write in plan.writes() {
        let (name, old, new) = (write.register.name, Hex(write.old), Hex(write.new));
        // Writing to a String cannot fail.
        let _ = write!(out, "\nto write: {name} {old} -> {new}");
    }
    let _ = write!(
        out,
        "\nby its masks the host (kernel {kernel}) takes this model; KVM itself was not asked"
    );
    out
}
