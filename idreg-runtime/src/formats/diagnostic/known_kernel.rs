//! Kernels whose writable fields are known without a host.

use crate::description::RegisterField;

/// A kernel whose KVM's writable bits are known.
///
/// They are the same on all CPUs, except that those of AArch32 registers are zero on a CPU without
/// AArch32 at EL0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KnownKernel {
    /// Linux 6.12.
    Linux6_12,
    /// Linux 7.2.
    Linux7_2,
}

impl KnownKernel {
    /// The known kernels, oldest first.
    pub const ALL: [Self; 2] = [Self::Linux6_12, Self::Linux7_2];

    /// The kernel's name, such as `Linux 7.2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linux6_12 => "Linux 6.12",
            Self::Linux7_2 => "Linux 7.2",
        }
    }

    /// True if the kernel reports all bits of a field as writable.
    #[must_use]
    pub fn can_write(self, field: RegisterField) -> bool {
        let name = field.register.name;
        let masks = MASKS.iter().find(|(register, _, _)| *register == name);
        let mask = masks.map_or(0, |(_, lts, latest)| match self {
            Self::Linux6_12 => *lts,
            Self::Linux7_2 => *latest,
        });
        let bits = field.field.mask();
        mask & bits == bits
    }
}

/// The masks that `KVM_ARM_GET_REG_WRITABLE_MASKS` returns in Linux 6.12.95 and 7.2.12, with all
/// capabilities, on CPUs with AArch32 at EL0; registers that have none are left out.
static MASKS: [(&str, u64, u64); 40] = [
    ("MIDR_EL1", 0x0, 0xffffffff),
    ("REVIDR_EL1", 0x0, 0xffffffffffffffff),
    ("ID_PFR0_EL1", 0xffffffff, 0xffffffff),
    ("ID_PFR1_EL1", 0xffffffff, 0xffffffff),
    ("ID_DFR0_EL1", 0xffffffff, 0xffffffff),
    ("ID_MMFR0_EL1", 0xffffffff, 0xffffffff),
    ("ID_MMFR1_EL1", 0xffffffff, 0xffffffff),
    ("ID_MMFR2_EL1", 0xffffffff, 0xffffffff),
    ("ID_MMFR3_EL1", 0xffffffff, 0xffffffff),
    ("ID_ISAR0_EL1", 0xffffffff, 0xffffffff),
    ("ID_ISAR1_EL1", 0xffffffff, 0xffffffff),
    ("ID_ISAR2_EL1", 0xffffffff, 0xffffffff),
    ("ID_ISAR3_EL1", 0xffffffff, 0xffffffff),
    ("ID_ISAR4_EL1", 0xffffffff, 0xffffffff),
    ("ID_ISAR5_EL1", 0xffffffff, 0xffffffff),
    ("ID_MMFR4_EL1", 0xffffffff, 0xffffffff),
    ("ID_ISAR6_EL1", 0xffffffff, 0xffffffff),
    ("MVFR0_EL1", 0xffffffff, 0xffffffff),
    ("MVFR1_EL1", 0xffffffff, 0xffffffff),
    ("MVFR2_EL1", 0xffffffff, 0xffffffff),
    ("ID_PFR2_EL1", 0xffffffff, 0xffffffff),
    ("ID_MMFR5_EL1", 0xffffffff, 0xffffffff),
    ("ID_AA64PFR0_EL1", 0xffff00f00f00ffff, 0xffff00f0ff00ffff),
    ("ID_AA64PFR1_EL1", 0xf000000ff, 0xf00000f0000f0ff),
    ("ID_AA64PFR2_EL1", 0xf00000000, 0xf0000fff0),
    ("ID_AA64ZFR0_EL1", 0xff0ff0f0fff00ff, 0xfffff0f0ffff0ff),
    ("ID_AA64FPFR0_EL1", 0xf0000003, 0xfc0080ff),
    ("ID_AA64DFR0_EL1", 0xf000f00f0f, 0xf000f00f0f),
    ("ID_AA64ISAR0_EL1", 0xfffffffffffffff0, 0xfffffffff0fffff0),
    ("ID_AA64ISAR1_EL1", 0xffffffff00fff00f, 0xffffffff00fff00f),
    ("ID_AA64ISAR2_EL1", 0xffff0fffffff00ff, 0xffffffffffff00ff),
    ("ID_AA64ISAR3_EL1", 0x0, 0xff0f00f0),
    ("ID_AA64MMFR0_EL1", 0xff00f000ffffff0f, 0xff00ffffffffff0f),
    ("ID_AA64MMFR1_EL1", 0xfffff0f00ffff00f, 0xffffffff0ffff00f),
    ("ID_AA64MMFR2_EL1", 0xf0ff000ff00fffff, 0xf0ff000ff00fffff),
    ("ID_AA64MMFR3_EL1", 0xf0f0f, 0xf0fff),
    ("ID_AA64MMFR4_EL1", 0x0, 0xf00000),
    ("CLIDR_EL1", 0x7fffffffffff, 0x7fffffffffff),
    ("AIDR_EL1", 0x0, 0xffffffffffffffff),
    ("CTR_EL0", 0x300f000f, 0x300fc00f),
];
