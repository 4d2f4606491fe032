//! The encoding of a system register in the A64 system instruction space.

use core::fmt;

/// The five numbers that identify a system register in `MRS` and `MSR` (Arm ARM DDI 0487, C5.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Encoding {
    op0: u8,
    op1: u8,
    crn: u8,
    crm: u8,
    op2: u8,
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
        Self {
            op0,
            op1,
            crn,
            crm,
            op2,
        }
    }

    /// The op0 number, 0 to 3.
    #[must_use]
    pub const fn op0(self) -> u8 {
        self.op0
    }

    /// The op1 number, 0 to 7.
    #[must_use]
    pub const fn op1(self) -> u8 {
        self.op1
    }

    /// The CRn number, 0 to 15.
    #[must_use]
    pub const fn crn(self) -> u8 {
        self.crn
    }

    /// The CRm number, 0 to 15.
    #[must_use]
    pub const fn crm(self) -> u8 {
        self.crm
    }

    /// The op2 number, 0 to 7.
    #[must_use]
    pub const fn op2(self) -> u8 {
        self.op2
    }

    /// True if the register describes AArch32 alone, so that it has no meaning on a CPU without it
    /// (Arm ARM DDI 0487, D24.2.1: op0 3, op1 0, CRn 0, CRm 1 to 3).
    #[must_use]
    pub const fn is_aarch32_id(self) -> bool {
        self.op0 == 3 && self.op1 == 0 && self.crn == 0 && self.crm >= 1 && self.crm <= 3
    }

    /// The register's number in `MRS`, `MSR` and KVM's register ids: op0 in bits 15:14, op1 in
    /// 13:11, CRn in 10:7, CRm in 6:3, op2 in 2:0 (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`,
    /// `ARM64_SYS_REG`).
    #[must_use]
    pub const fn packed(self) -> u16 {
        (self.op0 as u16) << 14
            | (self.op1 as u16) << 11
            | (self.crn as u16) << 7
            | (self.crm as u16) << 3
            | self.op2 as u16
    }
}

/// Shows `S3_0_C0_C6_0`, the assembler's generic name of the register.
impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            op0,
            op1,
            crn,
            crm,
            op2,
        } = self;
        write!(f, "S{op0}_{op1}_C{crn}_C{crm}_{op2}")
    }
}
