//! The options that all hosts of a fleet can have.

use crate::config::VcpuConfig;
use crate::config::options::CpuOption;
use crate::config::pmu_counters::check_pmu_counters;
use crate::host::Host;
use std::borrow::Cow;

/// The options that guests can have on every host: each is on if all hosts were read with it.
///
/// The interrupt controller is no option, and is left out.
pub(super) fn common<'h>(hosts: impl Iterator<Item = &'h Host> + Clone) -> VcpuConfig {
    let all = |has: fn(VcpuConfig) -> bool| hosts.clone().all(|host| has(host.info().vcpu));
    let mut config = VcpuConfig::new()
        .with_sve(all(|config| config.sve))
        .with_pauth(all(|config| config.pauth))
        .with_pmu(all(|config| config.pmu))
        .with_mte(all(|config| config.mte))
        .with_el2(all(|config| config.el2))
        .with_aarch32(all(|config| config.aarch32));
    if config.pmu
        && let Some(least) = hosts.clone().filter_map(counters).min()
    {
        let can_have = |host: &Host| can_have_counters(host, least);
        config.pmu = hosts.clone().all(can_have);
        config.pmu_counters = Some(least).filter(|_| config.pmu);
    }
    if config.sve {
        config.sve_limit = vector_limit(hosts);
        config.sve = config.sve_limit.is_some();
    }
    config
}

/// The number of event counters of a vCPU as its host was read, if it is known.
pub(super) fn counters(host: &Host) -> Option<u32> {
    let info = host.info();
    info.vcpu.pmu_counters.or(info.pmu_counters)
}

/// True if guests of a host can have a number of event counters, or the host's is unknown.
fn can_have_counters(host: &Host, counters: u32) -> bool {
    let info = host.info();
    let (of_host, el2) = (info.pmu_counters, info.vcpu.el2);
    of_host.is_none() || check_pmu_counters(of_host, &info.capabilities, el2, counters).is_ok()
}

/// The longest vector up to which all hosts have the same lengths, in bits, or `None` if they have
/// none in common.
///
/// KVM gives a guest every length of the host up to a maximum (Linux 7.2,
/// `arch/arm64/kvm/guest.c`, `set_sve_vls`).
fn vector_limit<'h>(hosts: impl Iterator<Item = &'h Host> + Clone) -> Option<u32> {
    let lengths = hosts.map(lengths);
    let mut others = lengths.clone();
    let first = others.next()?;
    let within = |of: &[u32], longest: u32| {
        let within = of.iter().copied().filter(move |bits| *bits <= longest);
        within.collect::<Vec<u32>>()
    };
    let is_common = |longest: &u32| {
        let mut others = lengths.clone();
        let expected = within(&first, *longest);
        others.all(|other| within(&other, *longest) == expected)
    };
    first.iter().copied().rev().find(is_common)
}

/// The vector lengths of a vCPU as its host was read.
fn lengths(host: &Host) -> Vec<u32> {
    let info = host.info();
    let limit = info.vcpu.sve_limit.unwrap_or(u32::MAX);
    let lengths = info.sve_vector_lengths.iter().copied();
    lengths.filter(|bits| *bits <= limit).collect()
}

/// Turns an option off.
pub(super) fn turn_off(config: &mut VcpuConfig, option: CpuOption) {
    match option {
        CpuOption::Sve | CpuOption::SveLength(_) => {
            config.sve = false;
            config.sve_limit = None;
        }
        CpuOption::Pauth => config.pauth = false,
        CpuOption::Pmu => {
            config.pmu = false;
            config.pmu_counters = None;
        }
        CpuOption::Mte => config.mte = false,
        CpuOption::El2 => config.el2 = false,
        CpuOption::Aarch64 => config.aarch32 = false,
    }
}

/// A host with these options, its own interrupt controller, and its own setting of what can only be
/// read.
pub(super) fn configured(host: &Host, options: VcpuConfig) -> Cow<'_, Host> {
    let read = host.info().vcpu;
    let longest = lengths(host).last().copied();
    let config = VcpuConfig {
        gic: read.gic,
        el2: read.el2,
        sve_limit: match options.sve_limit {
            // A limit that takes nothing away is none.
            limit if limit == longest => read.sve_limit,
            limit => limit,
        },
        pmu_counters: match options.pmu_counters {
            // Nor is a number that the host's vCPUs have, or one that is not known to be lower.
            _ if host.info().pmu_counters.is_none() => read.pmu_counters,
            least if least == counters(host) => read.pmu_counters,
            least => least,
        }
        .filter(|_| options.pmu),
        ..options
    };
    if config == read {
        return Cow::Borrowed(host);
    }
    // Options were only turned off.
    host.reconfigured(config)
        .map_or(Cow::Borrowed(host), Cow::Owned)
}
