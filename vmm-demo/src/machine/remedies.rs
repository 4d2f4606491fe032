//! The ways in which a guest could have run on a host that refuses it.

use idreg_runtime::firmware::FirmwareValues;
use idreg_runtime::fleet::LoweredModel;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::tolerance::Tolerance;
use idreg_runtime::view::{Incompatible, View};

/// The arguments of `vmm-demo run` for a model and firmware registers.
#[must_use]
pub fn run_arguments(model: &CpuModel, firmware: &FirmwareValues) -> String {
    let settings = firmware.settings();
    let settings = settings.map(|setting| format!(" --firmware {setting}"));
    format!("--cpu {model}{}", settings.collect::<String>())
}

/// The ways in which a guest could have run on a host: the model to start with, the tolerance, or
/// the command that searches for a model with the files of both hosts. There is at least one.
#[must_use]
pub fn remedies(
    error: &Incompatible,
    host: &Host,
    view: &View,
    tolerance: &Tolerance,
) -> Vec<String> {
    let mut found = known_remedies(error, host, view, tolerance);
    if found.is_empty() {
        found.push(
            "`idreg baseline SOURCE.json DESTINATION.json`, with the `idreg dump --json` of both \
             hosts, searches for a model that fits both"
                .to_owned(),
        );
    }
    found
}

/// The models to start with and the tolerance with which a guest could have run on a host; none if
/// none is known.
#[must_use]
pub fn known_remedies(
    error: &Incompatible,
    host: &Host,
    view: &View,
    tolerance: &Tolerance,
) -> Vec<String> {
    let lowered = LoweredModel::new(host, view, tolerance);
    let lowered = lowered.map(|lowered| start_with(&lowered, "", host, view));
    let found: Vec<String> = lowered.into_iter().chain(error.remedy()).collect();
    if !found.is_empty() {
        return found;
    }
    let both = with_more_tolerance(error, host, view, tolerance);
    both.into_iter().collect()
}

/// The model to start with in words, before a condition that only the guest's first host knows.
fn start_with(lowered: &LoweredModel, tolerance: &str, host: &Host, view: &View) -> String {
    let arguments = run_arguments(lowered.model(), lowered.firmware());
    let kernel = &view.info().kernel_release;
    let is_known = *kernel == host.info().kernel_release || *lowered.model() == view.info().model;
    let condition = if is_known {
        String::new()
    } else {
        format!(", if kernel {kernel} of its first host allows the model (`idreg check`)")
    };
    format!("a guest that starts with `{arguments}` fits both hosts{tolerance}{condition}")
}

/// The model to start with and what must be tolerated beside, in words.
fn with_more_tolerance(
    error: &Incompatible,
    host: &Host,
    view: &View,
    tolerance: &Tolerance,
) -> Option<String> {
    let mut more = tolerance.clone();
    let has_mitigations = !error.tolerable_mitigations().is_empty();
    if !error.tolerable().is_empty() {
        more.allow_el2();
    }
    if has_mitigations {
        more.allow_mitigations();
    }
    if more == *tolerance {
        return None;
    }
    let lowered = LoweredModel::new(host, view, &more)?;
    let unprotected = if has_mitigations {
        " and then counts on mitigations that the other host does not have"
    } else {
        ""
    };
    let tolerance = format!(" with `--tolerate {more}`{unprotected}");
    Some(start_with(&lowered, &tolerance, host, view))
}
