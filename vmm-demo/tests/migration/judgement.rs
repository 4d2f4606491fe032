//! The destination's judgement of a guest: every reason, and what would have worked.

use super::program::{read, view};
use idreg_runtime::config::VcpuConfig;
use idreg_runtime::config::capabilities::Capabilities;
use idreg_runtime::host::Host;
use idreg_runtime::tolerance::Tolerance;
use vmm_demo::migration::judgement::{judge, offered};

/// Compares the number of reasons and what would have worked, for a guest without overrides of one
/// recorded host on another.
fn check(from: &str, to: &str, tolerance: &Tolerance, expected: &str) {
    let view = view(&read(from), "host");
    let objections = judge(&read(to), &view, tolerance).expect_err("reasons");
    let remedies = objections.iter().map(|objection| &objection.would_work);
    let remedies: Vec<&String> = remedies.flatten().collect();
    let [remedy] = remedies.as_slice() else {
        panic!("{remedies:?}");
    };
    assert_eq!(format!("{}: {remedy}", objections.len()), expected);
}

fn el2() -> Tolerance {
    let mut tolerance = Tolerance::none();
    tolerance.allow_el2();
    tolerance
}

#[test]
fn refusal_names_the_model_that_fits_both() {
    let none = Tolerance::none();
    let expected = "1: a guest that starts with `--cpu host,SYSREG_ID_MMFR0_EL1_AuxReg=0x1` fits \
             both hosts";
    check("cortex-a72-latest", "cortex-a57-latest", &none, expected);
    let expected = "2: a guest that starts with `--cpu \
             host,pmu-counters=6,SYSREG_ID_MMFR4_EL1_EVT=0x0` fits both hosts";
    check("cortex-a710-latest", "neoverse-n2-latest", &none, expected);
}

/// Kernel 6.12 changes fewer fields than 7.2.
#[test]
fn model_that_the_first_host_may_refuse_is_said_to_be_so() {
    let expected = "1: a guest that starts with `--cpu host,SYSREG_CTR_EL0_L1Ip=0x2` fits both \
             hosts, if kernel 6.12.95+deb12-cloud-arm64 of its first host allows the model \
             (`idreg check`)";
    check(
        "cortex-a76-lts",
        "cortex-a55-latest",
        &Tolerance::none(),
        expected,
    );
}

#[test]
fn refusal_names_firmware_registers_and_tolerance_together() {
    let expected = "1: a guest that starts with `--cpu host --firmware \
             KVM_REG_ARM_PSCI_VERSION=1.1` fits both hosts";
    check(
        "neoverse-n1-latest",
        "neoverse-n1-lts",
        &Tolerance::none(),
        expected,
    );
    let expected = "2: a guest without EL2 has no use for these fields: `--tolerate el2` or \
             `--tolerate SYSREG_ID_AA64MMFR2_EL1_NV` would do; that is for a guest that \
             starts with `--firmware KVM_REG_ARM_PSCI_VERSION=1.1`";
    check("max-latest", "max-lts", &Tolerance::none(), expected);
    let expected = "1: a guest that starts with `--cpu host --firmware \
             KVM_REG_ARM_PSCI_VERSION=1.1` fits both hosts";
    check("max-latest", "max-lts", &el2(), expected);
}

/// Neither the model nor the tolerance is enough alone.
#[test]
fn refusal_names_the_model_with_the_tolerance_that_it_needs() {
    let expected = "6: a guest that starts with `--cpu host,pauth=off,sve128=on,\
                    SYSREG_ID_AA64MMFR0_EL1_TGRAN4_2=0x1,SYSREG_ID_AA64MMFR0_EL1_TGRAN64_2=0x1,\
                    SYSREG_ID_AA64MMFR0_EL1_TGRAN16_2=0x1` fits both hosts with `--tolerate el2`, \
                    if kernel 6.12.95+deb12-cloud-arm64 of its first host allows the model \
                    (`idreg check`)";
    check(
        "neoverse-v1-lts",
        "neoverse-n2-latest",
        &Tolerance::none(),
        expected,
    );
}

#[test]
fn refusal_without_a_model_names_the_command_that_searches() {
    let expected = "40: `idreg baseline SOURCE.json DESTINATION.json`, with the `idreg dump \
             --json` of both hosts, searches for a model that fits both";
    check("neoverse-n1-latest", "cortex-a57-latest", &el2(), expected);
}

#[test]
fn host_is_read_with_the_options_that_it_offers() {
    let mut capabilities = Capabilities::default();
    capabilities.pauth = true;
    let guest = VcpuConfig::new()
        .with_sve(true)
        .with_sve_limit(Some(256))
        .with_pauth(true);
    let expected = VcpuConfig::new().with_pauth(true);
    assert_eq!(offered(guest, &capabilities), expected);
    assert_eq!(offered(VcpuConfig::new(), &capabilities), VcpuConfig::new());
}

/// A host without SVE refuses its guests by the missing option, with the model that does without.
#[test]
fn missing_option_is_a_reason_with_a_model() {
    let first = read("max-latest");
    let mut without = first.info().vcpu;
    without.sve = false;
    let mut file =
        serde_json::to_value(first.reconfigured(without).expect("a host")).expect("JSON");
    file["capabilities"]["sve"] = false.into();
    let other: Host = serde_json::from_value(file).expect("a host");
    let objections = judge(&other, &view(&first, "host"), &Tolerance::none()).expect_err("reasons");
    let reasons: Vec<String> = objections.iter().map(ToString::to_string).collect();
    let expected = "sve=on: the guest's vCPUs have it, and this host's KVM does not support it (no \
             KVM_CAP_ARM_SVE); possible: a guest that starts with `--cpu host,sve=off` fits \
             both hosts";
    assert_eq!(reasons, [expected]);
}
