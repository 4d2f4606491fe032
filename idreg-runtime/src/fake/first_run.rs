//! Changes of a VM's ID registers by KVM before the first run of a guest.

use crate::config::Gic;
use crate::host::Host;
use crate::register::FieldValue;
use crate::regs::id_aa64isar2_el1::Ats1a;
use crate::regs::id_aa64mmfr1_el1::Hpds;
use crate::regs::id_aa64mmfr3_el1::{S1pie, S1poe, Tcrx};
use crate::regs::{id_aa64pfr0_el1, id_aa64pfr2_el1, id_pfr1_el1};
use crate::values::RegisterValues;

/// Changes the GIC fields to match the VM's interrupt controller.
///
/// Without an in-kernel GICv3, both kernels clear them (Linux 6.12, `arch/arm64/kvm/sys_regs.c`,
/// `kvm_finalize_sys_regs`; Linux 7.2, the same and `arch/arm64/kvm/vgic/vgic-init.c`,
/// `kvm_vgic_finalize_idregs`). With a GICv3, Linux 7.2 reverts the VMM's writes, and 6.12 keeps
/// them.
pub(super) fn finalize_gic(host: &Host, values: &mut RegisterValues) {
    let is_v3 = host.info().vcpu.gic == Some(Gic::V3);
    // No capability reports that KVM restores the fields. This one, also new between 6.12 and 7.2,
    // comes closest.
    let restores = host.info().capabilities.writable_implementation_ids;
    if is_v3 && !restores {
        return;
    }
    let fields = [
        id_aa64pfr0_el1::Gic::FIELD,
        id_aa64pfr2_el1::Gcie::FIELD,
        id_pfr1_el1::Gic::FIELD,
    ];
    for field in fields {
        let shown = if is_v3 {
            host.values().field(field)
        } else {
            Some(0)
        };
        if let (Some(shown), Some(register)) = (shown, values.get(field.register)) {
            values.set(field.register, field.field.insert(register, shown));
        }
    }
}

/// Clears the fields of features whose required features are missing
/// (Linux 7.3, `arch/arm64/kvm/config.c`, `kvm_idregs_enforce_dependencies`).
pub(super) fn enforce_dependencies(values: &mut RegisterValues) {
    let has = |field| values.field(field).is_some_and(|value| value != 0);
    let permissions = has(Tcrx::FIELD) && has(Ats1a::FIELD);
    let overlays = permissions && has(Hpds::FIELD);
    if !permissions {
        values.set_field(S1pie::NI);
    }
    if !overlays {
        values.set_field(S1poe::NI);
    }
}
