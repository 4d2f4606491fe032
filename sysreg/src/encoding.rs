//! Encodings of system registers in the A64 system instruction space.

use std::fmt;

/// The five numbers of a `Sysreg` line, each within its range (Arm ARM DDI 0487, C5.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Encoding {
    /// 0 to 3.
    pub op0: u8,
    /// 0 to 7.
    pub op1: u8,
    /// 0 to 15.
    pub crn: u8,
    /// 0 to 15.
    pub crm: u8,
    /// 0 to 7.
    pub op2: u8,
}

impl Encoding {
    /// The assembler's generic name of a register with this encoding, such as `S3_0_C0_C6_0`.
    #[must_use]
    pub fn symbol(self) -> String {
        let Self {
            op0,
            op1,
            crn,
            crm,
            op2,
        } = self;
        format!("S{op0}_{op1}_C{crn}_C{crm}_{op2}")
    }

    /// The name and the highest number of each of the five parts, in order.
    pub(crate) const PARTS: [(&'static str, u8); 5] =
        [("op0", 3), ("op1", 7), ("CRn", 15), ("CRm", 15), ("op2", 7)];
}

/// Shows `3 0 0 4 0`, as the grammar writes it.
impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            op0,
            op1,
            crn,
            crm,
            op2,
        } = self;
        write!(f, "{op0} {op1} {crn} {crm} {op2}")
    }
}
