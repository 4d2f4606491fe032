//! Ranges of bits in a 64-bit register.

use std::fmt;

/// The bits `msb:lsb` of a register, both ends included, `63 >= msb >= lsb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BitRange {
    msb: u8,
    lsb: u8,
}

impl BitRange {
    /// The range `msb:lsb`, or `None` if it is not a range of a 64-bit register.
    #[must_use]
    pub const fn new(msb: u8, lsb: u8) -> Option<Self> {
        if msb < 64 && lsb <= msb {
            Some(Self { msb, lsb })
        } else {
            None
        }
    }

    /// The highest bit's number.
    #[must_use]
    pub const fn msb(self) -> u8 {
        self.msb
    }

    /// The lowest bit's number, which is also the shift.
    #[must_use]
    pub const fn lsb(self) -> u8 {
        self.lsb
    }

    /// The number of bits, 1 to 64.
    #[must_use]
    pub const fn width(self) -> u8 {
        self.msb - self.lsb + 1
    }

    /// The mask with these bits set, at their place in the register.
    #[must_use]
    pub const fn mask(self) -> u64 {
        (u64::MAX >> (64 - self.width())) << self.lsb
    }
}

/// Shows `7:4`, or `31` for a single bit, as the grammar writes them.
impl fmt::Display for BitRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { msb, lsb } = self;
        if msb == lsb {
            write!(f, "{msb}")
        } else {
            write!(f, "{msb}:{lsb}")
        }
    }
}
