//! General-purpose registers in the numbering of KVM.

use kvm_bindings::{KVM_REG_ARM_CORE, KVM_REG_ARM64, KVM_REG_SIZE_U64, kvm_regs};
use std::mem::offset_of;

/// The program counter in the numbering of `KVM_SET_ONE_REG`: in 32-bit words of `kvm_regs`
/// (Linux 7.2, `Documentation/virt/kvm/api.rst`, 4.68).
pub const PROGRAM_COUNTER: u64 = core_register(offset_of!(kvm_regs, regs.pc));

/// X0, in which a kernel gets the address of its device tree.
pub const X0: u64 = core_register(offset_of!(kvm_regs, regs.regs));

const fn core_register(offset: usize) -> u64 {
    let word = offset / size_of::<u32>();
    KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE as u64 | word as u64
}
