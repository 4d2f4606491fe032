//! The common values of hosts, and the model by which each host gives them.

use super::acceptance::{AcceptanceSet, AcceptedValues};
use super::consistent::make_consistent;
use super::fit::Fit;
use super::kinds::Kind;
use super::no_baseline::Impossible;
use super::options;
use super::policy::{MidrPolicy, Policy};
use crate::config::VcpuConfig;
use crate::config::options::CpuOption;
use crate::description::rule::{Audience, Safety, ValueRange};
use crate::description::{RegisterDescription, RegisterField};
use crate::host::Host;
use crate::plan::PlanError;
use crate::plan::consistency::Violation;
use crate::register::RegisterValue;
use crate::regs::{AidrEl1, ClidrEl1, MidrEl1, RevidrEl1};
use crate::values::RegisterValues;
use std::borrow::Cow;

/// The hosts of a fleet with common options, and what they accept.
pub(super) struct Draft<'f> {
    pub(super) kinds: Vec<&'f Kind>,
    pub(super) options: VcpuConfig,
    pub(super) hosts: Vec<Cow<'f, Host>>,
    pub(super) sets: Vec<AcceptanceSet>,
    /// `None` without hosts.
    pub(super) common: Option<AcceptanceSet>,
    /// The options that were tried before, in order.
    pub(super) rejected: Vec<RejectedOptions>,
}

/// Options under which a field of one of them has no common value.
pub(super) struct RejectedOptions {
    pub(super) options: VcpuConfig,
    pub(super) turned_off: CpuOption,
    /// The values that each kind accepts under the options.
    pub(super) sets: Vec<AcceptanceSet>,
}

impl<'f> Draft<'f> {
    /// Configures all hosts with the most options that leave every field of an option a value.
    pub(super) fn new(kinds: &[&'f Kind]) -> Self {
        let mut options = options::common(kinds.iter().map(|kind| kind.host()));
        let mut rejected = Vec::new();
        loop {
            let draft = Self::with(kinds, options);
            let common = draft.common.as_ref();
            let Some(turned_off) = common.and_then(|common| option_in_the_way(common, options))
            else {
                return Self { rejected, ..draft };
            };
            rejected.push(RejectedOptions {
                options,
                turned_off,
                sets: draft.sets,
            });
            options::turn_off(&mut options, turned_off);
        }
    }

    fn with(kinds: &[&'f Kind], options: VcpuConfig) -> Self {
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
            kinds: kinds.to_vec(),
            options,
            hosts,
            sets,
            common,
            rejected: Vec::new(),
        }
    }

    /// The fields without a common value, in the order of the description.
    pub(super) fn impossible(&self) -> Vec<Impossible> {
        let fields = self.common.iter().flat_map(AcceptanceSet::iter);
        let empty = fields.filter(|(_, values)| values.is_empty());
        empty.map(|(field, _)| self.reasons(field)).collect()
    }

    /// True if guests have EL2 on a host, so that they can act on every field.
    pub(super) fn has_el2(&self) -> bool {
        self.hosts.iter().any(|host| host.info().vcpu.el2)
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
            tolerable: field.field.rule().audience == Some(Audience::El2) && !self.has_el2(),
        }
    }

