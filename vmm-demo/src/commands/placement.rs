//! Guests on hosts: the model for a guest that fits, and the reasons for one that does not.

use crate::machine::remedies::run_arguments;
use crate::output::json::ranges;
use crate::output::list::lines;
use idreg_runtime::firmware::FirmwareValues;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::{Plan, Warning};
use idreg_runtime::tolerance::Tolerance;
use idreg_runtime::view::{Incompatibility, Incompatible, View};
use serde::Serialize;
use std::collections::BTreeMap;

/// A guest's place on a host, or the reasons why it has none.
pub(super) type Placement = Result<FittingGuest, Incompatible>;

/// A guest on a host that it fits.
#[derive(Debug)]
pub(super) struct FittingGuest {
    /// The model that makes the guest's registers on this host.
    pub(super) model: CpuModel,
    /// The firmware registers in which the guest differs from a new VM of this host.
    pub(super) firmware: FirmwareValues,
    pub(super) warnings: Vec<Warning>,
}

/// Judges if a guest fits a host.
pub(super) fn judge(host: &Host, view: &View, tolerance: &Tolerance) -> Placement {
    let plan = Plan::for_view_with(host, view, tolerance)?;
    Ok(FittingGuest {
        model: plan.shortest_model(host),
        firmware: *plan.firmware(),
        warnings: plan.warnings().to_vec(),
    })
}

impl FittingGuest {
    /// The firmware registers as settings for `--firmware`.
    pub(super) fn settings(&self) -> impl Iterator<Item = String> + '_ {
        let settings = self.firmware.settings();
        settings.map(|setting| setting.to_string())
    }

    /// The arguments of `vmm-demo run` with which the guest is the same on this host.
    pub(super) fn arguments(&self) -> String {
        run_arguments(&self.model, &self.firmware)
    }

    /// The warnings about what differs as tolerated.
    pub(super) fn tolerated(&self) -> impl Iterator<Item = &Warning> {
        let warnings = self.warnings.iter();
        warnings.filter(|warning| warning.is_tolerated())
    }
}

/// A placement in JSON.
#[derive(Debug, Serialize)]
pub(super) struct PlacementEntry {
    fits: bool,
    /// The model for `--cpu`, or `None` if the guest does not fit.
    cpu: Option<String>,
    /// The settings for `--firmware`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    firmware: Vec<String>,
    warnings: Vec<WarningEntry>,
    reasons: Vec<ReasonEntry>,
}

#[derive(Debug, Serialize)]
struct WarningEntry {
    kind: String,
    message: String,
}

/// A reason why a guest cannot run on a host.
#[derive(Debug, Serialize)]
struct ReasonEntry {
    reason: &'static str,
    /// The field, for a reason of one field.
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<String>,
    /// The guest's value of the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    guest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed: Vec<String>,
    message: String,
}

impl PlacementEntry {
    pub(super) fn new(placement: &Placement) -> Self {
        match placement {
            Ok(place) => Self {
                fits: true,
                cpu: Some(place.model.to_string()),
                firmware: place.settings().collect(),
                warnings: place.warnings.iter().map(WarningEntry::of).collect(),
                reasons: Vec::new(),
            },
            Err(error) => Self::of_reasons(error),
        }
    }

    pub(super) fn of_reasons(error: &Incompatible) -> Self {
        Self {
            fits: false,
            cpu: None,
            firmware: Vec::new(),
            warnings: Vec::new(),
            reasons: error.reasons.iter().map(ReasonEntry::of).collect(),
        }
    }
}

impl WarningEntry {
    fn of(warning: &Warning) -> Self {
        Self {
            kind: warning.name().to_owned(),
            message: warning.to_string(),
        }
    }
}

impl ReasonEntry {
    fn of(reason: &Incompatibility) -> Self {
        let mut entry = Self {
            reason: reason.name(),
            property: reason.field().map(|field| field.to_string()),
            guest: None,
            host: None,
            allowed: Vec::new(),
            message: reason.to_string(),
        };
        if let Incompatibility::Field {
            view,
            host,
            allowed,
            ..
        } = reason
        {
            entry.guest = Some(format!("{view:#x}"));
            entry.host = Some(format!("{host:#x}"));
            entry.allowed = ranges(allowed);
        }
        entry
    }
}

/// The first reasons, the number of the others, and what would have worked.
pub(super) fn reasons(error: &Incompatible, remedies: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = error.reasons.iter().take(SHOWN);
    let mut text: Vec<String> = shown.map(|reason| format!("  {reason}")).collect();
    match error.reasons.len().saturating_sub(SHOWN) {
        0 => {}
        more => text.push(format!("  and {more} more; --json lists all")),
    }
    text.extend(
        remedies
            .iter()
            .map(|remedy| format!("  possible: {remedy}")),
    );
    lines(text)
}

/// `1 reason`, `2 reasons` and so on.
pub(super) fn count_of_reasons(error: &Incompatible) -> String {
    match error.reasons.len() {
        1 => "1 reason".to_owned(),
        count => format!("{count} reasons"),
    }
}

/// Warnings of many placements, each message once.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    /// The first host and the number of others with a message.
    by_message: BTreeMap<String, (String, u64)>,
}

impl Warnings {
    /// Adds the warnings of a place, except for what is tolerated, which is printed with the place.
    pub(super) fn add(&mut self, host: &str, place: &FittingGuest) {
        let others = place.warnings.iter();
        let others = others.filter(|warning| !warning.is_tolerated());
        for warning in others {
            self.add_message(host, warning.to_string());
        }
    }

    /// Adds a message about a host, or about a guest there.
    pub(super) fn add_message(&mut self, place: &str, message: String) {
        let first = self.by_message.entry(message);
        let first = first.and_modify(|(_, others)| *others += 1);
        first.or_insert_with(|| (place.to_owned(), 0));
    }

    /// The messages, each with its hosts.
    pub(super) fn messages(&self) -> Vec<String> {
        let by_message = self.by_message.iter();
        by_message
            .map(|(message, (host, others))| match others {
                0 => format!("{host}: {message}"),
                others => format!("{host} and {others} more: {message}"),
            })
            .collect()
    }
}
