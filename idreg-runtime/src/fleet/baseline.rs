//! The greatest model that every host of a fleet can give.

use super::acceptance::{AcceptanceSet, AcceptedValues};
use super::consistent::make_consistent;
use super::kinds::{Fleet, Kind};
use super::machine::{MachineDifference, differences};
use super::no_baseline::{Impossible, NoBaseline};
use super::options;
use super::policy::{MidrPolicy, Policy};
use crate::config::VcpuConfig;
use crate::config::options::{CpuOption, OptionSetting};
use crate::description::rule::{Owner, Safety, ValueRange};
use crate::description::{RegisterDescription, RegisterField};
use crate::host::Host;
use crate::model::CpuModel;
use crate::model::property::whole_register;
use crate::plan::consistency::Violation;
use crate::plan::{Plan, PlanError};
use crate::register::RegisterValue;
use crate::regs::{AidrEl1, ClidrEl1, MidrEl1, RevidrEl1};
use crate::values::RegisterValues;
use std::borrow::Cow;

/// The greatest CPU model that all hosts of a fleet can give, with the form that each host needs.
///
/// It is verified: every kind of host has a plan, and the plans promise their guests equal
/// registers, except in the [tolerated](Self::tolerated) fields.
#[derive(Clone, Debug)]
pub struct Baseline {
    options: VcpuConfig,
    values: RegisterValues,
    fits: Vec<Fit>,
    tolerated: Vec<Impossible>,
    inconsistent: Vec<Violation>,
    machine: Vec<MachineDifference>,
}

/// A kind of hosts and the model by which its guests get the common registers.
#[derive(Clone, Debug)]
pub struct Fit {
    model: CpuModel,
    plan: Plan,
}

impl Baseline {
    /// The options of the vCPUs on every host, without the interrupt controller.
    #[must_use]
    pub fn options(&self) -> VcpuConfig {
        self.options
    }

    /// The registers that guests see, apart from MPIDR_EL1. A tolerated field has the value of the
    /// first host.
    #[must_use]
    pub fn values(&self) -> &RegisterValues {
        &self.values
    }

    /// The models and plans of the kinds, in the order of [`Fleet::kinds`].
    #[must_use]
    pub fn fits(&self) -> &[Fit] {
        &self.fits
    }

    /// The fields that differ between the hosts and are tolerated.
    #[must_use]
    pub fn tolerated(&self) -> &[Impossible] {
        &self.tolerated
    }

    /// The rules of the architecture that hold on a host and not in the model, because no value
    /// that all hosts accept obeys them.
    #[must_use]
    pub fn inconsistent(&self) -> &[Violation] {
        &self.inconsistent
    }

    /// The facts of the machines that differ, each with the instruction that makes guests see the
    /// same.
    #[must_use]
    pub fn machine(&self) -> &[MachineDifference] {
        &self.machine
    }

    /// The fields that describe mitigations and that differ from those of some host: a guest that
    /// may move sees the protection that all hosts have.
    #[must_use]
    pub fn mitigations(&self) -> Vec<(RegisterField, u64)> {
        let fields = self.values.description().fields();
        let mitigations = fields.filter(|field| field.field.rule.mitigation);
        let with_values = mitigations.filter_map(|field| Some((field, self.values.field(field)?)));
        let differs = |(field, value): &(RegisterField, u64)| {
            let of_hosts = self.fits.iter().map(|fit| fit.plan.host().field(*field));
            of_hosts.flatten().any(|host| host != *value)
        };
        with_values.filter(differs).collect()
    }
}

impl Fit {
    /// The model for `--cpu`: only the options and overrides that the kind needs.
    #[must_use]
    pub fn model(&self) -> &CpuModel {
        &self.model
    }

