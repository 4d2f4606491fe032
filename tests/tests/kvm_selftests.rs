//! Rows of the kernel's selftests of ID registers, run on real kernels by the test program of
//! `idreg-runtime` (`idreg-runtime/tests/kvm`), and hosts with memory tagging and nested
//! virtualisation.
//!
//! Every test fails if its host does not boot.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

use idreg_runtime::description::RegisterField;
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use idreg_runtime::regs::DESCRIPTION;
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::{Machine, Options, Output, shared};
use serde_json::Value;

/// Number of rows; a host may skip some.
const ROWS: usize = 68;

/// The rows that a host of QEMU's default machine and a kernel without options skips.
const WITHOUT_MACHINE_OPTIONS: [&str; 4] = [
    "mte_frac_zero_is_taken_and_not_stored",
    "mte_is_compared",
    "mte_is_enabled_for_a_vm_that_exists",
    WITHOUT_NESTED,
];
const WITHOUT_NESTED: &str = "el2_is_compared";
const WITHOUT_SVE: [&str; 5] = [
    "a_vcpu_does_not_run_before_sve_is_finalised",
    "sve_is_compared",
    "the_limit_of_vectors_is_compared",
    "vector_lengths_are_fixed_once_sve_is_finalised",
    "vectors_are_limited_between_init_and_finalize",
];
const WITHOUT_PAUTH: &str = "pauth_is_compared";
const WITH_AARCH32: &str = "without_aarch32_registers_are_zero_and_ignore_writes";
const WITHOUT_AARCH32_AT_EL1: &str = "aarch64_is_compared";
const WITHOUT_AARCH32: [&str; 2] = ["with_aarch32_registers_refuse_garbage", "ID_DFR0_EL1"];

fn boot(options: &Options) -> &'static Machine {
    match shared(options) {
        Ok(machine) => machine,
        Err(error) => panic!("no host for {options:?}: {error:?}"),
    }
}

/// Checks that all rows pass on a host of QEMU's default machine, and that it skips exactly the
/// expected ones.
fn rows_pass(cpu: &str, kernel: Kernel, skipped: &[&str]) {
    let skipped = [&WITHOUT_MACHINE_OPTIONS, skipped].concat();
    rows_pass_with(&Options::emulated(cpu, kernel), &[], ROWS, skipped);
}

/// Checks that the rows of some modules pass, at least this number of them.
fn rows_pass_with(options: &Options, modules: &[&str], rows: usize, mut skipped: Vec<&str>) {
    let machine = boot(options);
    let arguments = ["--show-output"].into_iter().chain(modules.iter().copied());
    let output = machine.kvm_tests(arguments).expect("the tests end");
    let shown = format!("{}{}", output.stdout(), output.stderr());
    assert_eq!(output.code, 0, "{shown}");
    assert!(passed(&output) >= Some(rows), "{shown}");
    skipped.sort_unstable();
    assert_eq!(skips(&output.stderr()), skipped, "{shown}");
}

/// The number N in the closing line, `test result: ok. N passed; ...`.
fn passed(output: &Output) -> Option<usize> {
    let stdout = output.stdout();
    let (_, result) = stdout.rsplit_once("test result: ok. ")?;
    result.split_once(" passed")?.0.parse().ok()
}

/// The rows in lines `skipped: ROW: WHY`, sorted.
fn skips(stderr: &str) -> Vec<&str> {
    let lines = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("skipped: "));
    let mut rows: Vec<_> = lines
        .filter_map(|line| Some(line.split_once(": ")?.0))
        .collect();
    rows.sort_unstable();
    rows
}

#[test]
fn rows_on_latest_max() {
    rows_pass("max", Kernel::Latest, &[WITH_AARCH32]);
}

#[test]
fn rows_on_lts_max() {
    rows_pass("max", Kernel::Lts, &[WITH_AARCH32]);
}

/// The rows that a CPU without AArch32 and pointer authentication skips.
fn a64fx() -> Vec<&'static str> {
    let [garbage, dfr0] = WITHOUT_AARCH32;
    vec![garbage, dfr0, WITHOUT_AARCH32_AT_EL1, WITHOUT_PAUTH]
}

#[test]
fn rows_on_latest_a64fx() {
    rows_pass("a64fx", Kernel::Latest, &a64fx());
}

#[test]
fn rows_on_lts_a64fx() {
    rows_pass("a64fx", Kernel::Lts, &a64fx());
}

#[test]
fn rows_on_latest_neoverse_v1() {
    let skipped = [WITH_AARCH32, WITHOUT_AARCH32_AT_EL1];
    rows_pass("neoverse-v1", Kernel::Latest, &skipped);
}

/// A CPU without SVE skips the rows of SVE too.
#[test]
fn rows_on_latest_neoverse_n1() {
    let skipped = [WITH_AARCH32, WITHOUT_AARCH32_AT_EL1, WITHOUT_PAUTH];
    let skipped = [&WITHOUT_SVE, &skipped[..]].concat();
    rows_pass("neoverse-n1", Kernel::Latest, &skipped);
}

/// The rows about configurations and the order of steps, on the machines that have the rarer
/// options.
const ABOUT_VMS: [&str; 2] = ["configuration::", "order::"];
/// Their number.
const ROWS_ABOUT_VMS: usize = 24;

