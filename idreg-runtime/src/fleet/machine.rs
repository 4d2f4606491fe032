//! The facts of machines that no ID register has, compared between the hosts of a fleet.

use super::kinds::Kind;
use super::options;
use crate::config::Gic;
use crate::firmware::{FirmwareRegister, FirmwareSetting, FirmwareValues};
use crate::host::Host;
use crate::model::property::PMU_COUNTERS;
use crate::tolerance::Tolerance;
use core::fmt;

/// A fact about a machine apart from its ID registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MachineFact {
    /// The generic timer's frequency, CNTFRQ_EL0.
    TimerFrequency,
    /// The VM's interrupt controller.
    Gic,
    /// Guests with EL2, the option `el2`.
    El2,
    /// The SVE vector lengths.
    VectorLengths,
    /// The number of event counters of the PMU.
    PmuCounters,
    /// The maximum number of bits of guest physical addresses.
    PhysicalAddressBits,
    /// A firmware register of KVM.
    Firmware(FirmwareRegister),
}

/// A fact that is not the same on all hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MachineDifference {
    /// The fact.
    pub fact: MachineFact,
    /// Each value in readable form, with the positions of the kinds that have it.
    pub values: Vec<(String, Vec<usize>)>,
    /// The way to one model in spite of it, or `None` if there is none.
    pub remedy: Option<Remedy>,
}

/// The way in which hosts that differ in a fact can still share a model.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// The instruction by which guests see the same on all hosts.
    Equal(String),
    /// The value of a firmware register that all hosts take, for guests that may run on each.
    Firmware(FirmwareSetting),
    /// Guests see the host's level of a mitigation, as KVM compares the level that a VMM writes
    /// with the host's but does not store it (Linux 7.2, `arch/arm64/kvm/hypercalls.c`,
    /// `kvm_arm_set_fw_reg`). It refuses the guest of a host with a higher level.
    OneWay,
    /// The level of a mitigation is [tolerated](crate::tolerance::Tolerance::covers_level): guests
    /// can go to all hosts and see the level of the one that they started on.
    Tolerated,
}

impl MachineDifference {
    /// The way to one model in spite of it in words, or that there is none.
    #[must_use]
    pub fn advice(&self) -> String {
        let remedy = self.remedy.as_ref();
        remedy.map_or_else(|| "no VMM can change it".to_owned(), Remedy::to_string)
    }
}

impl MachineFact {
    /// A stable name for programs: `timer-frequency`, `gic`, `el2`, `vector-lengths`,
    /// `pmu-counters`, `physical-address-bits`, or the firmware register's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TimerFrequency => "timer-frequency",
            Self::Gic => "gic",
            Self::El2 => "el2",
            Self::VectorLengths => "vector-lengths",
            Self::PmuCounters => "pmu-counters",
            Self::PhysicalAddressBits => "physical-address-bits",
            Self::Firmware(register) => register.name(),
        }
    }
}

/// The differences between kinds, those that nothing can make equal first.
pub(super) fn differences(kinds: &[&Kind], tolerance: &Tolerance) -> Vec<MachineDifference> {
    let mut differences = vec![
        timer(kinds),
        interrupt_controller(kinds),
        guest_hypervisors(kinds),
        vectors(kinds),
        counters(kinds),
        addresses(kinds),
    ];
    let firmware = |register| firmware(kinds, register, tolerance);
    differences.extend(FirmwareRegister::ALL.map(firmware));
    let mut differences: Vec<MachineDifference> = differences.into_iter().flatten().collect();
    differences.sort_by_key(|difference| difference.remedy.is_some());
    differences
}

/// Groups kinds by a value that is known on them; `None` if it is the same on all.
fn grouped<T: PartialEq>(
    kinds: &[&Kind],
    value: impl Fn(&Host) -> Option<T>,
) -> Option<Vec<(T, Vec<usize>)>> {
    let mut groups: Vec<(T, Vec<usize>)> = Vec::new();
    for (position, kind) in kinds.iter().enumerate() {
        let Some(value) = value(kind.host()) else {
            continue;
        };
        match groups.iter_mut().find(|(known, _)| *known == value) {
            Some((_, positions)) => positions.push(position),
            None => groups.push((value, vec![position])),
        }
    }
    (groups.len() > 1).then_some(groups)
}

fn shown<T>(groups: Vec<(T, Vec<usize>)>, show: impl Fn(T) -> String) -> Vec<(String, Vec<usize>)> {
    let groups = groups.into_iter();
    groups
        .map(|(value, positions)| (show(value), positions))
        .collect()
}

fn timer(kinds: &[&Kind]) -> Option<MachineDifference> {
    let known = |host: &Host| Some(host.info().timer_frequency).filter(|hertz| *hertz != 0);
    Some(MachineDifference {
        fact: MachineFact::TimerFrequency,
        values: shown(grouped(kinds, known)?, |hertz| format!("{hertz} Hz")),
        remedy: None,
    })
}

fn interrupt_controller(kinds: &[&Kind]) -> Option<MachineDifference> {
    let groups = grouped(kinds, |host| Some(host.info().vcpu.gic))?;
    let show = |gic: Option<Gic>| gic.map_or_else(|| "none".to_owned(), |gic| gic.to_string());
    Some(MachineDifference {
        fact: MachineFact::Gic,
        values: shown(groups, show),
        remedy: None,
    })
}

