//! The shortest model that makes a plan.

use super::{Change, Plan};
use crate::config::VcpuConfig;
use crate::config::options::CpuOption;
use crate::host::Host;
use crate::model::CpuModel;
use crate::model::property::{PMU_COUNTERS, whole_register};

impl Plan {
    /// The model with the fewest overrides with which [`Plan::new`] makes this plan on its host,
    /// with the options that differ from those of an ordinary guest or of the host as it was read.
    ///
    /// A plan [for a view](Plan::for_view) keeps the model that its guest was asked for on another
    /// host; this is the one to ask for here.
    ///
    /// ```
    /// # let host = |file| serde_json::from_str::<idreg_runtime::Host>(file);
    /// # let n1 = host(include_str!("../../data/hosts/neoverse-n1-latest.json"))?;
    /// use idreg_runtime::Plan;
    ///
    /// let plan = Plan::new(&n1, &"host,FEAT_LRCPC=off,FEAT_SHA1=on,pmu=off".parse()?)?;
    /// let model = plan.shortest_model(&n1);
    /// assert_eq!(model.to_string(), "host,pmu=off,SYSREG_ID_AA64ISAR1_EL1_LRCPC=0x0");
    /// assert_eq!(Plan::new(&n1, &model)?.expected(), plan.expected());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn shortest_model(&self, host: &Host) -> CpuModel {
        let mut model = CpuModel::host();
        set_options(&mut model, host, self.config);
        for Change { field, new, .. } in &self.changes {
            match whole_register(field.register) {
                Some(property) => {
                    let value = self.expected.get(field.register).unwrap_or(0);
                    model.set_property(property, value);
                }
                None => {
                    model.set_field(*field, *new);
                }
            }
        }
        model
    }
}

/// Sets the options with which a host's vCPUs have a configuration: those that differ from an
/// ordinary guest's, or from those that the host was read with.
pub(crate) fn set_options(model: &mut CpuModel, host: &Host, config: VcpuConfig) {
    let as_read = host.info().vcpu;
    let ordinary = host.info().capabilities.config(as_read.gic);
    for option in CpuOption::SWITCHES {
        let on = option.is_on(config);
        if on != option.is_on(as_read) || on != option.is_on(ordinary) {
            model.switch(option, on);
        }
    }
    let longest = match config.sve_limit {
        // The host was read with a limit below that of the configuration.
        None if as_read.sve_limit.is_some() => host.info().sve_vector_lengths.last().copied(),
        limit => limit,
    };
    if let Some(bits) = longest.filter(|_| config.sve) {
        model.switch(CpuOption::SveLength(bits), true);
    }
    let counters = match config.pmu_counters {
        // The host was read with another number than the configuration's, which is the host's own.
        None if as_read.pmu_counters.is_some() => host.info().pmu_counters,
        counters => counters,
    };
    if let Some(counters) = counters.filter(|_| config.pmu) {
        model.set_property(PMU_COUNTERS, counters.into());
    }
}