    /// The plan of the model on the kind.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl Fleet {
    /// The greatest model that all hosts can give, by the safety of each field.
    ///
    /// An option is on if it is on all hosts and none of its fields prevents a model. Fields are
    /// lowered further where the rules between fields require it.
    ///
    /// # Errors
    ///
    /// [`NoBaseline`] with every reason if there is no common model. Without hosts there is none
    /// either, and no reason.
    pub fn baseline(&self, policy: &Policy) -> Result<Baseline, Box<NoBaseline>> {
        let draft = Draft::new(self.kinds());
        let mut machine = differences(self.kinds());
        let reference = self.reference(policy);
        let has_el2 = draft.hosts.iter().any(|host| host.info().vcpu.el2);
        let (tolerated, mut impossible): (Vec<_>, Vec<_>) = draft
            .impossible()
            .into_iter()
            .partition(|impossible| policy.tolerance.covers(impossible.field, has_el2));
        let undescribed = draft.common.as_ref().into_iter();
        let undescribed = undescribed.flat_map(AcceptanceSet::undescribed_differences);
        let undescribed: Vec<_> = undescribed
            .map(|(register, bits)| (register.name, bits))
            .collect();
        let mut values = draft.greatest(reference.unwrap_or(0), policy, &mut impossible);
        let inconsistent = draft.consistent(&mut values);
        let (fits, unplanned) = if impossible.is_empty() {
            draft.fits(&values, &tolerated)
        } else {
            Default::default()
        };
        impossible.extend(draft.unlike(&values, &fits, &tolerated));
        let hopeless = machine.iter().any(|difference| difference.remedy.is_none());
        let no_reason = !hopeless && impossible.is_empty() && undescribed.is_empty();
        if no_reason && unplanned.is_empty() && reference.is_some() && !self.kinds().is_empty() {
            return Ok(Baseline {
                options: draft.options,
                values,
                fits,
                tolerated,
                inconsistent,
                machine,
            });
        }
        machine.retain(|difference| difference.remedy.is_none());
        let unknown_host = match &policy.midr {
            MidrPolicy::Host(name) if reference.is_none() => Some(name.clone()),
            _ => None,
        };
        Err(Box::new(NoBaseline {
            machine,
            impossible,
            undescribed,
            unplanned: if no_reason { unplanned } else { Vec::new() },
            unknown_host,
            kinds: self.kinds().iter().map(Kind::to_string).collect(),
        }))
    }

    /// The position of the kind whose CPU guests are told of if the others accept it.
    fn reference(&self, policy: &Policy) -> Option<usize> {
        let mut kinds = self.kinds().iter();
        match &policy.midr {
            MidrPolicy::First => Some(0),
            MidrPolicy::Host(name) => kinds.position(|kind| kind.names().contains(name)),
            MidrPolicy::Value(midr) => {
                let has =
                    |kind: &Kind| kind.host().values().get(MidrEl1::DESCRIPTION) == Some(*midr);
                Some(kinds.position(has).unwrap_or(0))
            }
        }
    }
}

/// The hosts of a fleet with common options, and what they accept.
pub(super) struct Draft<'f> {
    kinds: &'f [Kind],
    pub(super) options: VcpuConfig,
    pub(super) hosts: Vec<Cow<'f, Host>>,
    pub(super) sets: Vec<AcceptanceSet>,
    /// `None` without hosts.
    pub(super) common: Option<AcceptanceSet>,
}

impl<'f> Draft<'f> {
    /// Configures all hosts with the most options that leave every field of an option a value.
    pub(super) fn new(kinds: &'f [Kind]) -> Self {
        let mut options = options::common(kinds.iter().map(Kind::host));
        loop {
            let draft = Self::with(kinds, options);
            match draft.option_in_the_way() {
                Some(option) => options::turn_off(&mut options, option),
                None => return draft,
            }
        }
    }

    /// The first option that is on and has a field without a common value.
    fn option_in_the_way(&self) -> Option<CpuOption> {
        let fields = self.common.iter().flat_map(AcceptanceSet::iter);
        let empty = fields.filter(|(_, values)| values.is_empty());
        let mut owners = empty.flat_map(|(field, _)| {
            let rule = field.field.rule;
            [rule.owner, rule.needs].into_iter().flatten()
        });
        owners.find_map(|owner| {
            let option = CpuOption::of(owner)?;
            // A host is read with or without EL2, and its registers tell nothing of the other.
            (option != CpuOption::El2 && option.is_on(self.options)).then_some(option)
        })
    }

    fn with(kinds: &'f [Kind], options: VcpuConfig) -> Self {
        let hosts = kinds
            .iter()
            .map(|kind| options::configured(kind.host(), options));
        let hosts: Vec<Cow<'f, Host>> = hosts.collect();
        let sets: Vec<AcceptanceSet> = hosts
            .iter()
            .map(|host| AcceptanceSet::new_guest(host))
            .collect();
        let mut all = sets.iter();
        let mut common = all.next().cloned();
        if let Some(common) = &mut common {
            all.for_each(|set| common.intersect(set));
        }
        Self {
            kinds,
            options,
            hosts,
            sets,
            common,
        }
    }

    /// The fields without a common value, in the order of the description.
    pub(super) fn impossible(&self) -> Vec<Impossible> {
        let fields = self.common.iter().flat_map(AcceptanceSet::iter);
        let empty = fields.filter(|(_, values)| values.is_empty());
        empty.map(|(field, _)| self.reasons(field)).collect()
    }

