//! Hosts as named models.

use super::Host;
use crate::config::VcpuConfig;
use crate::model::named::{InvalidModelName, ModelIdentity, NamedModel, is_hosts_own};

impl NamedModel {
    /// Makes version 1 of a model of the values that a host gives its guests.
    ///
    /// The fields of audience `el2` and the registers that identify the implementation stay the
    /// host's.
    ///
    /// ```
    /// # let host: idreg_runtime::Host =
    /// #     serde_json::from_str(include_str!("../../data/hosts/neoverse-n1-latest.json"))?;
    /// use idreg_runtime::model::named::{Models, NamedModel};
    /// use idreg_runtime::plan::Plan;
    ///
    /// let model = NamedModel::of_host("rack-7", &host)?;
    /// let mut models = Models::new();
    /// models.add(model)?;
    /// let plan = Plan::new(&host, &models.parse("rack-7-v1")?)?;
    /// assert!(plan.writes().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidModelName`] if no model can have the name.
    pub fn of_host(name: &str, host: &Host) -> Result<Self, InvalidModelName> {
        let info = host.info();
        let kernel = &info.kernel_release;
        let identity = ModelIdentity {
            name: name.to_owned(),
            version: 1,
            description: format!("Guests of a host with kernel {kernel}"),
            sources: vec![format!("A host with kernel {kernel}, {}", info.vcpu)],
            deprecated: false,
        };
        let longest = info.sve_vector_lengths.last().copied();
        let limit = info.vcpu.sve_limit.or(longest);
        let config = VcpuConfig {
            sve_limit: limit.filter(|_| info.vcpu.sve),
            pmu_counters: info.vcpu.pmu_counters.or(info.pmu_counters),
            ..info.vcpu
        };
        Self::new(identity, config, &host.common_values(), is_hosts_own)
    }
}
