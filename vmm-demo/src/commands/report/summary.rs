//! The part of the page that needs no script: the model, or what stands in the way of one.

use super::coverage::{Curve, Part};
use super::data::PageData;
use super::host_names::HostNames;
use crate::commands::baseline::settings;
use crate::output::escaped;
use crate::output::list::comma_list;
use idreg_runtime::fleet::{Baseline, Fleet, Guest, MachineDifference, NoBaseline, Policy};
use idreg_runtime::plan::consistency::Violation;

/// The facts at the top of the page, in words.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) heading: String,
    /// True if all hosts have a model in common.
    pub(super) has_model: bool,
    /// The part of the fleet that has a model, if all hosts have none.
    pub(super) part: Option<String>,
    pub(super) figures: Vec<Figure>,
    /// The directory of all host files, or nothing.
    pub(super) directory: String,
    /// The options of the model.
    pub(super) options: Option<String>,
    pub(super) reasons: Vec<Fact>,
    /// The facts that are no reasons: mitigations and tolerated fields are in the matrix.
    pub(super) notes: Vec<Notes>,
    /// True if the hosts have a model with `--tolerate el2`.
    pub(super) tolerance_helps: bool,
    /// The number of host files that could not be used.
    pub(super) unusable: u64,
}

/// A number with its name.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) number: u64,
    pub(super) name: &'static str,
}

/// A sentence about a field or a fact.
#[derive(Debug)]
pub(super) struct Fact {
    /// The field or fact, or nothing.
    pub(super) subject: String,
    pub(super) text: String,
}

/// Facts of one kind.
#[derive(Debug)]
pub(super) struct Notes {
    pub(super) heading: String,
    pub(super) facts: Vec<Fact>,
}

/// The number of reasons that are visible at first.
const SHOWN_REASONS: usize = 5;

impl Summary {
    /// The number of reasons that are visible at first: not all but one.
    pub(super) fn shown_reasons(&self) -> usize {
        let all = self.reasons.len();
        if all <= SHOWN_REASONS + 1 {
            all
        } else {
            SHOWN_REASONS
        }
    }

    pub(super) fn new(
        fleet: &Fleet,
        names: &HostNames<'_>,
        policy: &Policy,
        curve: &Curve,
        data: &PageData,
        unusable: u64,
    ) -> Self {
        let reasons = curve.reasons.as_deref();
        let part = curve.part.as_ref();
        let hosts = counted(fleet.host_count(), "host");
        let mut with_el2 = policy.clone();
        with_el2.tolerance.allow_el2();
        Self {
            heading: match (fleet.host_count(), reasons) {
                (1, None) => "One host has its own CPU model".to_owned(),
                (_, None) => format!("{hosts} have a CPU model in common"),
                (_, Some(_)) => format!("{hosts} have no CPU model in common"),
            },
            has_model: reasons.is_none(),
            part: reasons
                .and(part)
                .map(|part| covered_part(fleet, names, part)),
            directory: names.directory(),
            figures: figures(fleet, part, data),
            options: part.map(|part| comma_list(settings(part.baseline.options()))),
            reasons: reasons.map_or(Vec::new(), |reasons| self::reasons(names, reasons)),
            notes: part.map_or(Vec::new(), |part| notes(names, policy, part)),
            tolerance_helps: reasons.is_some() && fleet.baseline(&with_el2).is_ok(),
            unusable,
        }
    }
}

fn figures(fleet: &Fleet, part: Option<&Part>, data: &PageData) -> Vec<Figure> {
    let fields = data.fields.iter();
    let differing = fields.clone().filter(|field| field.differs).count();
    let in_the_way = fields.filter(|field| field.in_the_way).count();
    let mut figures = vec![
        (fleet.host_count(), ["host", "hosts"]),
        (
            fleet.kinds().len() as u64,
            ["kind of hosts", "kinds of hosts"],
        ),
        (
            differing as u64,
            ["field that differs", "fields that differ"],
        ),
    ];
    if in_the_way > 0 {
        figures.push((in_the_way as u64, ["field in the way", "fields in the way"]));
    }
    if let Some(part) = part {
        let values = part.baseline.values();
        let features = values.description().features.iter();
        let features = features.filter(|feature| values.has(*feature)).count();
        figures.push((
            features as u64,
            ["feature in the model", "features in the model"],
        ));
    }
    let figures = figures.into_iter();
    let figures = figures.map(|(number, [one, many])| Figure {
        number,
        name: if number == 1 { one } else { many },
    });
    figures.collect()
}

