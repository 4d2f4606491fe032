//! The reasons why a guest cannot run on a host.

mod message;

use crate::config::options::OptionSetting;
use crate::config::pmu_counters::CounterObstacle;
use crate::config::target::TargetCpu;
use crate::config::{Gic, GicObstacle};
use crate::description::RegisterField;
use crate::description::rule::{Audience, ValueRange};
use crate::firmware::{FirmwareObstacle, FirmwareRegister, FirmwareSetting};
use crate::host::Obstacle;
use crate::text::{joined, under_heading};

/// Every reason why a guest with a view cannot run on a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{}{}",
    under_heading(&heading(reasons.len()), reasons),
    self.remedy().map(|line| format!("\n  {line}")).unwrap_or_default()
)]
#[non_exhaustive]
pub struct Incompatible {
    /// The reasons, at least one: options first, then registers in index order, then the others.
    pub reasons: Vec<Incompatibility>,
    /// True if the guest has EL2, so that fields for hypervisors matter to it.
    pub has_el2: bool,
}

impl Incompatible {
    /// The fields among the reasons that only a hypervisor can act on, of a guest that cannot be
    /// one: [`Tolerance::allow_el2`](crate::tolerance::Tolerance::allow_el2) covers them.
    #[must_use]
    pub fn tolerable(&self) -> Vec<RegisterField> {
        let fields = self.reasons.iter().filter_map(Incompatibility::field);
        let mut tolerable: Vec<RegisterField> = fields
            .filter(|field| !self.has_el2 && field.field.rule().audience == Some(Audience::El2))
            .collect();
        tolerable.dedup();
        tolerable
    }

    /// The mitigations among the reasons of which the host has a lower level than the guest:
    /// [`Tolerance::allow_mitigations`](crate::tolerance::Tolerance::allow_mitigations) covers
    /// them.
    #[must_use]
    pub fn tolerable_mitigations(&self) -> Vec<FirmwareRegister> {
        let mitigations = self.reasons.iter().filter_map(|reason| match reason {
            Incompatibility::Firmware {
                register, obstacle, ..
            } => obstacle.is_lower_level(*register).then_some(*register),
            _ => None,
        });
        mitigations.collect()
    }

    /// The firmware registers among the reasons that a VMM can write before a guest first runs,
    /// with values that the host has too.
    fn writable(&self) -> Vec<FirmwareSetting> {
        let settings = self.reasons.iter().filter_map(|reason| match reason {
            Incompatibility::Firmware {
                register,
                view,
                host,
                obstacle,
            } if !register.is_mitigation() => {
                let value = match obstacle {
                    FirmwareObstacle::Newer => (*host)?,
                    FirmwareObstacle::Services(more) => view & !more,
                    _ => return None,
                };
                let register = *register;
                Some(FirmwareSetting { register, value })
            }
            _ => None,
        });
        settings.collect()
    }

    /// The line about a tolerance that would do, alone or for a guest that starts with other
    /// firmware registers; `None` if none would.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        let fields = self.tolerable();
        let mitigations = self.tolerable_mitigations();
        let firmware = self.writable();
        if fields.len() + mitigations.len() + firmware.len() != self.reasons.len() {
            return None;
        }
        let tolerance = tolerance(&fields, &mitigations)?;
        let settings = firmware
            .iter()
            .map(|setting| format!("`--firmware {setting}`"));
        let settings: Vec<String> = settings.collect();
        Some(match settings.as_slice() {
            [] => tolerance,
            settings => format!(
                "{tolerance}; that is for a guest that starts with {}",
                joined(settings, " and ")
            ),
        })
    }
}

/// The tolerance of fields for hypervisors and of lower levels of mitigations in words, or `None`
/// if there are neither.
fn tolerance(fields: &[RegisterField], mitigations: &[FirmwareRegister]) -> Option<String> {
    const NO_USE: &str = "a guest without EL2 has no use for these fields";
    const UNPROTECTED: &str = "counts on mitigations that this host does not have";
    let names = mitigations.iter().map(|register| register.name());
    let names: Vec<&str> = names.collect();
    match (fields.is_empty(), names.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!(
            "{NO_USE}: `--tolerate el2` or `--tolerate {}` would do",
            joined(fields, ",")
        )),
        (true, false) => Some(format!(
            "`--tolerate mitigations` or `--tolerate {}` would do, and the guest then \
             {UNPROTECTED}",
            joined(&names, ",")
        )),
        (false, false) => Some(format!(
            "{NO_USE}, and with `--tolerate el2,mitigations`, which would do, it {UNPROTECTED}"
        )),
    }
}

