//! QEMU's options.

use super::export;
use super::hosts::{A64FX_7_2, MAX_6_1, MAX_7_2, host};
use idreg_runtime::formats::qemu::{Dialect, command_line};
use idreg_runtime::host::Host;

/// The line with `-cpu`, which is the first one, and the losses.
fn line(model: &str, dialect: Dialect) -> (String, Vec<String>) {
    let (text, unsaid) = options(&host(MAX_7_2), model, dialect);
    let first = text.split_inclusive('\n').next().expect("a line");
    (first.to_owned(), unsaid)
}

fn options(host: &Host, model: &str, dialect: Dialect) -> (String, Vec<String>) {
    export(host, model, |guest| command_line(guest, dialect))
}

#[test]
fn the_machine_has_the_gic_and_the_options_that_belong_to_it() {
    let (text, _) = options(&host(MAX_7_2), "host", Dialect::Stock);
    let expected = "-cpu host,sve=on,pauth=on,pmu=on\n-machine virt,gic-version=3\n";
    assert_eq!(text, expected);
    let without = host(MAX_7_2);
    let without = without.reconfigured(without.info().vcpu.with_gic(None));
    let (text, _) = options(&without.expect("a host"), "host", Dialect::Stock);
    assert_eq!(text, "-cpu host,sve=on,pauth=on,pmu=on\n");
}

#[test]
fn options_that_the_host_has_are_named() {
    let (text, unsaid) = line("host", Dialect::Stock);
    assert_eq!(text, "-cpu host,sve=on,pauth=on,pmu=on\n");
    assert_eq!(unsaid, [""; 0]);
    let (text, _) = line("host,sve256=on,pmu=off", Dialect::Stock);
    assert_eq!(text, "-cpu host,sve=on,sve256=on,pauth=on,pmu=off\n");
    let a64fx = host(A64FX_7_2);
    let (text, _) = options(&a64fx, "host", Dialect::Stock);
    assert!(text.starts_with("-cpu host,sve=on,pmu=on\n"), "{text}");
}

#[test]
fn stock_qemu_cannot_set_fields() {
    let (text, unsaid) = line("host,SYSREG_ID_AA64ISAR0_EL1_DP=0", Dialect::Stock);
    assert_eq!(text, "-cpu host,sve=on,pauth=on,pmu=on\n");
    assert_eq!(
        unsaid,
        [
            "SYSREG_ID_AA64ISAR0_EL1_DP=0x0: QEMU as released has no properties for fields; a \
          dialect of the SYSREG series has"
        ]
    );
}

#[test]
fn each_dialect_has_its_spelling() {
    let model = "host,SYSREG_ID_AA64MMFR0_EL1_PARANGE=2,SYSREG_ID_AA64ISAR0_EL1_DP=0";
    let (text, unsaid) = line(model, Dialect::Kernel);
    assert_eq!(
        text,
        "-cpu host,sve=on,pauth=on,pmu=on,SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x2,\
         SYSREG_ID_AA64ISAR0_EL1_DP=0x0\n"
    );
    assert_eq!(unsaid, [""; 0]);
    let (text, unsaid) = line(model, Dialect::Arm);
    assert_eq!(
        text,
        "-cpu host,sve=on,pauth=on,pmu=on,SYSREG_ID_AA64MMFR0_EL1_PARange=0x2,\
         SYSREG_ID_AA64ISAR0_EL1_DP=0x0\n"
    );
    assert_eq!(unsaid, [""; 0]);
}

#[test]
fn registers_outside_of_the_kernels_file_have_no_property_there() {
    let model = "host,midr=0x413fd0c1,revidr=1";
    let (_, unsaid) = line(model, Dialect::Kernel);
    assert_eq!(
        unsaid.last().map(String::as_str),
        Some(
            "SYSREG_REVIDR_EL1_IMPDEF=0x1: the series takes its fields from the kernel's \
             description, which does not have the register"
        )
    );
    let (text, unsaid) = line(model, Dialect::Arm);
    assert!(text.contains(",SYSREG_MIDR_EL1_PartNum=0xd0c"), "{text}");
    assert_eq!(
        unsaid,
        [
            "SYSREG_REVIDR_EL1_IMPDEF=0x1: Arm's specification has no name for the bits, so the \
          series has no property"
        ]
    );
}

#[test]
fn kunpengs_fork_takes_the_hosts_cpus_as_targets() {
    let (text, unsaid) = options(&host(MAX_7_2), "host", Dialect::Kunpeng);
    assert_eq!(
        text,
        "-cpu host,sve=on,pauth=on,pmu=on\n\
         -machine virt,gic-version=3,x-target-impl-cpus=0xf0510:0x0\n"
    );
    assert_eq!(unsaid, [""; 0]);
}

#[test]
fn a_host_without_masks_gives_the_options_only() {
    let (text, unsaid) = options(&host(MAX_6_1), "host,sve=off", Dialect::Arm);
    assert!(
        text.starts_with("-cpu host,sve=off,pauth=on,pmu=on\n"),
        "{text}"
    );
    assert_eq!(unsaid, [""; 0]);
}
