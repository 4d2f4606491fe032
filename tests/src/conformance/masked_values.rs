//! Values of the hardware that no vCPU shows, and that KVM takes all the same.

use super::vm::Vm;
use idreg_runtime::description::RegisterField;
use idreg_runtime::host::Host;
use idreg_runtime::register::FieldValue;
use idreg_runtime::regs::id_aa64mmfr2_el1::Nv;
use idreg_runtime::regs::id_aa64pfr0_el1::Mpam;
use idreg_runtime::regs::id_aa64pfr1_el1::MpamFrac;

/// The fields that KVM shows as its limit whatever the hardware has, and that may be written with the hardware's
/// value, which is dropped: guests saved under kernels that showed it can so be restored
/// (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `set_id_aa64pfr0_el1`, `set_id_aa64pfr1_el1`, `set_id_aa64mmfr2_el1`).
const FIELDS: [RegisterField; 3] = [Mpam::FIELD, MpamFrac::FIELD, Nv::FIELD];

/// Asks a VM that has not run which values it takes and drops. The hardware's value is in no register that
/// user space can read, so that a comparison can only learn it.
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
    let wanted = of.field.insert(limit, value);
    wanted != limit && vm.set(0, register, wanted).is_ok() && vm.get(0, register) == Ok(limit)
}
