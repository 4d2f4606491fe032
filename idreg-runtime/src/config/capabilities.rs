//! KVM's support for ID registers on a host: capabilities and writable bits.

use crate::encoding::Encoding;
use core::fmt;

/// The KVM capabilities that decide which ID register values a VM can have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is one KVM_CAP_* of its own; no two make a state together"
)]
pub struct Capabilities {
    /// KVM reports the writable bits of ID registers (`KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES`).
    /// Without this capability (before Linux 6.7) no bit is writable.
    pub writable_masks: bool,
    /// MIDR_EL1, REVIDR_EL1 and AIDR_EL1 are writable (`KVM_CAP_ARM_WRITABLE_IMP_ID_REGS`). Without
    /// this capability KVM refuses a change with `EINVAL`, although the masks of these registers
    /// are not zero. In a host that was read from a VM that exists: the VM has enabled it.
    pub writable_implementation_ids: bool,
    /// Scalable vectors (`KVM_CAP_ARM_SVE`).
    pub sve: bool,
    /// Pointer authentication, both keys (`KVM_CAP_ARM_PTRAUTH_ADDRESS` and `_GENERIC`).
    pub pauth: bool,
    /// Performance monitors (`KVM_CAP_ARM_PMU_V3`).
    pub pmu: bool,
    /// Memory tagging (`KVM_CAP_ARM_MTE`).
    pub mte: bool,
    /// AArch32 at EL1 (`KVM_CAP_ARM_EL1_32BIT`).
    pub el1_32bit: bool,
    /// A guest hypervisor at EL2 (`KVM_CAP_ARM_EL2`).
    pub el2: bool,
}

/// The number of registers in KVM's feature ID range (`KVM_ARM_FEATURE_ID_RANGE_SIZE`, Linux 7.2).
pub const FEATURE_ID_REGISTERS: usize = 3 * 8 * 8;

/// A register's index in KVM's feature ID range, or `None` for a register outside it.
///
/// The range is op0 3, op1 0, 1 or 3, CRn 0, CRm 0 to 7
/// (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`, `KVM_ARM_FEATURE_ID_RANGE_IDX`).
#[must_use]
pub const fn feature_id_index(register: Encoding) -> Option<usize> {
    let block = match (register.op0(), register.op1(), register.crn()) {
        (3, 0, 0) => 0,
        (3, 1, 0) => 1,
        (3, 3, 0) => 2,
        _ => return None,
    };
    if register.crm() > 7 {
        return None;
    }
    Some(block << 6 | (register.crm() as usize) << 3 | register.op2() as usize)
}

/// True if all vCPUs of a VM share the register (Linux 7.2, `arch/arm64/kvm/sys_regs.c`,
/// `is_vm_ftr_id_reg`); of the other registers each vCPU has its own.
#[must_use]
pub const fn is_of_vm(register: Encoding) -> bool {
    match (register.op0(), register.op1(), register.crn()) {
        // CRm 0 has MIDR_EL1 and REVIDR_EL1.
        (3, 0, 0) => matches!((register.crm(), register.op2()), (1..=7, _) | (0, 0 | 6)),
        // AIDR_EL1
        (3, 1, 0) => register.crm() == 0 && register.op2() == 7,
        // CTR_EL0
        (3, 3, 0) => register.crm() == 0 && register.op2() == 1,
        _ => false,
    }
}

/// The masks of the feature ID range: the bits of each register that KVM reports as writable.
///
/// A set bit does not guarantee a change: KVM also compares the value with the limit, and some
/// fields accept only their present value.
#[derive(Clone, PartialEq, Eq)]
pub struct WritableMasks([u64; FEATURE_ID_REGISTERS]);

impl WritableMasks {
    /// Makes masks from the array that `KVM_ARM_GET_REG_WRITABLE_MASKS` fills.
    #[must_use]
    pub const fn new(masks: [u64; FEATURE_ID_REGISTERS]) -> Self {
        Self(masks)
    }

    /// The writable bits of a register, or `None` outside the feature ID range, for which KVM
    /// reports no mask.
    #[must_use]
    pub fn get(&self, register: Encoding) -> Option<u64> {
        self.0.get(feature_id_index(register)?).copied()
    }
}

/// Shows the masks that are not zero, by index.
impl fmt::Debug for WritableMasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (index, mask) in self.0.iter().enumerate() {
            if *mask != 0 {
                map.entry(&index, &format_args!("{mask:#018x}"));
            }
        }
        map.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_follows_the_kernel_header() {
        let cases = [
            (Encoding::new(3, 0, 0, 0, 0), Some(0)),
            (Encoding::new(3, 0, 0, 4, 0), Some(32)),
            (Encoding::new(3, 0, 0, 7, 7), Some(63)),
            (Encoding::new(3, 1, 0, 0, 1), Some(65)),
            (Encoding::new(3, 3, 0, 0, 1), Some(129)),
            (Encoding::new(3, 3, 0, 7, 7), Some(191)),
            (Encoding::new(2, 0, 0, 4, 0), None),
            (Encoding::new(3, 2, 0, 0, 0), None),
            (Encoding::new(3, 4, 0, 0, 0), None),
            (Encoding::new(3, 0, 1, 0, 0), None),
            (Encoding::new(3, 0, 0, 8, 0), None),
        ];
        for (register, index) in cases {
            assert_eq!(feature_id_index(register), index, "{register}");
        }
    }

    #[test]
    fn registers_of_a_vm_are_those_of_the_kernel() {
        let of_vm = [
            Encoding::new(3, 0, 0, 0, 0), // MIDR_EL1
            Encoding::new(3, 0, 0, 0, 6), // REVIDR_EL1
            Encoding::new(3, 0, 0, 1, 0),
            Encoding::new(3, 0, 0, 7, 7),
            Encoding::new(3, 1, 0, 0, 7), // AIDR_EL1
            Encoding::new(3, 3, 0, 0, 1), // CTR_EL0
        ];
        let of_vcpu = [
            Encoding::new(3, 0, 0, 0, 5), // MPIDR_EL1
            Encoding::new(3, 1, 0, 0, 0), // CCSIDR_EL1
            Encoding::new(3, 1, 0, 0, 1), // CLIDR_EL1
            Encoding::new(3, 0, 0, 8, 0),
            Encoding::new(2, 0, 0, 1, 0),
        ];
        assert!(of_vm.into_iter().all(is_of_vm));
        assert!(!of_vcpu.into_iter().any(is_of_vm));
    }

    #[test]
    fn masks_are_found_by_register() {
        let mut masks = [0; FEATURE_ID_REGISTERS];
        masks[32] = 0xff00;
        let masks = WritableMasks::new(masks);
        assert_eq!(masks.get(Encoding::new(3, 0, 0, 4, 0)), Some(0xff00));
        assert_eq!(masks.get(Encoding::new(3, 0, 0, 4, 1)), Some(0));
        assert_eq!(masks.get(Encoding::new(3, 4, 0, 4, 0)), None);
        assert_eq!(format!("{masks:?}"), "{32: 0x000000000000ff00}");
    }
}
