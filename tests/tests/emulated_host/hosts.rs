//! Hosts, commands on them, and the output of the commands.

use idreg_runtime::number;
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::{COMMAND_LIMIT, Machine, Options, Output, shared};
use idreg_tests::program::Program;
use serde_json::{Map, Value};

pub(crate) fn host(cpu: &str, kernel: Kernel) -> &'static Machine {
    boot(&Options::emulated(cpu, kernel))
}

/// A host with memory tagging and nested virtualisation.
pub(crate) fn host_with_everything() -> &'static Machine {
    boot(&Options {
        machine: vec!["mte=on".to_owned()],
        append: vec!["kvm-arm.mode=nested".to_owned()],
        ..Options::emulated("max", Kernel::Latest)
    })
}

pub(crate) fn boot(options: &Options) -> &'static Machine {
    match shared(options) {
        Ok(machine) => machine,
        Err(error) => panic!("no host for {options:?}: {error:?}"),
    }
}

pub(crate) fn run(machine: &Machine, arguments: &[&str]) -> Output {
    machine.run(arguments).expect("it runs to its end")
}

/// Runs a command that must succeed and print one JSON object and no other output.
pub(crate) fn json(machine: &Machine, arguments: &[&str]) -> Map<String, Value> {
    object(&run(machine, arguments))
}

/// Runs another program than `idreg` and `vmm-demo`, like [`json`].
pub(crate) fn json_of(
    program: Program,
    machine: &Machine,
    arguments: &[&str],
) -> Map<String, Value> {
    let running = machine.start(program, arguments);
    let output = running.and_then(|running| running.output(COMMAND_LIMIT));
    object(&output.expect("it runs to its end"))
}

fn object(output: &Output) -> Map<String, Value> {
    assert_eq!(
        (output.code, output.stderr().as_ref()),
        (0, ""),
        "{}",
        output.stdout()
    );
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// The registers in a member of a report.
pub(crate) fn registers(report: &Map<String, Value>, member: &str) -> Vec<(String, u64)> {
    let registers = report[member].as_object().expect("registers by name");
    let value = |value: &Value| number::parse(value.as_str().expect("a string")).expect("0x...");
    registers
        .iter()
        .map(|(name, register)| (name.clone(), value(register)))
        .collect()
}

pub(crate) fn register(report: &Map<String, Value>, member: &str, name: &str) -> u64 {
    let registers = registers(report, member);
    registers
        .iter()
        .find(|(known, _)| known == name)
        .expect("a register of that name")
        .1
}

/// The values of fields in the guest's view.
pub(crate) fn guest_fields(report: &Map<String, Value>, properties: &[&str]) -> Vec<u64> {
    let field = |property: &&str| {
        let found = idreg_runtime::regs::DESCRIPTION.property(property);
        let found = found.expect("a property");
        let value = register(report, "guest", found.register.name);
        found.field.extract(value)
    };
    properties.iter().map(field).collect()
}
