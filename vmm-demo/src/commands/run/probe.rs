//! Runs the built-in guest and prints the registers that it read.

use crate::cli::vmm_demo::RunArguments;
use crate::machine::{Machine, view_files};
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use crate::output::json::{self, WriteEntry};
use crate::output::list::comma_list;
use crate::output::{self, table};
use crate::probe::view::GuestView;
use comfy_table::Table;
use idreg_runtime::description::{RegisterDescription, RegisterField};
use idreg_runtime::firmware::FirmwareValues;
use idreg_runtime::host::Host;
use idreg_runtime::number::Hex;
use idreg_runtime::plan::{Plan, Warning};
use idreg_runtime::values::RegisterValues;
use serde::Serialize;

#[derive(Serialize)]
struct ProbeRunReport<'r> {
    cpu: String,
    host: &'r RegisterValues,
    guest: &'r RegisterValues,
    absent: Vec<&'static str>,
    writes: Vec<WriteEntry>,
    /// The firmware registers that were written.
    #[serde(skip_serializing_if = "FirmwareValues::is_empty")]
    firmware: &'r FirmwareValues,
    warnings: Vec<String>,
}

pub(crate) fn run_probe(arguments: &RunArguments) -> Result<(), Failure> {
    let model = &arguments.model.cpu;
    let firmware = arguments.firmware()?;
    let machine = Machine::open(model)?;
    let host = machine.host();
    let mut plan = Plan::new(host, model)?;
    plan.set_firmware(host, firmware)?;
    if !arguments.json {
        output::warnings(plan.warnings());
    }
    let file = OutputFile::open_if(arguments.view.as_deref())?;
    let (guest, view) = machine.run_probe(&plan, arguments.smp)?;
    let outcome = compare(host, &plan, &guest);
    if let Some(file) = file.filter(|_| outcome.is_ok()) {
        view_files::write(file, &view)?;
    }
    if arguments.json {
        // A failure is an object of its own, and there is one object for each run.
        outcome?;
        return output::json(&ProbeRunReport {
            cpu: model.to_string(),
            host: host.values(),
            guest: &guest.values,
            absent: guest.absent.iter().map(|register| register.name).collect(),
            writes: json::writes(&plan),
            firmware: plan.firmware(),
            warnings: plan.warnings().iter().map(Warning::to_string).collect(),
        });
    }
    output::text(&fields(host, &plan, &guest, arguments.all))?;
    output::text(&format!("\n{}", summary(host, &plan, &guest)))?;
    outcome
}

/// Checks that the guest read the registers that the plan expects.
fn compare(host: &Host, plan: &Plan, guest: &GuestView) -> Result<(), Failure> {
    let differences = guest.differing(plan);
    // On Linux 6.1 guests read some registers, such as CTR_EL0, with other values than KVM reports.
    // idreg writes nothing there and guarantees nothing, so only the summary shows the difference.
    if differences.is_empty() || !host.info().capabilities.writable_masks {
        Ok(())
    } else {
        Err(Failure::GuestDiffers(differences))
    }
}

/// The table of fields: all of them, or a selection.
fn fields(host: &Host, plan: &Plan, guest: &GuestView, all: bool) -> String {
    let mut table = table::new(&["register", "bits", "field", "host", "override", "guest"]);
    for register in host.description().registers {
        let rows: Vec<RegisterField> = register
            .fields()
            .filter(|field| all || is_selected(*field, host, plan, guest))
            .collect();
        for (index, field) in rows.into_iter().enumerate() {
            let description = field.field;
            let show = |value: Option<u64>| {
                value.map_or("absent".to_owned(), |value| {
                    description.show(value).to_string()
                })
            };
            let change = plan.changes().iter().find(|change| change.field == field);
            table.add_row([
                if index == 0 {
                    register.name.to_owned()
                } else {
                    String::new()
                },
                description.bits().to_string(),
                description.name().to_owned(),
                show(host.values().field(field)),
                change.map_or(String::new(), |change| {
                    description.show(change.new).to_string()
                }),
                show(guest.values.field(field)),
            ]);
        }
    }
    table::show(table)
}

