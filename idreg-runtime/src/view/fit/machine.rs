//! Judges the parts of a guest's machine beside its ID registers.

use super::Judge;
use crate::config::Gic;
use crate::config::target::TargetCpu;
use crate::firmware::FirmwareRegister;
use crate::host::Implementation;
use crate::plan::{ToleratedMitigation, Warning};
use crate::register::{FieldValue, RegisterValue};
use crate::regs::id_aa64pfr1_el1::Ssbs;
use crate::regs::{ClidrEl1, CtrEl0, MidrEl1};
use crate::values::RegisterValues;
use crate::view::Incompatibility;

impl Judge<'_> {
    /// Compares caches, timer, address size, firmware registers and target CPUs; warns if the guest
    /// does not know the host's CPUs.
    pub(super) fn beside_registers(&mut self) -> Option<Warning> {
        self.caches();
        self.machine();
        self.gic();
        self.firmware();
        self.target_cpus()
    }

    /// Compares cache levels and the lengths of cache lines with those of the host.
    fn caches(&mut self) {
        let ctr: Option<CtrEl0> = self.host.values().get_as();
        let line = |log2_words: u64| 4_u64 << log2_words;
        let lines = ctr.map(|ctr| [line(ctr.dminline().bits()), line(ctr.iminline().bits())]);
        for (vcpu, reading) in self.vcpus().iter().enumerate() {
            let clidr: Option<ClidrEl1> = reading.values.get_as();
            if let Some(clidr) = clidr
                && self.host.values().get(ClidrEl1::DESCRIPTION) != Some(clidr.bits())
                && !self.host.accepts_cache_levels(clidr)
            {
                self.reasons.push(Incompatibility::ImpliesIdc {
                    vcpu,
                    clidr: clidr.bits(),
                });
            }
            let Some([data, instructions]) = lines else {
                continue;
            };
            for (selection, size) in reading.caches.iter().enumerate() {
                // CSSELR_EL1.InD is bit 0, and CCSIDR_EL1.LineSize log2 of the bytes less 4 (Arm
                // ARM DDI 0487, D24.2.24 and D24.2.37). KVM compares with the shortest line
                // (Linux 7.2, arch/arm64/kvm/sys_regs.c, set_ccsidr).
                let host = if selection & 1 == 0 {
                    data
                } else {
                    instructions
                };
                let view = size.map(|size| 16_u64 << (size & 7));
                if let Some(view) = view.filter(|view| *view < host) {
                    self.reasons.push(Incompatibility::CacheLine {
                        vcpu,
                        selection,
                        view,
                        host,
                    });
                }
            }
        }
    }

    /// Compares the timer and the address size, and tells if the counters cannot be compared.
    fn machine(&mut self) {
        let (view, host) = (self.view.info(), self.host.info());
        match (view.timer_frequency, host.timer_frequency) {
            (0, _) | (_, 0) => self.not_compared.push("the timer's frequency"),
            (view, host) if view != host => {
                self.reasons
                    .push(Incompatibility::TimerFrequency { view, host });
            }
            _ => {}
        }
        if host.vcpu.pmu && (view.pmu_counters.is_none() || host.pmu_counters.is_none()) {
            self.not_compared.push("the number of PMU event counters");
        }
        match (view.physical_address_bits, host.physical_address_bits) {
            (Some(view), Some(host)) if view > host => {
                self.reasons
                    .push(Incompatibility::PhysicalAddressBits { view, host });
            }
            (Some(_), Some(_)) => {}
            _ => self.not_compared.push("the physical address bits"),
        }
    }

    /// Compares the identities of the GICs, if both are GICv3.
    fn gic(&mut self) {
        let (view, host) = (self.view.info(), self.host.info());
        if (view.vcpu.gic, host.vcpu.gic) != (Some(Gic::V3), Some(Gic::V3)) {
            return;
        }
        self.gic_identity = host.gic.differing(view.gic);
        if view.gic.is_unknown() || host.gic.is_unknown() {
            self.not_compared.push("the identity of the GIC");
        }
        let refused = host.gic.refused(view.gic).into_iter();
        self.reasons
            .extend(refused.map(
                |(register, view, host, obstacle)| Incompatibility::GicIdentity {
                    register,
                    view,
                    host,
                    obstacle,
                },
            ));
    }

    /// Compares the firmware registers.
    fn firmware(&mut self) {
        let (view, host) = (self.view.info().firmware, self.host.info().firmware);
        if view.is_empty() || host.is_empty() {
            self.not_compared.push("the firmware registers");
            return;
        }
        for (register, value) in view.iter() {
            if register == FirmwareRegister::Workaround2 && self.hides_ssbs() {
                self.not_compared.push(register.name());
                continue;
            }
            let host = host.get(register);
            match register.check(host, value) {
                Ok(()) if host.is_some_and(|host| host != value) => {
                    self.firmware.set(register, value);
                }
                Ok(()) => {}
                Err(obstacle)
                    if obstacle.is_lower_level(register)
                        && self.tolerance.covers_level(register) =>
                {
                    self.mitigations.push(ToleratedMitigation {
                        register,
                        view: value,
                        host,
                    });
                }
                Err(obstacle) => self.reasons.push(Incompatibility::Firmware {
                    register,
                    view: value,
                    host,
                    obstacle,
                }),
            }
        }
    }

    /// True if the guest lacks SSBS that the host has. KVM then offers it a level of
    /// `SMCCC_ARCH_WORKAROUND_2` that no new VM shows (Linux 7.2, `arch/arm64/kvm/hypercalls.c`,
    /// `get_kernel_wa_level`).
    fn hides_ssbs(&self) -> bool {
        let has = |values: &RegisterValues| values.field(Ssbs::FIELD).is_some_and(|ssbs| ssbs != 0);
        has(self.host.values()) && !has(self.view.common())
    }

    /// Compares the CPUs that the guest knows with the host's, and warns if it knows only its own.
    fn target_cpus(&mut self) -> Option<Warning> {
        let told = &self.view.info().target_cpus;
        let cpus = self.host.info().implementations.iter();
        let cpus = cpus.filter_map(|cpu| Some((cpu, cpu.midr?)));
        if cpus.clone().next().is_none() {
            self.not_compared.push("the CPUs");
            return None;
        }
        if told.is_empty() {
            let midr = self.view.common().get(MidrEl1::DESCRIPTION)?;
            let mut host: Vec<u64> = cpus.map(|(_, midr)| midr).collect();
            host.retain(|other| *other != midr);
            host.sort_unstable();
            host.dedup();
            return (!host.is_empty()).then_some(Warning::NotAnnounced { midr, host });
        }
        let mut others: Vec<TargetCpu> = Vec::new();
        for (cpu, midr) in cpus {
            let other = TargetCpu {
                midr,
                revidr: cpu.revidr.unwrap_or(0),
                aidr: cpu.aidr.unwrap_or(0),
            };
            if !told.iter().any(|told| is_told(*told, cpu)) && !others.contains(&other) {
                others.push(other);
            }
        }
        let others = others.into_iter();
        self.reasons
            .extend(others.map(|host| Incompatibility::OtherCpu {
                host,
                told: told.clone(),
            }));
        None
    }
}

/// True if a CPU that the guest was told of has every register of a host's CPU that is known.
fn is_told(told: TargetCpu, cpu: &Implementation) -> bool {
    let is = |known: Option<u64>, told: u64| known.is_none_or(|known| known == told);
    is(cpu.midr, told.midr) && is(cpu.revidr, told.revidr) && is(cpu.aidr, told.aidr)
}
