//! PMCR_EL0 as KVM handles it (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `get_pmcr` and `set_pmcr`).

use crate::config::pmu_counters::{check_pmu_counters, pmu_counters, with_pmu_counters};
use crate::host::Host;
use std::collections::BTreeMap;

/// The bits of PMCR_EL0 beside N that KVM stores (Linux 7.2, `include/linux/perf/arm_pmuv3.h`,
/// `ARMV8_PMU_PMCR_MASK`).
const STORED: u64 = 0xff;

/// The state of the PMUs of a VM.
#[derive(Debug, Default)]
pub(super) struct Pmu {
    /// The number of event counters, which all vCPUs share.
    counters: u32,
    /// The other bits of each vCPU's PMCR_EL0, by its index. Before Linux 6.7 they have the number
    /// as well.
    own: BTreeMap<u32, u64>,
}

impl Pmu {
    /// The PMUs of a new VM: without counters if the host's number is unknown.
    pub(super) fn new(host: &Host) -> Self {
        Self {
            counters: host.info().pmu_counters.unwrap_or(0),
            own: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, host: &Host, vcpu: u32) -> u64 {
        let own = self.own.get(&vcpu).copied();
        match own {
            Some(whole) if !host.info().capabilities.writable_masks => whole,
            _ => with_pmu_counters(own.unwrap_or(0), self.counters),
        }
    }

    /// Stores a value; a number that KVM does not take changes nothing and is no error. Before
    /// Linux 6.7, which has the masks, the register has no setter, so KVM stores any value.
    pub(super) fn set(&mut self, host: &Host, has_run: bool, vcpu: u32, value: u64) {
        let info = host.info();
        if !info.capabilities.writable_masks {
            self.own.insert(vcpu, value);
            return;
        }
        let counters = pmu_counters(value);
        let taken = check_pmu_counters(
            info.pmu_counters,
            &info.capabilities,
            info.vcpu.el2,
            counters,
        );
        if !has_run && taken.is_ok() {
            self.counters = counters;
        }
        self.own.insert(vcpu, value & STORED);
    }
}