/// True for every field that is not zero if the plan has no writes; else for the fields of
/// registers that are written or differ.
fn is_selected(field: RegisterField, host: &Host, plan: &Plan, guest: &GuestView) -> bool {
    let differs = guest.values.get(field.register) != host.values().get(field.register);
    if plan.writes().is_empty() {
        return host.values().field(field).is_some_and(|value| value != 0);
    }
    let written = plan
        .writes()
        .iter()
        .any(|write| write.register.encoding == field.register.encoding);
    written || differs && host.values().get(field.register).is_some()
}

/// The register writes, and the guest's view compared with the plan.
fn summary(host: &Host, plan: &Plan, guest: &GuestView) -> String {
    let mut table = table::new(&[]);
    for write in plan.writes() {
        let (name, old, new) = (write.register.name, Hex(write.old), Hex(write.new));
        table.add_row(["written".to_owned(), format!("{name} {old} -> {new}")]);
    }
    for setting in plan.firmware().settings() {
        table.add_row(["written".to_owned(), setting.to_string()]);
    }
    let differences = guest.differing(plan);
    let known = host.values().iter().count();
    let as_planned = known - differences.len();
    let changed = |register: &RegisterDescription| {
        plan.writes()
            .iter()
            .any(|write| write.register.encoding == register.encoding)
    };
    let in_guest = plan.in_guest();
    let changed = in_guest.iter().filter(|(register, value)| {
        changed(register) && guest.values.get(register) == Some(*value)
    });
    let changed = changed.count();
    let as_on_host = as_planned - changed;
    let planned = format!(
        "{as_planned} of {known} registers as planned: {as_on_host} as on the host, \
         {changed} changed"
    );
    table.add_row(["guest", &planned]);
    for difference in differences {
        table.add_row(["differs".to_owned(), difference.to_string()]);
    }
    let only_guest = guest.values.iter().map(|(register, _)| register);
    let only_guest = only_guest.filter(|register| host.values().get(register).is_none());
    add_names(
        &mut table,
        "also read",
        only_guest,
        "KVM does not report these",
    );
    let absent = guest.absent.iter().copied();
    add_names(&mut table, "absent", absent, "a read traps in the guest");
    table::show(table)
}

fn add_names(
    table: &mut Table,
    heading: &str,
    registers: impl Iterator<Item = &'static RegisterDescription>,
    note: &str,
) {
    let names = comma_list(registers.map(|register| register.name));
    if !names.is_empty() {
        table.add_row([heading.to_owned(), format!("{names} ({note})")]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idreg_runtime::regs::{IdAa64isar0El1, id_aa64isar0_el1::Dp};

    const MAX_7_2: &str = include_str!("../../../../tests/data/hosts/max-latest.json");
    const MAX_6_1: &str = include_str!("../../../../tests/data/hosts/max-old.json");

    /// Compares the plan for `host` alone with a guest that sees no dot product.
    fn guest_without_dot_product(file: &str) -> Result<(), Failure> {
        let host: Host = serde_json::from_str(file).expect("a host file");
        let plan = Plan::new(&host, &"host".parse().expect("a model")).expect("a plan");
        let mut values = host.values().clone();
        values.set_field(Dp::NI);
        assert_eq!(values.get_as().map(IdAa64isar0El1::dp), Some(Dp::NI));
        let absent = Vec::new();
        compare(&host, &plan, &GuestView { values, absent })
    }

    #[test]
    fn guest_with_a_different_register_is_a_failure() {
        let Err(Failure::GuestDiffers(differences)) = guest_without_dot_product(MAX_7_2) else {
            panic!("the guest differs without an override");
        };
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].register.name, IdAa64isar0El1::NAME);
    }

    #[test]
    fn differences_are_no_failure_where_nothing_is_writable() {
        assert!(guest_without_dot_product(MAX_6_1).is_ok());
    }
}
