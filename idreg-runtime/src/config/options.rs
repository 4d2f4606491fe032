//! The options of a vCPU: what it is created with, by the names that QEMU's users know.
//!
//! An option stands for a vCPU feature of KVM, or for the set of vector lengths. The ID fields that follow
//! from it are its own: an override of such a field is refused and names the option.

use super::capabilities::Capabilities;
use super::vcpu_config::VcpuConfig;
use crate::description::rule::Owner;
use crate::text::on_off;
use core::fmt;
use core::str::FromStr;

/// An option of the CPU model, `on` or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CpuOption {
    /// `sve`: scalable vectors; on where the host has them.
    Sve,
    /// `sve128`, `sve256`, ...: the vector length of so many bits. KVM gives a guest every length of the host up to
    /// the longest, so that `on` names the longest, and `off` the first that is too long.
    SveLength(u32),
    /// `pauth`: pointer authentication; on where the host has it.
    Pauth,
    /// `pmu`: performance monitors; on where the host has them.
    Pmu,
    /// `mte`: memory tagging; off unless asked for, since the guest's memory must be made for it.
    Mte,
    /// `aarch64`: the guest starts in AArch64, the default.
    Aarch64,
    /// `el2`: the guest starts at EL2 and may run guests of its own; off unless asked for.
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

/// Not the name of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such option: there are sve, sve<bits>, pauth, pmu, mte, aarch64 and el2")]
pub struct UnknownOption;

/// The shortest vector, and the unit of all others (Arm ARM DDI 0487, B1.2.2).
pub const SVE_QUADWORD_BITS: u32 = 128;
/// The longest vector of the architecture.
pub const SVE_MAX_BITS: u32 = 2048;

/// The lengths in bits that vectors can have, ascending.
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
    /// The options but for the vector lengths.
    pub const SWITCHES: [Self; 6] = [
        Self::Sve,
        Self::Pauth,
        Self::Pmu,
        Self::Mte,
        Self::Aarch64,
        Self::El2,
    ];

    /// The name, of a vector length without its bits.
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

    /// The option that is on or off with a field's [owner](Owner), if the owner is an option.
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

    /// Whether the option is on in a configuration; a vector length is if it is no longer than the limit.
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

    /// The capability that a host must have for a setting of the option: its name in `linux/kvm.h`, and
    /// whether the host has it. Nothing for a setting that every host can have.
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
        let word = Self::SWITCHES
            .into_iter()
            .find(|word| word.to_string() == name);
        let length = || {
            let digits = name.strip_prefix("sve")?;
            // No sign, and no leading zero that would give a length a second name.
            let bits: u32 = digits.parse().ok()?;
            (bits.to_string() == digits).then_some(Self::SveLength(bits))
        };
        word.or_else(length).ok_or(UnknownOption)
    }
}
