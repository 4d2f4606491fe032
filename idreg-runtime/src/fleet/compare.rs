//! The comparison of two hosts.

use super::acceptance::AcceptanceSet;
use super::baseline::Baseline;
use super::draft::Draft;
use super::kinds::{Fleet, Kind, OtherDescription};
use super::machine::{MachineDifference, differences};
use super::no_baseline::Impossible;
use super::policy::Policy;
use crate::config::options::{CpuOption, OptionSetting};
use crate::description::RegisterField;
use crate::description::rule::Owner;
use crate::host::Host;
use crate::model::CpuModel;
use crate::plan::Plan;
use crate::values::RegisterValues;
use crate::view::{Incompatible, InvalidView, VcpuReading, View, ViewInfo};
use core::fmt;

/// The relation of two hosts, by the guests that they run without overrides: the four words of
/// QEMU's `CpuModelCompareResult` (QEMU 10.0, `qapi/machine-common.json`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Each host can run the other's guests.
    Identical,
    /// The first host can run the guests of the second, but not the other way round.
    Superset,
    /// The second host can run the guests of the first, but not the other way round.
    Subset,
    /// Neither host can run the other's guests.
    Incompatible,
}

/// The comparison of two hosts.
#[derive(Clone, Debug)]
pub struct Comparison {
    relation: Relation,
    differences: Vec<Difference>,
    machine: Vec<MachineDifference>,
    models: Option<[CpuModel; 2]>,
    reasons: [Option<Incompatible>; 2],
}

/// A field in which guests without overrides differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The field.
    pub field: RegisterField,
    /// Its value in a guest of the first host, or `None` if KVM there does not have the register.
    pub a: Option<u64>,
    /// Its value in a guest of the second host, or `None` if KVM there does not have the register.
    pub b: Option<u64>,
    /// The way to make guests of both hosts equal, if there is one.
    pub verdict: Verdict,
}

/// The way to make guests of two hosts equal in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// An override on the first host, to the second's value.
    OnA(u64),
    /// An override on the second host, to the first's value.
    OnB(u64),
    /// Overrides on both hosts, to a value that neither has.
    OnBoth(u64),
    /// The setting of an option on the hosts whose guests have it otherwise.
    Option(OptionSetting),
    /// The value that guests of each host have keeps; the tolerance covers the field.
    Tolerated(Impossible),
    /// Nothing.
    Impossible(Impossible),
}

/// Compares two hosts as they were read.
///
/// ```
/// # let host = |file| serde_json::from_str::<idreg_runtime::Host>(file);
/// # let n1 = host(include_str!("../../data/hosts/neoverse-n1-latest.json"))?;
/// # let a57 = host(include_str!("../../data/hosts/cortex-a57-latest.json"))?;
/// use idreg_runtime::fleet::{Policy, Relation, compare};
///
/// assert_eq!(compare(&n1, &n1, &Policy::default())?.relation(), Relation::Identical);
/// let comparison = compare(&n1, &a57, &Policy::default())?;
/// assert_eq!(comparison.relation(), Relation::Incompatible);
/// assert!(!comparison.have_common_model());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`OtherDescription`] if the registers of the hosts come from different descriptions.
pub fn compare(a: &Host, b: &Host, policy: &Policy) -> Result<Comparison, OtherDescription> {
    let mut fleet = Fleet::new();
    let first = fleet.add("a", a)?;
    let second = fleet.add("b", b)?;
    let baseline = fleet.baseline(policy);
    let kinds: Vec<&Kind> = fleet.kinds().iter().collect();
    let draft = Draft::new(&kinds);
    let [in_a, in_b] = [a, b].map(default_values);
    let has_el2 = a.info().vcpu.el2 || b.info().vcpu.el2;
    let judge = Judge {
        policy,
        draft: &draft,
        has_el2,
        agreed: baseline.as_ref().ok().map(Baseline::values),
        hosts: [a, b],
    };
    let fields = AcceptanceSet::arriving(a);
    let fields = fields.iter().map(|(field, _)| field);
    let differences_of_fields = fields.filter_map(|field| {
        let (a, b) = (in_a.field(field), in_b.field(field));
        (a.unwrap_or(0) != b.unwrap_or(0)).then(|| Difference {
            field,
            a,
            b,
            verdict: judge.verdict(field, a.unwrap_or(0), b.unwrap_or(0)),
        })
    });
    let differences_of_fields = differences_of_fields.collect();
    let reasons = [fits(b, a), fits(a, b)];
    let relation = match &reasons {
        [None, None] => Relation::Identical,
        [None, Some(_)] => Relation::Superset,
        [Some(_), None] => Relation::Subset,
        [Some(_), Some(_)] => Relation::Incompatible,
    };
    let models = baseline.ok().and_then(|baseline| {
        let model = |position: usize| Some(baseline.fits().get(position)?.model().clone());
        Some([model(first)?, model(second)?])
    });
    Ok(Comparison {
        relation,
        differences: differences_of_fields,
        machine: differences(&kinds, &policy.tolerance),
        models,
        reasons,
    })
}

/// The registers of a guest without overrides.
fn default_values(host: &Host) -> RegisterValues {
    let plan = Plan::new(host, &CpuModel::host());
    plan.map_or_else(|_| host.values().clone(), |plan| plan.in_guest())
}

