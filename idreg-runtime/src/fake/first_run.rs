//! What KVM makes of a VM's ID registers when a guest is about to run for the first time.

use crate::config::Gic;
use crate::host::Host;
use crate::register::FieldValue;
use crate::regs::id_aa64isar2_el1::Ats1a;
use crate::regs::id_aa64mmfr1_el1::Hpds;
use crate::regs::id_aa64mmfr3_el1::{S1pie, S1poe, Tcrx};
use crate::regs::{id_aa64pfr0_el1, id_aa64pfr2_el1, id_pfr1_el1};
use crate::values::RegisterValues;

/// Makes the fields that tell of a GIC fit the VM's interrupt controller.
///
/// Without a GICv3 in the kernel both clear them (Linux 6.12, `arch/arm64/kvm/sys_regs.c`,
/// `kvm_finalize_sys_regs`; Linux 7.2, the same and `arch/arm64/kvm/vgic/vgic-init.c`,
/// `kvm_vgic_finalize_idregs`). With one, Linux 7.2 undoes what a VMM wrote, and 6.12 leaves it.
pub(super) fn settle_gic(host: &Host, values: &mut RegisterValues) {
    let is_v3 = host.info().vcpu.gic == Some(Gic::V3);
    // No capability tells that KVM restores the fields. This one, new between 6.12 and 7.2 as well,
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
    for of in fields {
        let shown = if is_v3 {
            host.values().field(of)
        } else {
            Some(0)
        };
        if let (Some(shown), Some(register)) = (shown, values.get(of.register)) {
            values.set(of.register, of.field.insert(register, shown));
        }
    }
}

/// Clears the fields whose features need others that are not there
/// (Linux 7.3, `arch/arm64/kvm/config.c`, `kvm_idregs_enforce_dependencies`).
pub(super) fn enforce_dependencies(values: &mut RegisterValues) {
    let has = |of| values.field(of).is_some_and(|value| value != 0);
    let permissions = has(Tcrx::FIELD) && has(Ats1a::FIELD);
    let overlays = permissions && has(Hpds::FIELD);
    if !permissions {
        values.set_field(S1pie::NI);
    }
    if !overlays {
        values.set_field(S1poe::NI);
    }
}
