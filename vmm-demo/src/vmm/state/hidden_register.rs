//! Registers that older kernels list of every vCPU, and newer ones only of those with their
//! feature.
//!
//! A guest without the feature cannot write such a register (Linux 6.12,
//! `arch/arm64/kvm/sys_regs.c`: `access_vm_reg` for TCR2_EL1, and the fine-grained traps of
//! `kvm_calculate_traps` for the others), so that an older kernel saves the value of a new vCPU.

use idreg_runtime::encoding::Encoding;

/// A register that KVM once listed of guests whose ID registers hide it.
struct HiddenRegister {
    name: &'static str,
    register: Encoding,
    /// The value of a new vCPU.
    reset: u64,
}

/// The value that KVM gives to registers whose value after reset is unknown (Linux 6.12,
/// `arch/arm64/kvm/sys_regs.h`, `reset_unknown`).
const UNKNOWN: u64 = 0x1de7_ec7e_dbad_c0de;

/// Linux 6.12 lists these of every vCPU (`arch/arm64/kvm/sys_regs.c`, `sys_reg_descs`). Since Linux
/// 6.13 only a vCPU has them whose ID_AA64MMFR3_EL1 has TCRX (commit 0fcb4eea5345,
/// `tcr2_visibility`) or S1PIE (commit a68cddbe47ef, `s1pie_visibility`).
const HIDDEN: [HiddenRegister; 3] = [
    hidden("TCR2_EL1", Encoding::new(3, 0, 2, 0, 3), 0),
    hidden("PIRE0_EL1", Encoding::new(3, 0, 10, 2, 2), UNKNOWN),
    hidden("PIR_EL1", Encoding::new(3, 0, 10, 2, 3), UNKNOWN),
];

const fn hidden(name: &'static str, register: Encoding, reset: u64) -> HiddenRegister {
    HiddenRegister {
        name,
        register,
        reset,
    }
}

/// The name of a register that newer kernels hide, or `None` for any other.
pub(super) fn name(register: Encoding) -> Option<&'static str> {
    let hidden = HIDDEN.iter().find(|hidden| hidden.register == register);
    hidden.map(|hidden| hidden.name)
}

/// True if a guest loses nothing where KVM does not have the register: an older kernel listed it of
/// a guest without its feature, and the value is that after reset.
pub(super) fn may_be_missing(register: Encoding, value: &[u8]) -> bool {
    let mut hidden = HIDDEN.iter();
    hidden.any(|hidden| hidden.register == register && hidden.reset.to_le_bytes() == value)
}