#[test]
fn every_option_is_compared_on_latest() {
    let options = Options {
        machine: vec!["mte=on".to_owned()],
        append: vec!["kvm-arm.mode=nested".to_owned()],
        ..Options::emulated("max", Kernel::Latest)
    };
    rows_pass_with(&options, &ABOUT_VMS, ROWS_ABOUT_VMS, Vec::new());
}

/// Linux 6.12 has no guest hypervisors.
#[test]
fn every_option_is_compared_on_lts() {
    let options = Options {
        machine: vec!["mte=on".to_owned()],
        ..Options::emulated("max", Kernel::Lts)
    };
    let skipped = vec![WITHOUT_NESTED];
    rows_pass_with(&options, &ABOUT_VMS, ROWS_ABOUT_VMS, skipped);
}

/// Checks the rows about VMs on a host whose only interrupt controller is a GICv2.
fn rows_about_vms_on_gic_v2(kernel: Kernel) {
    let options = Options {
        machine: vec!["gic-version=2".to_owned()],
        ..Options::emulated("cortex-a72", kernel)
    };
    let skipped = WITHOUT_SVE.into_iter().chain([WITHOUT_PAUTH]);
    let skipped = skipped
        .chain(WITHOUT_MACHINE_OPTIONS)
        .filter(|row| !NOT_ABOUT_VMS.contains(row));
    rows_pass_with(&options, &ABOUT_VMS, ROWS_ABOUT_VMS, skipped.collect());
}

const NOT_ABOUT_VMS: [&str; 2] = [
    "mte_frac_zero_is_taken_and_not_stored",
    "vector_lengths_are_fixed_once_sve_is_finalised",
];

#[test]
fn rows_about_vms_on_latest_gic_v2() {
    rows_about_vms_on_gic_v2(Kernel::Latest);
}

#[test]
fn rows_about_vms_on_lts_gic_v2() {
    rows_about_vms_on_gic_v2(Kernel::Lts);
}

/// An override for one field of each register that has a field to lower.
fn one_override_of_each_register(host: &Host) -> Vec<(RegisterField, u64)> {
    let lowered = |of: RegisterField| {
        let value = host.values().field(of)?.checked_sub(1)?;
        let model = format!("host,{of}={value:#x}").parse().expect("a model");
        Plan::new(host, &model).is_ok().then_some((of, value))
    };
    let registers = DESCRIPTION.registers.iter().copied();
    registers
        .filter_map(|register| register.fields().find_map(lowered))
        .collect()
}

/// The row of `set_id_regs` in which a guest reads 19 registers; here all with a field to lower.
fn guest_reads_what_was_written(kernel: Kernel) {
    let machine = boot(&Options::emulated("max", kernel));
    let dump = machine.run(["dump"]).expect("idreg ends");
    let host: Host = serde_json::from_slice(&dump.stdout).expect("a host file");
    let overrides = one_override_of_each_register(&host);
    assert!(overrides.len() >= 19, "{overrides:?}");

    let written = overrides
        .iter()
        .map(|(of, value)| format!(",{of}={value:#x}"));
    let model = "host".to_owned() + &written.collect::<String>();
    let output = machine
        .run(["run", "--json", "--cpu", &model])
        .expect("vmm-demo ends");
    assert_eq!(
        output.code,
        0,
        "{model}: {}{}",
        output.stdout(),
        output.stderr()
    );
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let guest = report.get("guest").expect("what the guest saw");
    for (RegisterField { register, field }, value) in overrides {
        let on_host = host.values().get(register).expect("a value");
        let expected = format!("{:#018x}", field.insert(on_host, value));
        let seen = guest.get(register.name).and_then(Value::as_str);
        assert_eq!(seen, Some(expected.as_str()), "{}", register.name);
    }
}

#[test]
fn guest_on_latest_reads_what_was_written() {
    guest_reads_what_was_written(Kernel::Latest);
}

#[test]
fn guest_on_lts_reads_what_was_written() {
    guest_reads_what_was_written(Kernel::Lts);
}

/// A capability in the host file of a host.
fn capability(options: &Options, name: &str) -> bool {
    let output = boot(options).run(["dump"]).expect("idreg ends");
    assert_eq!(output.code, 0, "{}", output.stderr());
    let host: Value = serde_json::from_slice(&output.stdout).expect("a host file");
    let capability = host
        .get("capabilities")
        .and_then(|all| all.get(name)?.as_bool());
    capability.expect("the capability is reported")
}

#[test]
fn memory_tagging_is_there_if_the_machine_has_it() {
    let without = Options::emulated("max", Kernel::Latest);
    let with = Options {
        machine: vec!["mte=on".to_owned()],
        ..without.clone()
    };
    assert_eq!(
        [&without, &with].map(|options| capability(options, "mte")),
        [false, true]
    );
}

#[test]
fn guest_hypervisors_are_possible_with_the_kernel_s_option() {
    let without = Options::emulated("max", Kernel::Latest);
    let with = Options {
        append: vec!["kvm-arm.mode=nested".to_owned()],
        ..without.clone()
    };
    assert_eq!(
        [&without, &with].map(|options| capability(options, "el2")),
        [false, true]
    );
}