/// The reasons why a guest without overrides of a host cannot run on another, or `None`.
fn fits(from: &Host, to: &Host) -> Option<Incompatible> {
    let view = default_view(from).ok()?;
    Plan::for_view(to, &view).err()
}

/// The view of a guest with one vCPU and without overrides, apart from its cache sizes.
fn default_view(host: &Host) -> Result<View, InvalidView> {
    let info = match Plan::new(host, &CpuModel::host()) {
        Ok(plan) => ViewInfo::of(&plan, host),
        Err(_) => ViewInfo::default(),
    };
    let values = default_values(host);
    let caches = Vec::new();
    View::new(info, vec![VcpuReading { values, caches }])
}

struct Judge<'a> {
    policy: &'a Policy,
    draft: &'a Draft<'a>,
    has_el2: bool,
    agreed: Option<&'a RegisterValues>,
    hosts: [&'a Host; 2],
}

impl Judge<'_> {
    fn verdict(&self, field: RegisterField, a: u64, b: u64) -> Verdict {
        if let Some(setting) = self.option(field) {
            return Verdict::Option(setting);
        }
        let common = self
            .draft
            .common
            .as_ref()
            .and_then(|common| common.get(field));
        let Some(common) = common.filter(|common| !common.is_empty()) else {
            let reasons = self.draft.reasons(field);
            return if self.policy.tolerance.covers(field, self.has_el2) {
                Verdict::Tolerated(reasons)
            } else {
                Verdict::Impossible(reasons)
            };
        };
        let agreed = self.agreed.and_then(|agreed| agreed.field(field));
        let greatest = || common.greatest(field);
        let first = || [a, b].into_iter().find(|value| common.contains(*value));
        let least = || common.ranges().first().map_or(0, |range| range.first);
        match agreed
            .or_else(greatest)
            .or_else(first)
            .unwrap_or_else(least)
        {
            value if value == b => Verdict::OnA(value),
            value if value == a => Verdict::OnB(value),
            value => Verdict::OnBoth(value),
        }
    }

    /// The option of the field that a host has and the common model has not.
    fn option(&self, field: RegisterField) -> Option<OptionSetting> {
        let rule = field.field.rule();
        let mut owners = [rule.owner, rule.needs].into_iter().flatten();
        owners.find_map(|owner: Owner| {
            let option = CpuOption::of(owner).filter(|option| *option != CpuOption::El2)?;
            let common = OptionSetting::of(option, self.draft.options);
            let differs = |host: &&Host| OptionSetting::of(option, host.info().vcpu) != common;
            self.hosts.iter().any(differs).then_some(common)
        })
    }
}

impl Comparison {
    /// The relation of the guests that the hosts run without overrides.
    #[must_use]
    pub fn relation(&self) -> Relation {
        self.relation
    }

    /// The fields in which these guests differ, in the order of the description.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// The facts of the machines that differ.
    #[must_use]
    pub fn machine(&self) -> &[MachineDifference] {
        &self.machine
    }

    /// True if some model makes guests of both hosts equal, apart from tolerated fields.
    #[must_use]
    pub fn have_common_model(&self) -> bool {
        self.models.is_some()
    }

    /// The greatest model in common, in the forms of the first and of the second host; `None` if
    /// there is none.
    #[must_use]
    pub fn models(&self) -> Option<&[CpuModel; 2]> {
        self.models.as_ref()
    }

    /// The reasons why a guest of the second host without overrides cannot run on the first, or
    /// `None` if it can.
    #[must_use]
    pub fn reasons_on_a(&self) -> Option<&Incompatible> {
        self.reasons[0].as_ref()
    }

    /// The reasons why a guest of the first host without overrides cannot run on the second, or
    /// `None` if it can.
    #[must_use]
    pub fn reasons_on_b(&self) -> Option<&Incompatible> {
        self.reasons[1].as_ref()
    }

    /// The fields that nothing makes equal and that a guest without EL2 cannot act on.
    pub fn tolerable(&self) -> impl Iterator<Item = &Difference> {
        let impossible = self.differences.iter();
        impossible.filter(|difference| {
            matches!(&difference.verdict, Verdict::Impossible(reasons) if reasons.tolerable)
        })
    }
}

impl Verdict {
    /// A stable name for programs: `lowered-on-a`, `lowered-on-b`, `lowered-on-both`, `option`,
    /// `tolerated` or `impossible`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OnA(_) => "lowered-on-a",
            Self::OnB(_) => "lowered-on-b",
            Self::OnBoth(_) => "lowered-on-both",
            Self::Option(_) => "option",
            Self::Tolerated(_) => "tolerated",
            Self::Impossible(_) => "impossible",
        }
    }

    /// The value of an override on the first host, or `None` if it needs none.
    #[must_use]
    pub const fn override_a(&self) -> Option<u64> {
        match self {
            Self::OnA(value) | Self::OnBoth(value) => Some(*value),
            _ => None,
        }
    }

    /// The value of an override on the second host, or `None` if it needs none.
    #[must_use]
    pub const fn override_b(&self) -> Option<u64> {
        match self {
            Self::OnB(value) | Self::OnBoth(value) => Some(*value),
            _ => None,
        }
    }
}

impl Relation {
    /// QEMU's word: `identical`, `superset`, `subset` or `incompatible`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Superset => "superset",
            Self::Subset => "subset",
            Self::Incompatible => "incompatible",
        }
    }
}

/// Shows QEMU's word.
impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