fn covered_part(fleet: &Fleet, names: &HostNames<'_>, part: &Part) -> String {
    format!(
        "{} of {} {} one if these are left out: {}. The matrix compares all hosts with that \
         model.",
        part.hosts,
        fleet.host_count(),
        if part.hosts == 1 { "has" } else { "have" },
        names.shown(&part.without)
    )
}

/// `1 host`, `2 hosts` and so on.
fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// Every reason why there is no model, facts of machines first.
fn reasons(names: &HostNames<'_>, reasons: &NoBaseline) -> Vec<Fact> {
    let kinds = names.of_kinds();
    let machine = reasons.machine.iter();
    let machine = machine.map(|difference| {
        let show = |kinds: &[usize]| names.shown(kinds);
        fact(difference, show, "no VMM can change it")
    });
    let fields = reasons.impossible.iter().map(|impossible| {
        let subject = impossible.field.to_string();
        let text = impossible.explain(&kinds);
        Fact::split(subject, &text)
    });
    let undescribed = reasons.undescribed.iter().map(|(register, bits)| Fact {
        subject: (*register).to_owned(),
        text: format!("the bits {bits:#x} belong to no field and differ"),
    });
    let unplanned = reasons.unplanned.iter().map(|(kind, error)| Fact {
        subject: names.shown(&[*kind]),
        text: escaped(&error.to_string()),
    });
    let all = machine.chain(fields).chain(undescribed).chain(unplanned);
    all.collect()
}

/// The facts about a model that no matrix shows.
fn notes(names: &HostNames<'_>, policy: &Policy, part: &Part) -> Vec<Notes> {
    let baseline = &part.baseline;
    let machine = baseline.machine().iter().map(|difference| {
        let show = |kinds: &[usize]| names.shown(&part.in_fleet(kinds));
        fact(difference, show, &difference.advice())
    });
    let broken = baseline.inconsistent().iter().map(Violation::to_string);
    let mut notes = vec![
        Notes {
            heading: "Differences of the machines, and the way to one model".to_owned(),
            facts: machine.collect(),
        },
        Notes {
            heading: "Rules of the architecture that the model does not obey".to_owned(),
            facts: broken.map(Fact::of_text).collect(),
        },
    ];
    notes.extend(policy.guests.iter().map(|guest| exceeded(*guest, baseline)));
    notes.retain(|notes| !notes.facts.is_empty());
    notes
}

fn exceeded(guest: Guest, baseline: &Baseline) -> Notes {
    let limits = guest.exceeded(baseline.values());
    let limits = limits.iter().map(|limit| Fact::of_text(limit.to_string()));
    Notes {
        heading: format!("The hosts accept no values that {guest} bears"),
        facts: limits.collect(),
    }
}

fn fact(difference: &MachineDifference, show: impl Fn(&[usize]) -> String, end: &str) -> Fact {
    let values = difference.values.iter();
    let values = values.map(|(value, kinds)| format!("{value} on {}", show(kinds)));
    let values: Vec<String> = values.collect();
    Fact {
        subject: difference.fact.to_string(),
        text: format!("{}; {end}", values.join(", ")),
    }
}

impl Fact {
    fn of_text(text: String) -> Self {
        Self {
            subject: String::new(),
            text,
        }
    }

    /// The fact of a sentence that begins with its subject and a colon.
    fn split(subject: String, text: &str) -> Self {
        let rest = text.strip_prefix(&subject);
        let rest = rest.and_then(|rest| rest.strip_prefix(": "));
        Self {
            text: rest.unwrap_or(text).to_owned(),
            subject,
        }
    }
}
