//! Contradictions between the members of a host file: no host has such values.

use super::parsed::MAX_CPUS;
use crate::config::options::{SVE_MAX_BITS, SVE_QUADWORD_BITS, sve_lengths};
use crate::config::pmu_counters::MOST_PMU_COUNTERS;
use crate::host::Host;
use crate::text::{Printable, is_printable};
use std::collections::BTreeSet;

/// The maximum length of a kernel's release (Linux 7.2, `include/uapi/linux/utsname.h`,
/// `__NEW_UTS_LEN`).
const MAX_RELEASE: usize = 64;

impl Host {
    /// The first contradiction between the host's values, or `None`.
    pub(super) fn contradiction(&self) -> Option<String> {
        self.bad_release()
            .or_else(|| self.bad_vector_lengths())
            .or_else(|| self.bad_options())
            .or_else(|| self.bad_counters())
            .or_else(|| self.bad_registers())
            .or_else(|| self.bad_implementations())
            .or_else(|| self.bad_cores())
    }

    fn bad_release(&self) -> Option<String> {
        let release = &self.info.kernel_release;
        let is_release = release.len() <= MAX_RELEASE && release.chars().all(is_printable);
        (!is_release).then(|| {
            format!(
                "`kernel_release` is `{}`, expected a release of up to {MAX_RELEASE} bytes without \
                 control characters",
                Printable(release)
            )
        })
    }

    fn bad_vector_lengths(&self) -> Option<String> {
        let lengths = &self.info.sve_vector_lengths;
        if !lengths.iter().copied().all(is_length)
            || !lengths.is_sorted_by(|length, next| length < next)
        {
            return Some(format!(
                "`sve_vector_lengths` is not made of multiples of {SVE_QUADWORD_BITS} up to \
                 {SVE_MAX_BITS}, ascending"
            ));
        }
        match lengths.first() {
            None if self.info.vcpu.sve => Some(
                "`vcpu.sve` is true, but `sve_vector_lengths` is empty; add the lengths, or set \
                 `vcpu.sve` to false"
                    .to_owned(),
            ),
            Some(first) if *first != SVE_QUADWORD_BITS => Some(format!(
                "`sve_vector_lengths` is without {SVE_QUADWORD_BITS}, which every CPU with SVE has"
            )),
            Some(_) if !self.info.capabilities.sve => {
                Some("`sve_vector_lengths` has lengths, but `capabilities.sve` is false".to_owned())
            }
            _ => None,
        }
    }

    fn bad_options(&self) -> Option<String> {
        let (vcpu, has) = (self.info.vcpu, self.info.capabilities);
        let options = [
            ("sve", vcpu.sve, "sve", has.sve),
            ("pauth", vcpu.pauth, "pauth", has.pauth),
            ("pmu", vcpu.pmu, "pmu", has.pmu),
            ("mte", vcpu.mte, "mte", has.mte),
            ("el2", vcpu.el2, "el2", has.el2),
            ("aarch32", vcpu.aarch32, "el1_32bit", has.el1_32bit),
        ];
        let mut without = options.iter().filter(|(_, on, _, has)| *on && !has);
        if let Some((option, _, capability, _)) = without.next() {
            return Some(format!(
                "`vcpu.{option}` is true, but `capabilities.{capability}` is false"
            ));
        }
        let is_limit = |limit: &u32| vcpu.sve && is_length(*limit);
        if let Some(limit) = vcpu.sve_limit.filter(|limit| !is_limit(limit)) {
            return Some(format!(
                "`vcpu.sve_limit` is {limit}, expected a multiple of {SVE_QUADWORD_BITS} up to \
                 {SVE_MAX_BITS}, with `vcpu.sve`"
            ));
        }
        // Linux 7.2, arch/arm64/kvm/arm.c, kvm_vcpu_init_check_features.
        (vcpu.aarch32 && (vcpu.mte || vcpu.el2)).then(|| {
            "`vcpu.aarch32` is true together with `mte` or `el2`, which KVM never allows".to_owned()
        })
    }

    fn bad_counters(&self) -> Option<String> {
        let vcpu = self.info.vcpu;
        let members = [
            ("pmu_counters", self.info.pmu_counters),
            ("vcpu.pmu_counters", vcpu.pmu_counters),
        ];
        let mut known = members
            .into_iter()
            .filter_map(|(name, counters)| Some((name, counters?)));
        let (name, counters) =
            known.find(|(_, counters)| !vcpu.pmu || *counters > MOST_PMU_COUNTERS)?;
        Some(format!(
            "`{name}` is {counters}, expected a number up to {MOST_PMU_COUNTERS}, with `vcpu.pmu`"
        ))
    }

    fn bad_registers(&self) -> Option<String> {
        if self.values.iter().next().is_none() {
            return Some("`registers` has no register that this version knows".to_owned());
        }
        let mut registers = self.values.iter();
        let writable = registers.find(|(register, _)| self.writable(register) != 0);
        let (register, _) = writable.filter(|_| !self.info.capabilities.writable_masks)?;
        Some(format!(
            "register {}: `writable` is not 0, but `capabilities.writable_masks` is false, with \
             which no bit is writable",
            register.name
        ))
    }

    fn bad_implementations(&self) -> Option<String> {
        let cpus = self.info.implementations.iter().map(|cpu| cpu.cpu);
        bad_cpus(cpus, "implementations")
    }

    fn bad_cores(&self) -> Option<String> {
        if self.cores.iter().any(|core| core.cpus.is_empty()) {
            return Some("`cores` has a type without `cpus`; remove it".to_owned());
        }
        let cpus = self.cores.iter().flat_map(|core| &core.cpus);
        bad_cpus(cpus.copied(), "cores")
    }
}

/// The message about a CPU that is listed twice or that no kernel has.
fn bad_cpus(cpus: impl Iterator<Item = u32>, member: &str) -> Option<String> {
    let mut known = BTreeSet::new();
    for cpu in cpus {
        if cpu as usize >= MAX_CPUS {
            return Some(format!(
                "`{member}` has CPU {cpu}, and Linux numbers CPUs from 0 to {}",
                MAX_CPUS - 1
            ));
        }
        if !known.insert(cpu) {
            return Some(format!(
                "`{member}` has CPU {cpu} twice; a CPU has one type"
            ));
        }
    }
    None
}

fn is_length(bits: u32) -> bool {
    sve_lengths().any(|length| length == bits)
}
