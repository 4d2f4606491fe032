//! The number of event counters of a guest's PMU.

use super::capabilities::Capabilities;
use crate::encoding::Encoding;

/// PMCR_EL0. Its bits 15:11, N, are the number of event counters (Arm ARM DDI 0487, PMCR_EL0).
pub const PMCR_EL0: Encoding = Encoding::new(3, 3, 9, 12, 0);
/// The register's name in messages.
pub(crate) const PMCR: &str = "PMCR_EL0";
/// The maximum number of event counters of the architecture: PMCR_EL0.N has 5 bits.
pub const MOST_PMU_COUNTERS: u32 = 31;

/// The lowest bit of PMCR_EL0.N.
const N_SHIFT: u32 = 11;
const N_MASK: u64 = (MOST_PMU_COUNTERS as u64) << N_SHIFT;

/// The reason why a guest of a host cannot have a number of event counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CounterObstacle {
    /// The host's number is unknown.
    Unknown,
    /// The number is above the host's.
    More,
    /// The host's KVM does not keep another number (before Linux 6.7).
    Fixed,
    /// KVM does not change the number of a guest with EL2 by PMCR_EL0.
    El2,
}

impl CounterObstacle {
    /// A stable name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown-pmu-counters",
            Self::More => "too-many-pmu-counters",
            Self::Fixed => "fixed-pmu-counters",
            Self::El2 => "el2-pmu-counters",
        }
    }
}

/// The number of event counters in a value of PMCR_EL0.
///
/// ```
/// use idreg_runtime::config::pmu_counters::{pmu_counters, with_pmu_counters};
///
/// assert_eq!(pmu_counters(0xa041), 20);
/// assert_eq!(with_pmu_counters(0xa041, 6), 0x3041);
/// ```
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "N has 5 bits")]
pub const fn pmu_counters(pmcr: u64) -> u32 {
    ((pmcr & N_MASK) >> N_SHIFT) as u32
}

/// A value of PMCR_EL0 with this number of event counters, up to [`MOST_PMU_COUNTERS`].
#[must_use]
pub const fn with_pmu_counters(pmcr: u64, counters: u32) -> u64 {
    pmcr & !N_MASK | (counters as u64) << N_SHIFT & N_MASK
}

/// Checks that a guest of a host can have this number of event counters; `host` is the host's, if
/// it is known, and `el2` is true for a guest with EL2.
///
/// KVM lowers the number for the whole VM before its first run, and ignores a greater one, any
/// number for a guest with EL2, and every change after the first run (Linux 7.2,
/// `arch/arm64/kvm/sys_regs.c`, `set_pmcr`). Linux 6.7 is the first that does; no capability
/// reports it, and [`Capabilities::writable_masks`] is new in the same release. Before, KVM stores
/// any number for one vCPU, and forgets it when the guest turns the vCPU on (Linux 6.1, the same
/// file, `reset_pmcr`).
///
/// `KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS` sets the number of a guest with EL2 too, but it is no
/// register, and needs a PMU that the VMM has chosen (Linux 7.2,
/// `Documentation/virt/kvm/devices/vcpu.rst`): it is not used here.
///
/// # Errors
///
/// The [`CounterObstacle`].
pub const fn check_pmu_counters(
    host: Option<u32>,
    capabilities: &Capabilities,
    el2: bool,
    counters: u32,
) -> Result<(), CounterObstacle> {
    match host {
        None => Err(CounterObstacle::Unknown),
        Some(host) if counters == host => Ok(()),
        Some(host) if counters > host => Err(CounterObstacle::More),
        Some(_) if !capabilities.writable_masks => Err(CounterObstacle::Fixed),
        Some(_) if el2 => Err(CounterObstacle::El2),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_lowered_where_kvm_lowers_it() {
        let new = Capabilities {
            writable_masks: true,
            ..Capabilities::default()
        };
        let old = Capabilities::default();
        for (host, capabilities, el2, counters, expected) in [
            (None, new, false, 6, Err(CounterObstacle::Unknown)),
            (Some(6), old, true, 6, Ok(())),
            (Some(6), new, false, 7, Err(CounterObstacle::More)),
            (Some(6), old, false, 5, Err(CounterObstacle::Fixed)),
            (Some(6), new, true, 5, Err(CounterObstacle::El2)),
            (Some(6), new, false, 0, Ok(())),
        ] {
            let found = check_pmu_counters(host, &capabilities, el2, counters);
            assert_eq!(found, expected, "{host:?} {el2} {counters}");
        }
    }

    #[test]
    fn number_replaces_no_other_bit() {
        for counters in 0..=MOST_PMU_COUNTERS {
            for pmcr in [0, u64::MAX, 0x41] {
                let changed = with_pmu_counters(pmcr, counters);
                assert_eq!(pmu_counters(changed), counters);
                assert_eq!((changed ^ pmcr) & !N_MASK, 0);
            }
        }
    }
}
