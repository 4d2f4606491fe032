//! The destination's judgement of a guest.

use super::objection::Objection;
use crate::machine::remedies::remedies;
use idreg_runtime::config::VcpuConfig;
use idreg_runtime::config::capabilities::Capabilities;
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use idreg_runtime::tolerance::Tolerance;
use idreg_runtime::view::View;

/// Plans the registers of a guest that arrives at a host.
///
/// # Errors
///
/// Every reason against it; the last one says what would have worked.
pub fn judge(host: &Host, view: &View, tolerance: &Tolerance) -> Result<Plan, Vec<Objection>> {
    Plan::for_view_with(host, view, tolerance).map_err(|error| {
        let reasons = error.reasons.iter();
        let mut objections: Vec<Objection> = reasons
            .map(|reason| Objection::new(reason.to_string()))
            .collect();
        if let Some(last) = objections.pop() {
            let remedies = remedies(&error, host, view, tolerance);
            objections.push(last.but(remedies.join("; or ")));
        }
        objections
    })
}

/// The options of a guest with which a host can be read: those that its KVM offers, with all vector
/// lengths and event counters. The judgement finds what is missing.
#[must_use]
pub const fn offered(guest: VcpuConfig, capabilities: &Capabilities) -> VcpuConfig {
    VcpuConfig::new()
        .with_gic(guest.gic)
        .with_sve(guest.sve && capabilities.sve)
        .with_pauth(guest.pauth && capabilities.pauth)
        .with_pmu(guest.pmu && capabilities.pmu)
        .with_mte(guest.mte && capabilities.mte)
        .with_el2(guest.el2 && capabilities.el2)
        .with_aarch32(guest.aarch32 && capabilities.el1_32bit)
}