    /// The values that the hosts accept for a field.
    pub(super) fn reasons(&self, field: RegisterField) -> Impossible {
        let mut accepted: Vec<(Vec<ValueRange>, Vec<usize>)> = Vec::new();
        for (position, set) in self.sets.iter().enumerate() {
            let ranges = set.get(field).map_or(Vec::new(), AcceptedValues::ranges);
            match accepted.iter_mut().find(|(known, _)| *known == ranges) {
                Some((_, positions)) => positions.push(position),
                None => accepted.push((ranges, vec![position])),
            }
        }
        Impossible {
            field,
            accepted,
            obstacle: self.hosts.iter().find_map(|host| host.why_fixed(field)),
        }
    }

    /// The greatest common values, with those of the reference where safety does not tell.
    fn greatest(
        &self,
        reference: usize,
        policy: &Policy,
        impossible: &mut Vec<Impossible>,
    ) -> RegisterValues {
        let (Some(common), Some(first)) = (&self.common, self.hosts.first()) else {
            return RegisterValues::new(&crate::regs::DESCRIPTION);
        };
        let mut values = first.values().clone();
        for (field, accepted) in common.iter() {
            if field.field.rule.safety != Safety::Any
                && let Some(value) = accepted.greatest(field)
            {
                insert(&mut values, field, value);
            }
        }
        self.adopt_identity(reference, &mut values);
        self.adopt_cache_levels(reference, &mut values);
        if let MidrPolicy::Value(midr) = policy.midr {
            self.identify(midr, reference, &mut values, impossible);
        } else if let MidrPolicy::Host(_) = policy.midr
            && let Some(host) = self.hosts.get(reference)
        {
            let midr = host.values().get(MidrEl1::DESCRIPTION).unwrap_or(0);
            self.identify(midr, reference, &mut values, impossible);
        }
        for register in first.description().registers {
            if self
                .hosts
                .iter()
                .any(|host| host.values().get(register).is_none())
            {
                values.set(register, 0);
            }
        }
        values
    }

    /// Adopts the CPU of the reference, or else of the first host whose CPU all accept.
    fn adopt_identity(&self, reference: usize, values: &mut RegisterValues) {
        let identity = [
            MidrEl1::DESCRIPTION,
            RevidrEl1::DESCRIPTION,
            AidrEl1::DESCRIPTION,
        ];
        let mut candidates = self.from(reference);
        let candidate = candidates.find(|host| {
            let mut registers = identity.iter();
            registers.all(|register| self.accept(register, host.values().get(register)))
        });
        if let Some(candidate) = candidate {
            for register in identity {
                values.set(register, candidate.values().get(register).unwrap_or(0));
            }
        }
    }

