//! The encoding of a system register in the A64 system instruction space.

use core::fmt;

/// The five numbers that identify a system register in `MRS` and `MSR` (Arm ARM DDI 0487, C5.1.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Encoding {
    packed: u16,
}

impl Encoding {
    /// Makes an encoding from op0 (2 bits), op1 (3), CRn (4), CRm (4) and op2 (3).
    ///
    /// # Panics
    ///
    /// Panics if a number does not fit its bits; in a constant that is a compile error.
    #[must_use]
    pub const fn new(op0: u8, op1: u8, crn: u8, crm: u8, op2: u8) -> Self {
        assert!(
            op0 < 4 && op1 < 8 && crn < 16 && crm < 16 && op2 < 8,
            "system register encoding out of range"
        );
        let packed = (op0 as u16) << 14
            | (op1 as u16) << 11
            | (crn as u16) << 7
            | (crm as u16) << 3
            | op2 as u16;
        Self { packed }
    }

    /// An encoding from the five numbers, or `None` if one does not fit its bits.
    ///
    /// ```
    /// use idreg_runtime::encoding::Encoding;
    ///
    /// assert_eq!(Encoding::checked([3, 0, 0, 4, 0]), Some(Encoding::new(3, 0, 0, 4, 0)));
    /// assert_eq!(Encoding::checked([4, 0, 0, 4, 0]), None);
    /// ```
    #[must_use]
    pub const fn checked([op0, op1, crn, crm, op2]: [u64; 5]) -> Option<Self> {
        if op0 > 3 || op1 > 7 || crn > 15 || crm > 15 || op2 > 7 {
            return None;
        }
        let packed = op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2;
        Some(Self::from_packed((packed & 0xffff) as u16))
    }

    /// The encoding of a [packed](Self::packed) number; all numbers are possible.
    #[must_use]
    pub const fn from_packed(packed: u16) -> Self {
        Self { packed }
    }

    /// The op0 number, 0 to 3.
    #[must_use]
    pub const fn op0(self) -> u8 {
        (self.packed >> 14 & 0x3) as u8
    }

    /// The op1 number, 0 to 7.
    #[must_use]
    pub const fn op1(self) -> u8 {
        (self.packed >> 11 & 0x7) as u8
    }

    /// The CRn number, 0 to 15.
    #[must_use]
    pub const fn crn(self) -> u8 {
        (self.packed >> 7 & 0xf) as u8
    }

    /// The CRm number, 0 to 15.
    #[must_use]
    pub const fn crm(self) -> u8 {
        (self.packed >> 3 & 0xf) as u8
    }

    /// The op2 number, 0 to 7.
    #[must_use]
    pub const fn op2(self) -> u8 {
        (self.packed & 0x7) as u8
    }

    /// True if the register describes AArch32 alone, so that it has no meaning on a CPU without it
    /// (Arm ARM DDI 0487, D24.2.1: op0 3, op1 0, CRn 0, CRm 1 to 3).
    #[must_use]
    pub const fn is_aarch32_id(self) -> bool {
        let crm = self.crm();
        self.op0() == 3 && self.op1() == 0 && self.crn() == 0 && crm >= 1 && crm <= 3
    }

    /// The register's number in `MRS`, `MSR` and KVM's register ids: op0 in bits 15:14, op1 in
    /// 13:11, CRn in 10:7, CRm in 6:3, op2 in 2:0 (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`,
    /// `ARM64_SYS_REG`).
    #[must_use]
    pub const fn packed(self) -> u16 {
        self.packed
    }

    /// The id of the register in `KVM_GET_ONE_REG` and `KVM_SET_ONE_REG`: a system register of
    /// arm64 of 64 bits (Linux 7.2, `include/uapi/linux/kvm.h`, `KVM_REG_ARM64` and
    /// `KVM_REG_SIZE_U64`; `arch/arm64/include/uapi/asm/kvm.h`, `KVM_REG_ARM64_SYSREG`).
    ///
    /// ```
    /// use idreg_runtime::encoding::Encoding;
    ///
    /// assert_eq!(Encoding::new(3, 0, 0, 4, 0).kvm_id(), 0x6030_0000_0013_c020);
    /// ```
    #[must_use]
    pub const fn kvm_id(self) -> u64 {
        0x6030_0000_0013_0000 | self.packed as u64
    }
}

/// Shows `S3_0_C0_C6_0`, the assembler's generic name of the register.
impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (op0, op1, op2) = (self.op0(), self.op1(), self.op2());
        let (crn, crm) = (self.crn(), self.crm());
        write!(f, "S{op0}_{op1}_C{crn}_C{crm}_{op2}")
    }
}

/// Shows the assembler's generic name of the register.
impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
