//! What KVM makes of a new value for a field: facts beside the description, from `aarch64-id.facts`.

use core::fmt;

/// Which values of a field are no more than a host can give: the kernel's feature-safety types
/// (Linux 7.2, `arch/arm64/include/asm/cpufeature.h`, `enum ftr_type`).
///
/// Each is a comparison with KVM's limit, which is what a VM of the same configuration shows before
/// anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Safety {
    /// The limit or less, as unsigned numbers.
    Lower,
    /// The limit or less, as signed numbers.
    SignedLower,
    /// The limit or more.
    Higher,
    /// Zero, or the limit or more; with a limit of zero only that.
    HigherOrZero,
    /// The limit, or one value that is safe everywhere.
    Exact {
        /// That value.
        safe: u64,
    },
    /// Any value: it names the implementation, and promises nothing.
    Any,
}

/// What decides a field besides its limit.
#[derive(Debug)]
pub struct FieldRule {
    /// Which values KVM accepts where it lets the field be written.
    pub safety: Safety,
    /// Values that KVM refuses whatever the host has, ascending.
    pub refused: &'static [ValueRange],
    /// What sets the field in place of an override.
    pub owner: Option<Owner>,
    /// Without it the field reads as zero, whatever the host has.
    pub needs: Option<Owner>,
    /// Whether the field tells of a protection against speculation attacks, and not of a feature.
    pub mitigation: bool,
}

impl FieldRule {
    /// The rule of a field that nothing else is known of: less than the host has is safe.
    pub const LOWER: Self = Self::of(Safety::Lower);
    /// The same for signed numbers.
    pub const SIGNED_LOWER: Self = Self::of(Safety::SignedLower);

    /// A rule with nothing but a safety type.
    #[must_use]
    pub const fn of(safety: Safety) -> Self {
        Self {
            safety,
            refused: &[],
            owner: None,
            needs: None,
            mitigation: false,
        }
    }
}

/// Values from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValueRange {
    /// The least.
    pub first: u64,
    /// The most, not less than `first`.
    pub last: u64,
}

/// What sets a field in place of an override: an option of the CPU model, or another part of the VM.
///
/// An option sets whether its field is zero. Where KVM also lets the field be written, as with the version of a PMU
/// that is on, an override may choose among the other values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Owner {
    /// The option `sve`.
    Sve,
    /// The option `pauth`.
    Pauth,
    /// The option `pmu`.
    Pmu,
    /// The option `mte`.
    Mte,
    /// The option `el2`.
    El2,
    /// The VM's interrupt controller.
    Gic,
    /// The vCPU's place among the others.
    Topology,
}

impl Owner {
    /// The name of the option, for an owner that is one.
    #[must_use]
    pub const fn option(self) -> Option<&'static str> {
        Some(match self {
            Self::Sve => "sve",
            Self::Pauth => "pauth",
            Self::Pmu => "pmu",
            Self::Mte => "mte",
            Self::El2 => "el2",
            Self::Gic | Self::Topology => return None,
        })
    }

    /// A stable name for programs: the option's, `gic` or `topology`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sve => "sve",
            Self::Pauth => "pauth",
            Self::Pmu => "pmu",
            Self::Mte => "mte",
            Self::El2 => "el2",
            Self::Gic => "gic",
            Self::Topology => "topology",
        }
    }
}

impl Safety {
    /// Whether KVM's comparison lets a field of this many bits be `value` where its limit is `limit`.
    ///
    /// ```
    /// use idreg_runtime::description::rule::Safety;
    ///
    /// assert!(Safety::Lower.accepts(4, 2, 1) && !Safety::Lower.accepts(4, 2, 3));
    /// // 0xf is -1: floating point is not there.
    /// assert!(Safety::SignedLower.accepts(4, 1, 0xf) && !Safety::SignedLower.accepts(4, 0xf, 0));
    /// assert!(Safety::Exact { safe: 1 }.accepts(4, 3, 1) && !Safety::Exact { safe: 1 }.accepts(4, 3, 2));
    /// ```
    #[must_use]
    pub const fn accepts(self, width: u8, limit: u64, value: u64) -> bool {
        if value == limit {
            return true;
        }
        match self {
            Self::Lower => value < limit,
            Self::SignedLower => signed(value, width) < signed(limit, width),
            Self::Higher => value > limit,
            // With a limit of zero the safe value of a higher one is zero
            // (Linux 7.2, arch/arm64/kernel/cpufeature.c, arm64_ftr_safe_value).
            Self::HigherOrZero => value == 0 || limit != 0 && value > limit,
            Self::Exact { safe } => value == safe,
            Self::Any => true,
        }
    }

    /// A stable name for programs: `lower`, `signed-lower`, `higher`, `higher-or-zero`, `exact` or `any`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::SignedLower => "signed-lower",
            Self::Higher => "higher",
            Self::HigherOrZero => "higher-or-zero",
            Self::Exact { .. } => "exact",
            Self::Any => "any",
        }
    }
}

/// A number of `width` bits, sign-extended.
const fn signed(value: u64, width: u8) -> i64 {
    let unused = if width == 0 || width > 64 {
        0
    } else {
        64 - width as u32
    };
    (value << unused).cast_signed() >> unused
}

impl ValueRange {
    /// Whether the value is in the range.
    #[must_use]
    pub const fn contains(self, value: u64) -> bool {
        self.first <= value && value <= self.last
    }
}

/// Shows `0x1` or `0x1-0x3`.
impl fmt::Display for ValueRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{:#x}", self.first)
        } else {
            write!(f, "{:#x}-{:#x}", self.first, self.last)
        }
    }
}