    /// Adopts the cache levels of the reference, or else the first that all hosts accept.
    fn adopt_cache_levels(&self, reference: usize, values: &mut RegisterValues) {
        let mut candidates = self
            .from(reference)
            .filter_map(|host| host.values().get_as::<ClidrEl1>());
        let levels = candidates.find(|levels| {
            let bits = Some(levels.bits());
            let fits = |host: &Cow<'_, Host>| {
                host.values().get(ClidrEl1::DESCRIPTION) == bits
                    || host.accepts_cache_levels(*levels)
            };
            self.accept(ClidrEl1::DESCRIPTION, bits) && self.hosts.iter().all(fits)
        });
        if let Some(levels) = levels {
            values.set(ClidrEl1::DESCRIPTION, levels.bits());
        }
    }

    /// The host at a position, then all.
    fn from(&self, position: usize) -> impl Iterator<Item = &Host> {
        let order = [position].into_iter().chain(0..self.hosts.len());
        order.filter_map(|position| self.hosts.get(position).map(|host| &**host))
    }

    /// True if all hosts accept a value of a whole register.
    fn accept(&self, register: &'static RegisterDescription, value: Option<u64>) -> bool {
        register.fields().all(|field| {
            let accepted = self.common.as_ref().and_then(|common| common.get(field));
            let value = field.field.extract(value.unwrap_or(0));
            accepted.is_none_or(|accepted| accepted.contains(value))
        })
    }

    /// Sets the CPU that guests are told of, or reports the fields that prevent it.
    fn identify(
        &self,
        midr: u64,
        reference: usize,
        values: &mut RegisterValues,
        impossible: &mut Vec<Impossible>,
    ) {
        let Some(common) = &self.common else { return };
        let of_reference = self.hosts.get(reference).map(|host| host.values());
        let of_reference = of_reference.filter(|host| host.get(MidrEl1::DESCRIPTION) == Some(midr));
        let other = |register: &RegisterDescription| {
            of_reference
                .and_then(|host| host.get(register))
                .unwrap_or(0)
        };
        let wanted = [
            (MidrEl1::DESCRIPTION, midr),
            (RevidrEl1::DESCRIPTION, other(RevidrEl1::DESCRIPTION)),
            (AidrEl1::DESCRIPTION, other(AidrEl1::DESCRIPTION)),
        ];
        for (register, value) in wanted {
            for field in register.fields() {
                let accepted = common.get(field);
                let wanted = field.field.extract(value);
                if accepted.is_some_and(|accepted| accepted.contains(wanted)) {
                    insert(values, field, wanted);
                } else if !impossible.iter().any(|known| known.field == field) {
                    impossible.push(self.reasons(field));
                }
            }
        }
    }

    /// Lowers values until the rules that hold on a host hold here, and returns those that cannot.
    fn consistent(&self, values: &mut RegisterValues) -> Vec<Violation> {
        let Some(common) = &self.common else {
            return Vec::new();
        };
        let hosts: Vec<&RegisterValues> = self.hosts.iter().map(|host| host.values()).collect();
        make_consistent(&hosts, common, values)
    }

    /// The model and plan of each kind; what has no plan is reported.
    fn fits(
        &self,
        values: &RegisterValues,
        tolerated: &[Impossible],
    ) -> (Vec<Fit>, Vec<(usize, PlanError)>) {
        let (mut fits, mut unplanned) = (Vec::new(), Vec::new());
        let is_own = |field: RegisterField| tolerated.iter().any(|other| other.field == field);
        let hosts = self.kinds.iter().zip(&self.hosts);
        for (position, (kind, configured)) in hosts.enumerate() {
            let model = model_of(kind.host(), configured, values, is_own);
            match Plan::new(kind.host(), &model) {
                Ok(plan) => fits.push(Fit { model, plan }),
                Err(error) => unplanned.push((position, error)),
            }
        }
        (fits, unplanned)
    }

    /// The fields that some plan does not promise as the model has them.
    fn unlike(
        &self,
        values: &RegisterValues,
        fits: &[Fit],
        tolerated: &[Impossible],
    ) -> Vec<Impossible> {
        let promised: Vec<RegisterValues> = fits.iter().map(|fit| fit.plan.in_guest()).collect();
        let fields = self.common.iter().flat_map(AcceptanceSet::iter);
        let fields = fields.map(|(field, _)| field).filter(|field| {
            let expected = values.field(*field).unwrap_or(0);
            let differs =
                |promised: &RegisterValues| promised.field(*field).unwrap_or(0) != expected;
            !tolerated.iter().any(|other| other.field == *field) && promised.iter().any(differs)
        });
        fields.map(|field| self.reasons(field)).collect()
    }
}

/// The options and overrides that give a host's guests these values.
fn model_of(
    host: &Host,
    configured: &Host,
    values: &RegisterValues,
    is_own: impl Fn(RegisterField) -> bool,
) -> CpuModel {
    let mut model = CpuModel::host();
    let (read, wanted) = (host.info().vcpu, configured.info().vcpu);
    for option in CpuOption::SWITCHES {
        let setting = OptionSetting::of(option, wanted);
        if setting != OptionSetting::of(option, read) {
            model.switch(option, setting.on);
        }
    }
    if let Some(limit) = wanted
        .sve_limit
        .filter(|_| wanted.sve_limit != read.sve_limit)
    {
        model.switch(CpuOption::SveLength(limit), true);
    }
    for (register, own) in configured.values().iter() {
        let value = values.get(register).unwrap_or(0);
        let differing = register.fields().filter(|field| {
            let owner = field.field.rule.owner;
            let is_set_by_vm = matches!(owner, Some(Owner::Gic | Owner::Topology));
            field.field.extract(own) != field.field.extract(value) && !is_set_by_vm
        });
        let differing = differing.filter(|field| !is_own(*field));
        let differing: Vec<RegisterField> = differing.collect();
        match whole_register(register) {
            Some(property) if !differing.is_empty() => {
                model.set_property(property, value);
            }
            _ => {
                for field in differing {
                    model.set_field(field, field.field.extract(value));
                }
            }
        }
    }
    model
}

fn insert(values: &mut RegisterValues, field: RegisterField, value: u64) {
    if let Some(old) = values.get(field.register) {
        values.set(field.register, field.field.insert(old, value));
    }
}
