//! The configuration of vCPUs with a model.

use super::{CpuModel, Override};
use crate::config::VcpuConfig;
use crate::config::capabilities::Capabilities;
use crate::config::options::{CpuOption, OptionSetting, SVE_QUADWORD_BITS};

impl CpuModel {
    /// The configuration of a vCPU with this model: `base`, usually the result of `kvm::supported`,
    /// with the model's options.
    ///
    /// Options that the host does not support stay off, and options that exclude each other are
    /// left out; the [`Plan`](crate::plan::Plan) for the model reports them. Read the host with the
    /// result, so that its registers are those of the guest.
    #[must_use]
    pub fn config(&self, base: VcpuConfig, capabilities: &Capabilities) -> VcpuConfig {
        let config = self.requested_config(base, *capabilities);
        // KVM gives none of them with AArch32, so no host could be read; the plan reports the
        // options that conflict.
        if config.aarch32 && (config.mte || config.el2) {
            base
        } else {
            config
        }
    }

    /// The configuration with every requested option that the host supports.
    pub(crate) fn requested_config(
        &self,
        base: VcpuConfig,
        capabilities: Capabilities,
    ) -> VcpuConfig {
        let mut config = base;
        let (mut longest_on, mut shortest_off) = (None, None);
        for OptionSetting { option, on } in self.options() {
            if let Some((_, false)) = option.capability(on, &capabilities) {
                continue;
            }
            match option {
                CpuOption::Sve => config.sve = on,
                CpuOption::SveLength(bits) if on => longest_on = longest_on.max(Some(bits)),
                CpuOption::SveLength(bits) => {
                    shortest_off = Some(shortest_off.map_or(bits, |least: u32| least.min(bits)));
                }
                CpuOption::Pauth => config.pauth = on,
                CpuOption::Pmu => config.pmu = on,
                CpuOption::Mte => config.mte = on,
                CpuOption::Aarch64 => config.aarch32 = !on,
                CpuOption::El2 => config.el2 = on,
            }
        }
        // The longest length that is on; else the length below the shortest that is off.
        let below = shortest_off.map(|bits| bits.saturating_sub(SVE_QUADWORD_BITS));
        config.sve_limit = longest_on.or(below).or(base.sve_limit);
        let counters = self.requested_counters().or(base.pmu_counters);
        config.pmu_counters = counters.filter(|_| config.pmu);
        config
    }

    /// The number of event counters of the PMU that the model sets.
    fn requested_counters(&self) -> Option<u32> {
        let of_base = || self.base.named()?.config().pmu_counters;
        let mut overrides = self.overrides.iter();
        let asked = overrides.find_map(Override::pmu_counters);
        asked.or_else(of_base)
    }

    /// The options that the model sets: those of its base, and of its overrides in their order.
    pub(crate) fn options(&self) -> impl Iterator<Item = OptionSetting> + '_ {
        let overrides = self.overrides().iter().filter_map(Override::option);
        self.base_options().into_iter().chain(overrides)
    }

    /// The options of the base that no override sets. A vector length that an override turns on or
    /// off, and `sve=off`, replace the base's longest length.
    #[must_use]
    pub fn base_options(&self) -> Vec<OptionSetting> {
        let Some(model) = self.base.named() else {
            return Vec::new();
        };
        let is_length = |option| matches!(option, CpuOption::SveLength(_));
        let replaces = |own: OptionSetting, asked: OptionSetting| {
            let off = asked.option == CpuOption::Sve && !asked.on;
            own.option == asked.option || is_length(own.option) && (is_length(asked.option) || off)
        };
        let mut kept = Vec::new();
        for own in model.options() {
            let mut asked = self.overrides.iter().filter_map(Override::option);
            if !asked.any(|asked| replaces(own, asked)) {
                kept.push(own);
            }
        }
        kept
    }
}
