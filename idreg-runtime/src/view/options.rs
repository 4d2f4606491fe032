//! Compares the options of a guest's VM with those that a host was read with.

use super::{Incompatibility, View};
use crate::config::VcpuConfig;
use crate::config::options::{CpuOption, OptionSetting};
use crate::config::pmu_counters::check_pmu_counters;
use crate::description::rule::Owner;
use crate::host::{Host, NotDerivable};

/// The host as its vCPUs are with a guest's options.
pub(super) struct Configured {
    pub(super) host: Host,
    /// The options that the host cannot have as the guest has them.
    differing: Vec<CpuOption>,
}

impl Configured {
    /// Configures a host like a guest's VM, as far as that is possible; what is not is reported.
    pub(super) fn new(host: &Host, view: &View, reasons: &mut Vec<Incompatibility>) -> Self {
        let (has, wants) = (host.info().vcpu, view.info().vcpu);
        let mut config = VcpuConfig {
            gic: has.gic,
            sve_limit: None,
            pmu_counters: None,
            ..wants
        };
        let mut differing = Vec::new();
        if has.gic != wants.gic {
            reasons.push(Incompatibility::Gic {
                view: wants.gic,
                host: has.gic,
            });
        }
        for option in CpuOption::SWITCHES {
            let setting = OptionSetting::of(option, wants);
            let capability = option.capability(setting.on, &host.info().capabilities);
            if let Some((capability, false)) = capability {
                reasons.push(Incompatibility::NoCapability {
                    setting,
                    capability,
                });
                set(&mut config, OptionSetting::of(option, has));
                differing.push(option);
            }
        }
        loop {
            match host.reconfigured(config) {
                Ok(host) => {
                    let mut configured = Self { host, differing };
                    configured.limit_vectors(view, reasons);
                    configured.lower_counters(view, reasons);
                    return configured;
                }
                Err(NotDerivable { read_with }) if !differing.contains(&read_with.option) => {
                    reasons.push(Incompatibility::NotRead { read_with });
                    set(&mut config, read_with);
                    differing.push(read_with.option);
                }
                // The host as it was read can always be derived from itself.
                Err(_) => config = has,
            }
        }
    }

    /// True if the field's value follows from an option that the host cannot have.
    pub(super) fn follows_from_other_option(&self, owner: Option<Owner>) -> bool {
        let option = owner.and_then(CpuOption::of);
        option.is_some_and(|option| self.differing.contains(&option))
    }

    /// Limits the vectors to the guest's longest one. KVM gives a guest every length of the host up
    /// to a maximum (Linux 7.2, `arch/arm64/kvm/guest.c`, `set_sve_vls`).
    fn limit_vectors(&mut self, view: &View, reasons: &mut Vec<Incompatibility>) {
        let (lengths, config) = (&view.info().sve_vector_lengths, self.host.info().vcpu);
        let Some(longest) = lengths.last().filter(|_| config.sve) else {
            return;
        };
        let of_host = &self.host.info().sve_vector_lengths;
        let within = of_host.iter().filter(|bits| *bits <= longest);
        if !within.eq(lengths) {
            reasons.push(Incompatibility::VectorLengths {
                view: lengths.clone(),
                host: of_host.clone(),
            });
            return;
        }
        let has_longer = of_host.last() > Some(longest);
        let limited = VcpuConfig {
            sve_limit: has_longer.then_some(*longest),
            ..config
        };
        if let Ok(host) = self.host.reconfigured(limited) {
            self.host = host;
        }
    }

    /// Lowers the number of event counters to the guest's.
    fn lower_counters(&mut self, view: &View, reasons: &mut Vec<Incompatibility>) {
        let info = self.host.info();
        let counters = view.info().pmu_counters.filter(|_| info.vcpu.pmu);
        let (Some(counters), Some(of_host)) = (counters, info.pmu_counters) else {
            return;
        };
        let (capabilities, el2) = (&info.capabilities, info.vcpu.el2);
        if let Err(obstacle) = check_pmu_counters(Some(of_host), capabilities, el2, counters) {
            reasons.push(Incompatibility::PmuCounters {
                view: counters,
                host: of_host,
                obstacle,
                kernel: info.kernel_release.clone(),
            });
            return;
        }
        let lowered = VcpuConfig {
            pmu_counters: (counters != of_host).then_some(counters),
            ..info.vcpu
        };
        if let Ok(host) = self.host.reconfigured(lowered) {
            self.host = host;
        }
    }
}

fn set(config: &mut VcpuConfig, setting: OptionSetting) {
    let OptionSetting { option, on } = setting;
    match option {
        CpuOption::Sve => config.sve = on,
        // No value of a register follows from the execution state.
        CpuOption::SveLength(_) | CpuOption::Aarch64 => {}
        CpuOption::Pauth => config.pauth = on,
        CpuOption::Pmu => config.pmu = on,
        CpuOption::Mte => config.mte = on,
        CpuOption::El2 => config.el2 = on,
    }
}
