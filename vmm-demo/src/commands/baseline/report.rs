//! The JSON of a baseline. The README documents its members.

use super::{Details, models, names, settings};
use crate::output::json::ranges;
use crate::output::list::comma_list;
use idreg_runtime::config::VcpuConfig;
use idreg_runtime::config::target::TargetCpu;
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::rule::ValueRange;
use idreg_runtime::firmware::FirmwareValues;
use idreg_runtime::fleet::{
    Baseline, Fleet, Guest, GuestLimit, Impossible, MachineDifference, NoBaseline,
};
use idreg_runtime::number::Hex;
use idreg_runtime::plan::consistency::Violation;
use idreg_runtime::regs::MpidrEl1;
use idreg_runtime::values::RegisterValues;
use serde::Serialize;
use std::collections::BTreeMap;

/// A model for several hosts, or the reasons why there is none.
#[derive(Serialize)]
pub(super) struct BaselineReport<'b> {
    /// The registers that guests see on all hosts; `None` without a model.
    model: Option<BTreeMap<&'static str, Hex>>,
    options: Option<BTreeMap<String, bool>>,
    /// The settings for `--firmware` of guests that may run on all hosts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    firmware: Vec<String>,
    hosts: Vec<HostEntry<'b>>,
    impossible: Vec<DifferenceEntry>,
    tolerated: Vec<DifferenceEntry>,
    mitigations: Vec<MitigationEntry>,
    /// The facts of the machines that differ and can be made equal.
    machine: Vec<FactEntry>,
    /// Rules of the architecture that hold on a host and not in the model.
    inconsistent: Vec<String>,
    /// The CPUs of all hosts, in the form of `--impl-cpu`.
    #[serde(skip_serializing_if = "Option::is_none")]
    implementations: Option<Vec<String>>,
    /// The guests that were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    guests: Vec<GuestEntry>,
    /// The hosts that were left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
    /// Every reason in words; `None` with a model.
    error: Option<String>,
}

#[derive(Serialize)]
struct HostEntry<'b> {
    /// The host's name; `None` for hosts of a kind without a name.
    host: Option<&'b str>,
    cpu: String,
    /// The number of further hosts of this kind, whose names are not kept.
    #[serde(skip_serializing_if = "is_zero")]
    more: u64,
}

/// A field or a fact that is not the same on all hosts.
#[derive(Serialize)]
pub(super) struct DifferenceEntry {
    property: String,
    /// The hosts that accept these values of a field, or have this fact.
    hosts_by_value: BTreeMap<String, Vec<String>>,
    /// The number of further hosts by value, whose names are not kept.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    more: BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct FactEntry {
    #[serde(flatten)]
    difference: DifferenceEntry,
    remedy: String,
}

#[derive(Serialize)]
struct GuestEntry {
    guest: String,
    /// The limits of the guest that the model exceeds.
    exceeded: Vec<LimitEntry>,
}

#[derive(Serialize)]
struct LimitEntry {
    properties: &'static [&'static str],
    most: String,
    failure: &'static str,
    source: &'static str,
}

#[derive(Serialize)]
struct MitigationEntry {
    property: String,
    value: String,
}

impl<'b> BaselineReport<'b> {
    pub(super) fn new(
        fleet: &'b Fleet,
        baseline: &'b Result<Baseline, Box<NoBaseline>>,
        details: &Details,
    ) -> Self {
        let cpus = details.cpus.as_deref();
        let implementations = cpus.map(|cpus| cpus.iter().map(TargetCpu::to_string).collect());
        let report = match baseline {
            Ok(baseline) => Self::of_model(fleet, baseline),
            Err(error) => Self::of_reasons(fleet, error),
        };
        Self {
            implementations,
            left_out: details.left_out.0.clone(),
            guests: details.guests.iter().map(GuestEntry::of).collect(),
            ..report
        }
    }

    fn of_model(fleet: &'b Fleet, baseline: &'b Baseline) -> Self {
        let mitigations = baseline.mitigations().into_iter();
        Self {
            model: Some(registers(baseline.values())),
            options: Some(options(baseline.options())),
            firmware: settings_of(baseline.firmware()),
            hosts: hosts(fleet, baseline),
            tolerated: fields(fleet, baseline.tolerated()),
            mitigations: mitigations
                .map(|(field, value)| MitigationEntry {
                    property: field.to_string(),
                    value: format!("{value:#x}"),
                })
                .collect(),
            machine: facts(fleet, baseline.machine()),
            inconsistent: baseline
                .inconsistent()
                .iter()
                .map(Violation::to_string)
                .collect(),
            ..Self::EMPTY
        }
    }

