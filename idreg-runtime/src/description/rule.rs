//! Rules by which KVM accepts a new value of a field: facts beside the description, from
//! `aarch64-id.facts`.

use core::fmt;

/// The direction in which a value of a field may differ from the limit: the kernel's feature-safety
/// types (Linux 7.2, `arch/arm64/include/asm/cpufeature.h`, `enum ftr_type`).
///
/// Each type is a comparison with KVM's limit: the field's value in a VM of the same configuration
/// before anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Safety {
    /// The limit or a lower value, compared as unsigned numbers.
    Lower,
    /// The limit or a lower value, compared as signed numbers.
    SignedLower,
    /// The limit or a higher value.
    Higher,
    /// Zero, the limit or a higher value; only zero if the limit is zero.
    HigherOrZero,
    /// The limit, or one value that is safe on every host.
    Exact {
        /// The value that is safe on every host.
        safe: u64,
    },
    /// Any value: the field identifies the implementation and promises no feature.
    Any,
}

/// The rule of a field: everything that decides its values besides the limit.
#[derive(Debug)]
pub struct FieldRule {
    /// The values that KVM accepts if the field is writable.
    pub safety: Safety,
    /// The values that KVM refuses on every host, ascending.
    pub refused: &'static [ValueRange],
    /// The owner that sets the field in place of an override, or `None`.
    pub owner: Option<Owner>,
    /// The owner without which the field reads as zero on every host, or `None`.
    pub needs: Option<Owner>,
    /// True if the field describes a mitigation of speculation attacks, not a feature.
    pub mitigation: bool,
    /// The software that can act on the field, or `None` if the facts do not say it.
    pub audience: Option<Audience>,
}

impl FieldRule {
    /// The default rule, for a field without facts: a value lower than the host's is safe.
    pub const LOWER: Self = Self::of(Safety::Lower);
    /// The default rule for a field of signed numbers.
    pub const SIGNED_LOWER: Self = Self::of(Safety::SignedLower);

    /// A rule that consists of a safety type alone.
    #[must_use]
    pub const fn of(safety: Safety) -> Self {
        Self {
            safety,
            refused: &[],
            owner: None,
            needs: None,
            mitigation: false,
            audience: None,
        }
    }

    /// The rule with an audience.
    #[must_use]
    pub const fn for_audience(mut self, audience: Audience) -> Self {
        self.audience = Some(audience);
        self
    }
}

/// The least privileged software that can act on what a field reports (Arm ARM DDI 0487, D24.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Audience {
    /// Any program: an instruction, a register or a behaviour at EL0.
    El0,
    /// The operating system's kernel.
    El1,
    /// A hypervisor or firmware at EL2 or EL3; a guest without EL2 cannot act on it.
    El2,
    /// A debugger, tracer or profiler.
    Debugger,
}

impl Audience {
    /// A stable name for programs: `el0`, `el1`, `el2` or `debugger`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::El0 => "el0",
            Self::El1 => "el1",
            Self::El2 => "el2",
            Self::Debugger => "debugger",
        }
    }
}

/// A range of values, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValueRange {
    /// The lowest value.
    pub first: u64,
    /// The highest value, at least `first`.
    pub last: u64,
}

/// The part of a VM that sets a field in place of an override: an option of the CPU model, or
/// another part.
///
/// An option decides only whether its field is zero. If KVM also lets the field be written, as with
/// the version of a PMU that is on, an override can choose among the other values.
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
    /// The vCPU's position in the topology.
    Topology,
}

impl Owner {
    /// The name of the option, or `None` for an owner that is not an option.
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

    /// A stable name for programs: the name of the option, `gic` or `topology`.
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
    /// True if KVM's comparison with `limit` accepts `value` for a field of `width` bits.
    ///
    /// ```
    /// use idreg_runtime::description::rule::Safety;
    ///
    /// assert!(Safety::Lower.accepts(4, 2, 1) && !Safety::Lower.accepts(4, 2, 3));
    /// // 0xf is -1: floating point is not implemented.
    /// assert!(Safety::SignedLower.accepts(4, 1, 0xf) && !Safety::SignedLower.accepts(4, 0xf, 0));
    /// let exact = Safety::Exact { safe: 1 };
    /// assert!(exact.accepts(4, 3, 1) && !exact.accepts(4, 3, 2));
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
            // If the limit is zero, only zero is safe
            // (Linux 7.2, arch/arm64/kernel/cpufeature.c, arm64_ftr_safe_value).
            Self::HigherOrZero => value == 0 || limit != 0 && value > limit,
            Self::Exact { safe } => value == safe,
            Self::Any => true,
        }
    }

    /// A stable name for programs: `lower`, `signed-lower`, `higher`, `higher-or-zero`, `exact` or
    /// `any`.
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
    /// True if the value is in the range.
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
