//! Values of fields that a vCPU accepts, one by one, against the allowed values of its host.

mod hosts;

use hosts::{MAX_7_2, host};
use idreg_runtime::description::RegisterField;
use idreg_runtime::fake::FakeVcpu;
use idreg_runtime::host::{Host, accepted_values};
use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::vcpu::{Errno, VcpuRegs};

/// Fields that KVM lets a VMM write, while a plan leaves them to their owners: the vCPU's number,
/// the interrupt controller, which rewrites its fields at the first run, and the option `pmu`,
/// which alone sets if the versions are zero.
const OWNED: [&str; 6] = [
    "SYSREG_MPIDR_EL1_U",
    "SYSREG_MPIDR_EL1_MT",
    "SYSREG_ID_PFR1_EL1_GIC",
    "SYSREG_ID_DFR0_EL1_PerfMon",
    "SYSREG_ID_AA64PFR0_EL1_GIC",
    "SYSREG_ID_AA64DFR0_EL1_PMUVer",
];

/// The fields of which a vCPU is tried with every value.
fn narrow_fields() -> impl Iterator<Item = RegisterField> {
    DESCRIPTION
        .fields()
        .filter(|field| field.field.width() <= 4)
}

fn registers(host: &Host, vcpu: &FakeVcpu) -> Vec<u64> {
    let registers = host.values().iter();
    let values = registers.map(|(register, _)| vcpu.get(register.encoding));
    values.collect::<Result<_, _>>().expect("the host's values")
}

#[test]
fn accepted_values_are_the_allowed_ones_unless_a_field_has_an_owner() {
    let host = host(MAX_7_2);
    let vcpu = FakeVcpu::new(&host);
    let differs = |field: &RegisterField| {
        let accepted = accepted_values(&vcpu, *field).expect("no fault");
        accepted != host.allowed(*field)
    };
    let differing: Vec<RegisterField> = narrow_fields().filter(differs).collect();
    let names: Vec<String> = differing.iter().map(ToString::to_string).collect();
    assert_eq!(names, OWNED);
    assert!(
        differing
            .iter()
            .all(|field| field.field.rule().owner.is_some())
    );
}

#[test]
fn every_register_has_its_old_value_afterwards() {
    let host = host(MAX_7_2);
    let vcpu = FakeVcpu::new(&host);
    let before = registers(&host, &vcpu);
    for field in DESCRIPTION.fields() {
        accepted_values(&vcpu, field).expect("no fault");
        assert_eq!(registers(&host, &vcpu), before, "{field}");
    }
}

#[test]
fn an_error_of_the_vcpu_is_returned() {
    let host = host(MAX_7_2);
    let field = DESCRIPTION.property("SYSREG_ID_AA64ISAR0_EL1_AES");
    let field = field.expect("a field");
    let vcpu = FakeVcpu::new(&host);
    accepted_values(&vcpu, field).expect("no fault");
    let calls = vcpu.calls();
    // The read of the old value, and the write that restores it.
    for call in [0, calls - 1] {
        let vcpu = FakeVcpu::new(&host);
        vcpu.fail_at(call, Errno::EFAULT);
        assert_eq!(accepted_values(&vcpu, field), Err(Errno::EFAULT), "{call}");
    }
}
