//! The number of event counters of the guest's PMU: checks it, writes it and reads it back.

use super::Plan;
use super::apply::ApplyError;
use super::rejection::{OverrideAt, Reason, Rejection};
use super::start::POSITION_OF_COUNTERS;
use crate::config::options::{CpuOption, OptionSetting};
use crate::config::pmu_counters::{
    MOST_PMU_COUNTERS, PMCR, PMCR_EL0, check_pmu_counters, pmu_counters, with_pmu_counters,
};
use crate::host::{Host, ReadError};
use crate::model::property::PMU_COUNTERS;
use crate::model::{CpuModel, NamedModel, Override, Setting};
use crate::vcpu::VcpuRegs;

/// Rejects a number of event counters that guests of a host, with the model's options, cannot have.
pub(super) fn check(host: &Host, model: &CpuModel, rejections: &mut Vec<Rejection>) {
    let overrides = model.overrides().iter().enumerate();
    let mut numbers = overrides.filter_map(|(position, asked)| {
        let counters = asked.pmu_counters()?;
        Some((OverrideAt::new(position, asked), counters))
    });
    if let Some((of, counters)) = numbers.next() {
        let is_number = counters <= MOST_PMU_COUNTERS;
        if let Some(reason) = impossible(host, model, counters).filter(|_| is_number) {
            of.reject_into(rejections, None, reason);
        }
        return;
    }
    let base = model.base().named();
    let of_base = base.and_then(|base| base.config().pmu_counters);
    // Without a PMU the base's number has no effect.
    if let Some(counters) = of_base.filter(|_| host.info().vcpu.pmu) {
        let asked = Override {
            property: PMU_COUNTERS.to_owned(),
            value: Ok(Setting::Number(counters.into())),
        };
        let of = OverrideAt {
            base: base.map(NamedModel::full_name),
            ..OverrideAt::new(POSITION_OF_COUNTERS, &asked)
        };
        if let Some(reason) = impossible(host, model, counters) {
            of.reject_into(rejections, None, reason);
        }
    }
}

/// The reason why guests of a host cannot have a number of counters, or `None` if they can.
fn impossible(host: &Host, model: &CpuModel, counters: u32) -> Option<Reason> {
    let info = host.info();
    if !info.vcpu.pmu {
        return Some(without_pmu(host, model));
    }
    let checked = check_pmu_counters(
        info.pmu_counters,
        &info.capabilities,
        info.vcpu.el2,
        counters,
    );
    let obstacle = checked.err()?;
    Some(Reason::PmuCounters {
        obstacle,
        host: info.pmu_counters,
        kernel: info.kernel_release.clone(),
    })
}

/// The reason why guests of a host have no PMU.
fn without_pmu(host: &Host, model: &CpuModel) -> Reason {
    let on = OptionSetting {
        option: CpuOption::Pmu,
        on: true,
    };
    let info = host.info();
    if let Some((capability, false)) = on.option.capability(on.on, &info.capabilities) {
        return Reason::NoCapability { capability };
    }
    let off = on.opposite();
    if model.options().any(|setting| setting == off) {
        let with = Override {
            property: off.option.to_string(),
            value: Ok(Setting::Switch(off.on)),
        };
        return Reason::Conflict { with };
    }
    Reason::NotRead { read_with: off }
}

impl Plan {
    /// Reads PMCR_EL0 of a vCPU if the plan sets its number of counters.
    pub(super) fn read_pmcr(&self, vcpu: &impl VcpuRegs) -> Result<Option<u64>, ReadError> {
        let read = |_| {
            let register = PMCR;
            vcpu.get(PMCR_EL0)
                .map_err(|source| ReadError { register, source })
        };
        self.config().pmu_counters.map(read).transpose()
    }

    /// Writes the number of counters into a vCPU that has this value of PMCR_EL0, and reads it
    /// back.
    pub(super) fn set_counters(
        &self,
        vcpu: &impl VcpuRegs,
        before: Option<u64>,
    ) -> Result<(), ApplyError> {
        let (Some(counters), Some(before)) = (self.config().pmu_counters, before) else {
            return Ok(());
        };
        if pmu_counters(before) == counters {
            return Ok(());
        }
        vcpu.set(PMCR_EL0, with_pmu_counters(before, counters))
            .map_err(|source| ApplyError::CountersRefused { counters, source })?;
        self.check_counters(vcpu)
    }

    /// Compares the number of counters of a vCPU with the plan's, if it has one.
    pub(super) fn check_counters(&self, vcpu: &impl VcpuRegs) -> Result<(), ApplyError> {
        let found = self.read_pmcr(vcpu)?.map(pmu_counters);
        match (self.config().pmu_counters, found) {
            (Some(expected), Some(found)) if expected != found => {
                Err(ApplyError::Counters { expected, found })
            }
            _ => Ok(()),
        }
    }
}
