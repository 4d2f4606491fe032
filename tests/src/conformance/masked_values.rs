//! Masked values: values of the hardware that KVM accepts although no vCPU shows them.

use super::vm::Vm;
use idreg_runtime::description::RegisterField;
use idreg_runtime::host::Host;
use idreg_runtime::register::FieldValue;
use idreg_runtime::regs::id_aa64mmfr2_el1::Nv;
use idreg_runtime::regs::id_aa64pfr0_el1::Mpam;
use idreg_runtime::regs::id_aa64pfr1_el1::MpamFrac;

/// The fields with masked values. KVM shows its limit there, whatever the hardware has. It accepts
/// a write of the hardware's value and drops it, so that guests saved under kernels that showed
/// this value can be restored (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `set_id_aa64pfr0_el1`,
/// `set_id_aa64pfr1_el1`, `set_id_aa64mmfr2_el1`).
const FIELDS: [RegisterField; 3] = [Mpam::FIELD, MpamFrac::FIELD, Nv::FIELD];

/// Tries every value on a VM before its first run, and returns those that KVM accepts and drops.
/// User space cannot read the hardware's value from any register.
pub(super) fn learn(vm: &impl Vm, host: &Host) -> Vec<(RegisterField, u64)> {
    let values = |of: RegisterField| (0..=of.field.max()).map(move |value| (of, value));
    let all = FIELDS.into_iter().flat_map(values);
    all.filter(|(of, value)| is_dropped(vm, host, *of, *value))
        .collect()
}

fn is_dropped(vm: &impl Vm, host: &Host, of: RegisterField, value: u64) -> bool {
    let Some(limit) = host.values().get(of.register) else {
        return false;
    };
    let register = of.register.encoding;
    let written = of.field.insert(limit, value);
    written != limit && vm.set(0, register, written).is_ok() && vm.get(0, register) == Ok(limit)
}
