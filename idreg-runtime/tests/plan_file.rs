//! Plan files: a plan reads back, applies and verifies as the one that was written.

mod hosts;

use hosts::{MAX_7_2, host};
use idreg_runtime::fake::FakeVcpu;
use idreg_runtime::firmware::{FirmwareRegister, FirmwareValues};
use idreg_runtime::plan::{Plan, Warning};
use idreg_runtime::register::RegisterValue;
use idreg_runtime::regs::{ClidrEl1, IdAa64isar0El1};
use idreg_runtime::vcpu::VcpuRegs;

const MODEL: &str = "host,FEAT_SHA512=off,SYSREG_ID_AA64PFR1_EL1_SSBS=1,sve=off";

fn plan() -> Plan {
    let host = host(MAX_7_2);
    Plan::new(&host, &MODEL.parse().expect("a model")).expect("a possible model")
}

fn file(plan: &Plan) -> String {
    serde_json::to_string_pretty(plan).expect("JSON")
}

fn read(file: &str) -> Plan {
    serde_json::from_str(file).expect("a plan file")
}

fn error(from: &str, to: &str) -> String {
    let file = file(&plan());
    let edited = file.replacen(from, to, 1);
    assert_ne!(edited, file, "{from}");
    let error = serde_json::from_str::<Plan>(&edited).expect_err("a bad file");
    error.to_string()
}

#[test]
fn same_plan_same_bytes() {
    let plan = plan();
    let again = read(&file(&plan));
    assert_eq!(file(&again), file(&plan));
    assert_eq!(again.model(), plan.model());
    assert_eq!(again.kernel_release(), plan.kernel_release());
    assert_eq!(again.config(), plan.config());
    assert_eq!(again.changes(), plan.changes());
    assert_eq!(again.host(), plan.host());
    assert_eq!(again.expected(), plan.expected());
    assert_eq!(again.in_guest(), plan.in_guest());
}

#[test]
fn firmware_registers_to_write_are_in_the_file() {
    let host = host(MAX_7_2);
    let mut plan = plan();
    assert!(!file(&plan).contains("firmware"));
    let mut firmware = FirmwareValues::default();
    firmware.set(FirmwareRegister::PsciVersion, 0x1_0001);
    plan.set_firmware(&host, firmware).unwrap();
    assert_eq!(read(&file(&plan)).firmware(), &firmware);
    assert_eq!(file(&read(&file(&plan))), file(&plan));

    let before = plan.clone();
    firmware.set(FirmwareRegister::PsciVersion, 0x1_0009);
    let error = plan.set_firmware(&host, firmware).unwrap_err();
    assert_eq!(
        error.to_string(),
        "KVM_REG_ARM_PSCI_VERSION=1.9: above the version of this host's KVM; 0.2 and 1.0 to 1.3 \
         work"
    );
    assert_eq!(plan, before);
}

#[test]
fn plan_that_was_read_applies_and_verifies() {
    let plan = read(&file(&plan()));
    let host = host(MAX_7_2).reconfigured(plan.config()).unwrap();
    let vcpu = FakeVcpu::new(&host);
    plan.apply(&vcpu).unwrap();
    vcpu.run();
    let view = plan.verify(&vcpu).unwrap();
    assert_eq!(view.get_as(), plan.expected().get_as::<IdAa64isar0El1>());
    assert_eq!(vcpu.writes(), plan.writes().len());

    let other = FakeVcpu::new(&host);
    other.set(IdAa64isar0El1::ENCODING, 0).unwrap();
    assert!(
        plan.apply(&other).is_err(),
        "the host's values are known too"
    );
}

#[test]
fn warnings_are_kept_as_text() {
    let plan = plan();
    assert!(!plan.warnings().is_empty());
    let again = read(&file(&plan));
    for (old, new) in plan.warnings().iter().zip(again.warnings()) {
        assert!(matches!(new, Warning::Recorded { .. }));
        assert_eq!((old.name(), old.to_string()), (new.name(), new.to_string()));
    }
    assert_eq!(again.warnings().len(), plan.warnings().len());
}

#[test]
fn registers_of_other_writers_are_kept() {
    let mut plan = plan();
    plan.expect(ClidrEl1::DESCRIPTION, 0x0a20_0123).unwrap();
    let again = read(&file(&plan));
    assert_eq!(file(&again), file(&plan));
    assert_eq!(again.host(), plan.host());
    let host = host(MAX_7_2).reconfigured(plan.config()).unwrap();
    let vcpu = FakeVcpu::new(&host);
    vcpu.set(ClidrEl1::ENCODING, 0x0a20_0123).unwrap();
    again.apply(&vcpu).unwrap();
    again.verify(&vcpu).unwrap();
}

#[test]
fn contradictions_are_named() {
    for (from, to, expected) in [
        (
            "idreg-plan/1",
            "idreg-plan/2",
            "`schema`: schema `idreg-plan/2` is newer than",
        ),
        (
            "idreg-plan/1",
            "idreg-host/1",
            "`schema`: schema `idreg-host/1` is not `idreg-plan/1`",
        ),
        (
            "\"cpu\": \"host",
            "\"cpu\": \"hots",
            "`cpu`: no CPU model `hots`",
        ),
        (
            "\"property\": \"SYSREG_ID_AA64ISAR0_EL1_SHA2\"",
            "\"property\": \"SYSREG_ID_AA64ISAR0_EL1_SHA\"",
            "`changes[0]`: this version does not know the property SYSREG_ID_AA64ISAR0_EL1_SHA",
        ),
        (
            "\"new\": \"0x1\"",
            "\"new\": \"0x0\"",
            "`changes[0]`: SYSREG_ID_AA64ISAR0_EL1_SHA2 changes from 0x2 to 0x0, but not in the \
             file's registers",
        ),
        (
            "\"register\": \"ID_AA64ISAR0_EL1\"",
            "\"register\": \"ID_AA64ISAR\\n\"",
            "`writes[1]`: `expected` has no register ID_AA64ISAR\\n",
        ),
        (
            "\"ID_AA64ISAR0_EL1\": \"0x1221111110211120\"",
            "\"ID_AA64ISAR0_EL1\": \"0x0\"",
            "`writes[1]`: `new` is 0x1221111110211120, and `expected` has 0x0000000000000000 for \
             ID_AA64ISAR0_EL1",
        ),
        (
            "\"MIDR_EL1\": \"0x",
            "\"MIDR_EL1\": \"0y",
            "`expected.MIDR_EL1`: `0y",
        ),
    ] {
        let text = error(from, to);
        assert!(text.starts_with(expected), "{text}\nexpected {expected}");
    }
}