    fn of_reasons(fleet: &'b Fleet, error: &NoBaseline) -> Self {
        let machine = error.machine.iter();
        let machine = machine.map(|difference| DifferenceEntry::of_fact(fleet, difference));
        let fields = fields(fleet, &error.impossible);
        Self {
            impossible: machine.chain(fields).collect(),
            error: Some(error.to_string()),
            ..Self::EMPTY
        }
    }

    const EMPTY: Self = Self {
        model: None,
        options: None,
        firmware: Vec::new(),
        hosts: Vec::new(),
        impossible: Vec::new(),
        tolerated: Vec::new(),
        mitigations: Vec::new(),
        machine: Vec::new(),
        inconsistent: Vec::new(),
        implementations: None,
        guests: Vec::new(),
        left_out: Vec::new(),
        error: None,
    };
}

/// The registers by name, apart from MPIDR_EL1, which differs between vCPUs.
fn registers(values: &RegisterValues) -> BTreeMap<&'static str, Hex> {
    let registers = values.iter();
    let registers = registers.filter(|(register, _)| register.name != MpidrEl1::NAME);
    registers
        .map(|(register, value)| (register.name, Hex(value)))
        .collect()
}

/// The options as properties of a model.
pub(super) fn options(config: VcpuConfig) -> BTreeMap<String, bool> {
    let settings = settings(config);
    settings
        .map(|setting| (setting.option.to_string(), setting.on))
        .collect()
}

fn settings_of(firmware: FirmwareValues) -> Vec<String> {
    let settings = firmware.settings();
    settings.map(|setting| setting.to_string()).collect()
}

/// The model's form for each host.
fn hosts<'b>(fleet: &'b Fleet, baseline: &Baseline) -> Vec<HostEntry<'b>> {
    let mut hosts = Vec::new();
    for (position, cpu) in models(baseline).enumerate() {
        let (names, more) = names::of(fleet, &[position]);
        let first = hosts.len();
        hosts.extend(names.into_iter().map(|name| HostEntry {
            host: Some(name),
            cpu: cpu.clone(),
            more: 0,
        }));
        match hosts.get_mut(first..).and_then(<[_]>::last_mut) {
            Some(last) => last.more = more,
            None => hosts.push(HostEntry {
                host: None,
                cpu,
                more,
            }),
        }
    }
    hosts
}

fn fields(fleet: &Fleet, fields: &[Impossible]) -> Vec<DifferenceEntry> {
    let entries = fields
        .iter()
        .map(|impossible| DifferenceEntry::of_field(fleet, impossible.field, &impossible.accepted));
    entries.collect()
}

fn facts(fleet: &Fleet, differences: &[MachineDifference]) -> Vec<FactEntry> {
    let entries = differences.iter().map(|difference| FactEntry {
        difference: DifferenceEntry::of_fact(fleet, difference),
        remedy: difference.advice(),
    });
    entries.collect()
}

impl GuestEntry {
    fn of((guest, exceeded): &(Guest, Vec<&'static GuestLimit>)) -> Self {
        let limits = exceeded.iter().map(|limit| LimitEntry {
            properties: limit.fields,
            most: format!("{:#x}", limit.most),
            failure: limit.failure,
            source: limit.source,
        });
        Self {
            guest: guest.to_string(),
            exceeded: limits.collect(),
        }
    }
}

impl DifferenceEntry {
    fn new<'k>(
        fleet: &Fleet,
        property: String,
        groups: impl Iterator<Item = (String, &'k [usize])>,
    ) -> Self {
        let mut hosts_by_value: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut more = BTreeMap::new();
        for (value, kinds) in groups {
            let (names, others) = names::of(fleet, kinds);
            if others > 0 {
                more.insert(value.clone(), others);
            }
            let names = names.into_iter().map(str::to_owned);
            hosts_by_value.insert(value, names.collect());
        }
        Self {
            property,
            hosts_by_value,
            more,
        }
    }

    /// A field with the values that kinds accept.
    pub(super) fn of_field(
        fleet: &Fleet,
        field: RegisterField,
        accepted: &[(Vec<ValueRange>, Vec<usize>)],
    ) -> Self {
        let groups = accepted.iter().map(|(accepted, kinds)| {
            let values = match accepted.as_slice() {
                [] => "none".to_owned(),
                accepted => comma_list(ranges(accepted)),
            };
            (values, kinds.as_slice())
        });
        Self::new(fleet, field.to_string(), groups)
    }

    fn of_fact(fleet: &Fleet, difference: &MachineDifference) -> Self {
        let groups = difference.values.iter();
        let groups = groups.map(|(value, kinds)| (value.clone(), kinds.as_slice()));
        Self::new(fleet, difference.fact.name().to_owned(), groups)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