/// KVM shows other registers to a guest with EL2, and no host file has both.
fn guest_hypervisors(kinds: &[&Kind]) -> Option<MachineDifference> {
    let groups = grouped(kinds, |host| Some(host.info().vcpu.el2))?;
    Some(MachineDifference {
        fact: MachineFact::El2,
        values: shown(groups, |on| format!("el2={}", crate::text::on_off(on))),
        remedy: None,
    })
}

/// Vector lengths never prevent a model: the option limits or hides them.
fn vectors(kinds: &[&Kind]) -> Option<MachineDifference> {
    let groups = grouped(kinds, |host| Some(host.info().sve_vector_lengths.clone()))?;
    let show = |lengths: Vec<u32>| match lengths.as_slice() {
        [] => "none".to_owned(),
        lengths => crate::text::comma_list(lengths),
    };
    Some(MachineDifference {
        fact: MachineFact::VectorLengths,
        values: shown(groups, show),
        remedy: Some(Remedy::Equal(
            "the model's options `sve` and `sve<bits>`".to_owned(),
        )),
    })
}

/// Event counters never prevent a model: the option lowers them where KVM does, or the PMU is off.
fn counters(kinds: &[&Kind]) -> Option<MachineDifference> {
    let groups = grouped(kinds, options::counters)?;
    let common = options::common(kinds.iter().map(|kind| kind.host()));
    let remedy = match common.pmu_counters {
        Some(counters) => format!("the model's option `{PMU_COUNTERS}={counters}`"),
        None => "the model's option `pmu=off`".to_owned(),
    };
    Some(MachineDifference {
        fact: MachineFact::PmuCounters,
        values: shown(groups, |counters| counters.to_string()),
        remedy: Some(Remedy::Equal(remedy)),
    })
}

fn addresses(kinds: &[&Kind]) -> Option<MachineDifference> {
    let groups = grouped(kinds, |host| host.info().physical_address_bits)?;
    let least = groups.iter().map(|(bits, _)| *bits).min()?;
    Some(MachineDifference {
        fact: MachineFact::PhysicalAddressBits,
        values: shown(groups, |bits| bits.to_string()),
        remedy: Some(Remedy::Equal(format!("VMs of at most {least} bits"))),
    })
}

fn firmware(
    kinds: &[&Kind],
    register: FirmwareRegister,
    tolerance: &Tolerance,
) -> Option<MachineDifference> {
    let of_host = |host: &Host| {
        let values = host.info().firmware;
        (!values.is_empty()).then_some(values.get(register))
    };
    let groups = grouped(kinds, of_host)?;
    let remedy = if tolerance.covers_level(register) {
        Some(Remedy::Tolerated)
    } else if register.is_mitigation() {
        Some(Remedy::OneWay)
    } else {
        common_firmware(register, &groups)
    };
    let show = |value: Option<u64>| {
        value.map_or_else(|| "absent".to_owned(), |value| register.show(value))
    };
    Some(MachineDifference {
        fact: MachineFact::Firmware(register),
        values: shown(groups, show),
        remedy,
    })
}

/// The greatest value that every host takes.
fn common_firmware(
    register: FirmwareRegister,
    groups: &[(Option<u64>, Vec<usize>)],
) -> Option<Remedy> {
    let all = groups.iter().map(|(value, _)| *value);
    let shared = all
        .clone()
        .fold(u64::MAX, |bits, value| bits & value.unwrap_or(0));
    let mut candidates: Vec<u64> = all.clone().flatten().chain([shared, 0]).collect();
    candidates.sort_unstable();
    let is_accepted = |value: &u64| all.clone().all(|host| register.check(host, *value).is_ok());
    let value = candidates.into_iter().rev().find(is_accepted)?;
    Some(Remedy::Firmware(FirmwareSetting { register, value }))
}

/// The firmware registers that guests of hosts with these differences start with.
pub(super) fn common_values(differences: &[MachineDifference]) -> FirmwareValues {
    let mut values = FirmwareValues::default();
    for difference in differences {
        if let Some(Remedy::Firmware(setting)) = difference.remedy {
            values.set(setting.register, setting.value);
        }
    }
    values
}

/// Shows the way to one model, such as `equal with VMs of at most 40 bits`.
impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal(instruction) => write!(f, "equal with {instruction}"),
            Self::Firmware(setting) => write!(
                f,
                "equal with `--firmware {setting}`, which the VMM writes before a guest first runs"
            ),
            Self::OneWay => f.write_str(
                "guests can only go to hosts of the same or a higher level, unless it is tolerated \
                 (`--tolerate mitigations`)",
            ),
            Self::Tolerated => f.write_str(
                "tolerated: guests can go to all hosts, and may count on a mitigation that a host \
                 does not have",
            ),
        }
    }
}

/// Shows the name.
impl fmt::Display for MachineFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimerFrequency => "the timer's frequency (CNTFRQ_EL0)",
            Self::Gic => "the interrupt controller",
            Self::El2 => "the option el2",
            Self::PmuCounters => "the number of PMU event counters (PMCR_EL0.N)",
            Self::VectorLengths => "the SVE vector lengths in bits",
            Self::PhysicalAddressBits => "the bits of guest physical addresses",
            Self::Firmware(register) => register.name(),
        })
    }
}
