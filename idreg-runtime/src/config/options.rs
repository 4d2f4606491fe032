//! The options of a vCPU's creation, with the names that QEMU uses.
//!
//! An option selects a vCPU feature of KVM or limits the vector lengths. It owns the ID fields that
//! depend on it: a plan rejects an override of such a field and names the option.

use super::capabilities::Capabilities;
use super::vcpu_config::VcpuConfig;
use crate::description::rule::Owner;
use crate::number;
use crate::text::on_off;
use core::fmt;
use core::str::FromStr;

/// An option of the CPU model, `on` or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CpuOption {
    /// `sve`: scalable vectors; on if the host supports them.
    Sve,
    /// `sve128`, `sve256`, ...: a vector length in bits. KVM gives a guest every length of the host
    /// up to a maximum, so `on` sets the maximum, and `off` sets the first length above it.
    SveLength(u32),
    /// `pauth`: pointer authentication; on if the host supports it.
    Pauth,
    /// `pmu`: performance monitors; on if the host supports them.
    Pmu,
    /// `mte`: memory tagging; off by default, since the guest's memory must support tags.
    Mte,
    /// `aarch64`: the guest starts in AArch64, the default.
    Aarch64,
    /// `el2`: the guest starts at EL2 and can run its own guests; off by default.
    El2,
}

/// An option with its setting, shown as `sve=off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OptionSetting {
    /// The option.
    pub option: CpuOption,
    /// The setting: `on` or `off`.
    pub on: bool,
}

/// The error of a name that is not the name of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such option; options are sve, sve<bits>, pauth, pmu, mte, aarch64 and el2")]
pub struct UnknownOption;

/// The minimum vector length, and the unit of all others (Arm ARM DDI 0487, B1.2.2).
pub const SVE_QUADWORD_BITS: u32 = 128;
/// The maximum vector length of the architecture.
pub const SVE_MAX_BITS: u32 = 2048;

/// The vector lengths of the architecture in bits, ascending.
///
/// ```
/// use idreg_runtime::config::options::sve_lengths;
///
/// assert!(sve_lengths().take(3).eq([128, 256, 384]));
/// assert_eq!(sve_lengths().last(), Some(2048));
/// ```
pub fn sve_lengths() -> impl Iterator<Item = u32> {
    (1..=SVE_MAX_BITS / SVE_QUADWORD_BITS).map(|quadwords| quadwords * SVE_QUADWORD_BITS)
}

impl CpuOption {
    /// The options without the vector lengths.
    pub const SWITCHES: [Self; 6] = [
        Self::Sve,
        Self::Pauth,
        Self::Pmu,
        Self::Mte,
        Self::Aarch64,
        Self::El2,
    ];

    /// The option's name, for a vector length without its bits.
    const fn word(self) -> &'static str {
        match self {
            Self::Sve | Self::SveLength(_) => "sve",
            Self::Pauth => "pauth",
            Self::Pmu => "pmu",
            Self::Mte => "mte",
            Self::Aarch64 => "aarch64",
            Self::El2 => "el2",
        }
    }

    /// The option of a field's [owner](Owner), or `None` if the owner is not an option.
    #[must_use]
    pub const fn of(owner: Owner) -> Option<Self> {
        Some(match owner {
            Owner::Sve => Self::Sve,
            Owner::Pauth => Self::Pauth,
            Owner::Pmu => Self::Pmu,
            Owner::Mte => Self::Mte,
            Owner::El2 => Self::El2,
            Owner::Gic | Owner::Topology => return None,
        })
    }

    /// True if the option is on in a configuration; a vector length is on up to the limit.
    #[must_use]
    pub const fn is_on(self, config: VcpuConfig) -> bool {
        match self {
            Self::Sve => config.sve,
            Self::SveLength(bits) => match config.sve_limit {
                Some(limit) => config.sve && bits <= limit,
                None => config.sve,
            },
            Self::Pauth => config.pauth,
            Self::Pmu => config.pmu,
            Self::Mte => config.mte,
            Self::Aarch64 => !config.aarch32,
            Self::El2 => config.el2,
        }
    }

    /// The capability of KVM that a setting requires: its name in `linux/kvm.h`, and true if the
    /// host has it. `None` for a setting that every host supports.
    #[must_use]
    pub const fn capability(
        self,
        on: bool,
        capabilities: &Capabilities,
    ) -> Option<(&'static str, bool)> {
        Some(match (self, on) {
            (Self::Sve | Self::SveLength(_), true) => ("KVM_CAP_ARM_SVE", capabilities.sve),
            (Self::Pauth, true) => ("KVM_CAP_ARM_PTRAUTH_ADDRESS", capabilities.pauth),
            (Self::Pmu, true) => ("KVM_CAP_ARM_PMU_V3", capabilities.pmu),
            (Self::Mte, true) => ("KVM_CAP_ARM_MTE", capabilities.mte),
            (Self::El2, true) => ("KVM_CAP_ARM_EL2", capabilities.el2),
            (Self::Aarch64, false) => ("KVM_CAP_ARM_EL1_32BIT", capabilities.el1_32bit),
            _ => return None,
        })
    }
}

impl OptionSetting {
    /// The setting of an option in a configuration.
    #[must_use]
    pub const fn of(option: CpuOption, config: VcpuConfig) -> Self {
        Self {
            option,
            on: option.is_on(config),
        }
    }

    /// The same option with the other setting.
    #[must_use]
    pub const fn opposite(self) -> Self {
        Self {
            on: !self.on,
            ..self
        }
    }
}

/// Shows `OPTION=on` or `OPTION=off`.
impl fmt::Display for OptionSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.option, on_off(self.on))
    }
}

/// Shows the option's name.
impl fmt::Display for CpuOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::SveLength(bits) => write!(f, "{bits}"),
            _ => Ok(()),
        }
    }
}

/// The option's name.
impl From<CpuOption> for String {
    fn from(option: CpuOption) -> Self {
        option.to_string()
    }
}

impl FromStr for CpuOption {
    type Err = UnknownOption;

    fn from_str(name: &str) -> Result<Self, UnknownOption> {
        let word = Self::SWITCHES.into_iter().find(|word| word.word() == name);
        let length = || {
            let digits = name.strip_prefix("sve")?;
            // Only decimal digits, so that a length has one name.
            let is_decimal = digits.bytes().all(|digit| digit.is_ascii_digit());
            let bits = number::parse(digits).ok().filter(|_| is_decimal)?;
            u32::try_from(bits).ok().map(Self::SveLength)
        };
        word.or_else(length).ok_or(UnknownOption)
    }
}