    /// The greatest common values, with those of the reference where safety does not tell.
    pub(super) fn greatest(
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
            if field.field.rule().safety != Safety::Any
                && let Some(value) = accepted.greatest(field)
            {
                insert(&mut values, field, value);
            }
        }
        for guest in &policy.guests {
            guest.lower(common, &mut values);
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
            let lacks = |host: &Cow<'_, Host>| host.values().get(register).is_none();
            if values.get(register).is_some() && self.hosts.iter().any(lacks) {
                values.set(register, 0);
            }
        }
        values
    }

    /// Adopts the CPU of the reference, or else one of another host that all accept.
    fn adopt_identity(&self, reference: usize, values: &mut RegisterValues) {
        let registers = [
            MidrEl1::DESCRIPTION,
            RevidrEl1::DESCRIPTION,
            AidrEl1::DESCRIPTION,
        ];
        let identity = |host: &Cow<'_, Host>| registers.map(|one| host.values().get(one));
        let is_accepted = |identity: &[Option<u64>; 3]| {
            let mut both = registers.into_iter().zip(identity);
            both.all(|(register, value)| self.accept(register, *value))
        };
        let first = self.hosts.get(reference).map(identity);
        // The order of the other hosts does not count.
        let mut rest: Vec<_> = self.hosts.iter().map(identity).collect();
        rest.sort_unstable();
        if let Some(identity) = first.into_iter().chain(rest).find(is_accepted) {
            for (register, value) in registers.into_iter().zip(identity) {
                values.set(register, value.unwrap_or(0));
            }
        }
    }

    /// Adopts the cache levels of the reference, or else some that all hosts accept.
    fn adopt_cache_levels(&self, reference: usize, values: &mut RegisterValues) {
        let levels = |host: &Cow<'_, Host>| host.values().get(ClidrEl1::DESCRIPTION);
        let first = self.hosts.get(reference).and_then(levels);
        let mut rest: Vec<u64> = self.hosts.iter().filter_map(levels).collect();
        rest.sort_unstable();
        let levels = first.into_iter().chain(rest).find(|bits| {
            let fits = |host: &Cow<'_, Host>| {
                host.values().get(ClidrEl1::DESCRIPTION) == Some(*bits)
                    || host.accepts_cache_levels(ClidrEl1::from_bits(*bits))
            };
            self.accept(ClidrEl1::DESCRIPTION, Some(*bits)) && self.hosts.iter().all(fits)
        });
        if let Some(levels) = levels {
            values.set(ClidrEl1::DESCRIPTION, levels);
        }
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
    pub(super) fn consistent(&self, values: &mut RegisterValues) -> Vec<Violation> {
        let Some(common) = &self.common else {
            return Vec::new();
        };
        let hosts: Vec<&RegisterValues> = self.hosts.iter().map(|host| host.values()).collect();
        make_consistent(&hosts, common, values)
    }

    /// The model and plan of each kind; what has no plan is reported.
    pub(super) fn fits(
        &self,
        values: &RegisterValues,
        tolerated: &[Impossible],
    ) -> (Vec<Fit>, Vec<(usize, PlanError)>) {
        let (mut fits, mut unplanned) = (Vec::new(), Vec::new());
        let is_own = |field: RegisterField| tolerated.iter().any(|other| other.field == field);
        let hosts = self.kinds.iter().zip(&self.hosts);
        for (position, (kind, configured)) in hosts.enumerate() {
            match Fit::new(kind.host(), configured, values, is_own) {
                Ok(fit) => fits.push(fit),
                Err(error) => unplanned.push((position, error)),
            }
        }
        (fits, unplanned)
    }

    /// The fields that some plan does not promise as the model has them.
    pub(super) fn unlike(
        &self,
        values: &RegisterValues,
        fits: &[Fit],
        tolerated: &[Impossible],
    ) -> Vec<Impossible> {
        let promised: Vec<RegisterValues> = fits.iter().map(|fit| fit.plan().in_guest()).collect();
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

/// The first option that is on and has a field without a common value.
pub(super) fn option_in_the_way(common: &AcceptanceSet, options: VcpuConfig) -> Option<CpuOption> {
    let empty = common.iter().filter(|(_, values)| values.is_empty());
    let mut owners = empty.flat_map(|(field, _)| {
        let rule = field.field.rule();
        [rule.owner, rule.needs].into_iter().flatten()
    });
    owners.find_map(|owner| {
        let option = CpuOption::of(owner)?;
        // A host is read with or without EL2, and its registers tell nothing of the other.
        (option != CpuOption::El2 && option.is_on(options)).then_some(option)
    })
}

fn insert(values: &mut RegisterValues, field: RegisterField, value: u64) {
    if let Some(old) = values.get(field.register) {
        values.set(field.register, field.field.insert(old, value));
    }
}
