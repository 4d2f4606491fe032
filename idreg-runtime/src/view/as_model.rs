//! Views as named models.

use super::View;
use crate::config::VcpuConfig;
use crate::model::named::{InvalidModelName, ModelIdentity, NamedModel, is_hosts_own};

impl NamedModel {
    /// Makes version 1 of a model of the values that a guest sees, on its first vCPU.
    ///
    /// The fields of audience `el2` and the registers that identify the implementation stay the
    /// host's.
    ///
    /// # Errors
    ///
    /// [`InvalidModelName`] if no model can have the name.
    pub fn of_view(name: &str, view: &View) -> Result<Self, InvalidModelName> {
        let info = view.info();
        let identity = ModelIdentity {
            name: name.to_owned(),
            version: 1,
            description: format!("A guest on kernel {}", info.kernel_release),
            sources: vec![format!(
                "A guest of {}, {}, on kernel {}",
                info.model, info.vcpu, info.kernel_release
            )],
            deprecated: false,
        };
        let config = VcpuConfig {
            sve_limit: info.sve_vector_lengths.last().copied(),
            pmu_counters: info.pmu_counters,
            ..info.vcpu
        };
        let first = view.vcpu(0).map(|vcpu| vcpu.values);
        let values = first.as_ref().unwrap_or(view.common());
        Self::new(identity, config, values, is_hosts_own)
    }
}