/// One reason why a guest with a view cannot run on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incompatibility {
    /// The host's KVM does not support an option of the guest's vCPUs.
    NoCapability {
        /// The option as the guest has it.
        setting: OptionSetting,
        /// The capability's name in `linux/kvm.h`.
        capability: &'static str,
    },
    /// The host was read with another setting of an option, so its registers with the guest's are
    /// unknown.
    NotRead {
        /// The option as the host was read.
        read_with: OptionSetting,
    },
    /// The host was read with another interrupt controller.
    Gic {
        /// The guest's.
        view: Option<Gic>,
        /// The host's.
        host: Option<Gic>,
    },
    /// The host cannot give the guest its vector lengths and no others up to the longest.
    VectorLengths {
        /// The guest's lengths in bits, ascending.
        view: Vec<u32>,
        /// The host's lengths in bits, ascending.
        host: Vec<u32>,
    },
    /// The host cannot give the guest its number of event counters of the PMU.
    PmuCounters {
        /// The guest's number.
        view: u32,
        /// The host's number.
        host: u32,
        /// The obstacle to the guest's number.
        obstacle: CounterObstacle,
        /// The release of the host's kernel.
        kernel: String,
    },
    /// The host does not allow the guest's value of a field.
    Field {
        /// The field.
        field: RegisterField,
        /// The guest's value; 0 if its view does not have the register.
        view: u64,
        /// The host's value.
        host: u64,
        /// The values that the host allows, ascending.
        allowed: Vec<ValueRange>,
        /// The obstacle to the guest's value.
        obstacle: Obstacle,
        /// The release of the host's kernel.
        kernel: String,
    },
    /// The host's KVM does not have a register that is not zero in the guest.
    NoRegister {
        /// The register's name.
        register: &'static str,
        /// The guest's value.
        view: u64,
    },
    /// Bits that no field has differ; KVM keeps the host's.
    OtherBits {
        /// The register's name.
        register: &'static str,
        /// The guest's value, the bits of fields left out.
        view: u64,
        /// The host's value, the bits of fields left out.
        host: u64,
    },
    /// The guest does not clean its data cache for instructions, and on this host it must.
    ImpliesIdc {
        /// The vCPU's number.
        vcpu: usize,
        /// Its CLIDR_EL1.
        clidr: u64,
    },
    /// The cache lines of the guest are shorter than the host's.
    CacheLine {
        /// The vCPU's number.
        vcpu: usize,
        /// CSSELR_EL1 of the cache.
        selection: usize,
        /// The length in the guest, in bytes.
        view: u64,
        /// The length on the host, in bytes.
        host: u64,
    },
    /// The timers count at other frequencies, and no VMM can change that.
    TimerFrequency {
        /// The guest's frequency in Hz.
        view: u64,
        /// The host's.
        host: u64,
    },
    /// The guest's physical addresses have more bits than a VM of this host.
    PhysicalAddressBits {
        /// The number of bits in the guest.
        view: u32,
        /// The maximum on the host.
        host: u32,
    },
    /// KVM refuses the guest's value of a register that identifies the GIC.
    GicIdentity {
        /// The register's name.
        register: &'static str,
        /// The guest's value.
        view: u32,
        /// The value of a new VM on the host.
        host: u32,
        /// The obstacle to the guest's value.
        obstacle: GicObstacle,
    },
    /// KVM refuses the guest's value of a firmware register.
    Firmware {
        /// The register.
        register: FirmwareRegister,
        /// The guest's value.
        view: u64,
        /// The value of a new VM on the host, or `None` if its KVM does not have the register.
        host: Option<u64>,
        /// The obstacle to the guest's value.
        obstacle: FirmwareObstacle,
    },
    /// The guest was told on which CPUs it may run, and the host has others.
    OtherCpu {
        /// A CPU of the host that the guest was not told of.
        host: TargetCpu,
        /// The CPUs that the guest was told of.
        told: Vec<TargetCpu>,
    },
}

impl Incompatibility {
    /// A stable name for programs: that of the [`Obstacle`] for a field, of the
    /// [`FirmwareObstacle`] after `firmware-`, of the [`CounterObstacle`], and `no-capability`,
    /// `not-read`, `gic`, `vector-lengths`, `no-register`, `other-bits`, `implies-idc`,
    /// `cache-line`, `timer-frequency`, `physical-address-bits`, `gic-identity` or `other-cpu`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoCapability { .. } => "no-capability",
            Self::NotRead { .. } => "not-read",
            Self::Gic { .. } => "gic",
            Self::VectorLengths { .. } => "vector-lengths",
            Self::PmuCounters { obstacle, .. } => obstacle.name(),
            Self::Field { obstacle, .. } => obstacle.name(),
            Self::NoRegister { .. } => "no-register",
            Self::OtherBits { .. } => "other-bits",
            Self::ImpliesIdc { .. } => "implies-idc",
            Self::CacheLine { .. } => "cache-line",
            Self::TimerFrequency { .. } => "timer-frequency",
            Self::PhysicalAddressBits { .. } => "physical-address-bits",
            Self::GicIdentity { .. } => "gic-identity",
            Self::Firmware { obstacle, .. } => match obstacle {
                FirmwareObstacle::Absent => "firmware-absent",
                FirmwareObstacle::Newer => "firmware-newer",
                FirmwareObstacle::NoVersion => "firmware-no-version",
                FirmwareObstacle::Unprotected => "firmware-unprotected",
                FirmwareObstacle::NoLevel => "firmware-no-level",
                FirmwareObstacle::Services(_) => "firmware-services",
            },
            Self::OtherCpu { .. } => "other-cpu",
        }
    }

    /// The field of the reason, or `None` if it is not about one field.
    #[must_use]
    pub const fn field(&self) -> Option<RegisterField> {
        match self {
            Self::Field { field, .. } => Some(*field),
            _ => None,
        }
    }
}

fn heading(reasons: usize) -> String {
    let count = if reasons == 1 {
        "1 reason".to_owned()
    } else {
        format!("{reasons} reasons")
    };
    format!("the guest cannot run on this host, for {count}:")
}
