//! Machines with several core types: the registers on each type, and their differences.

use super::{Host, Implementation};
use crate::description::{RegisterDescription, RegisterField};
use crate::model::property::short_name;
use crate::model::{Override, Setting};
use crate::number::Hex;
use crate::regs::{AidrEl1, MidrEl1, RevidrEl1};
use crate::text::{ascending, ascending_numbers, cpu_list, joined};
use crate::values::RegisterValues;
use core::{fmt, slice};

/// The registers of a vCPU on one core type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreReading {
    /// The CPUs of this type that the reading covers, by number, ascending.
    pub cpus: Vec<u32>,
    /// The registers' values in a vCPU on these CPUs.
    pub values: RegisterValues,
}

/// A register whose values differ between core types.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CoreDifference {
    /// The register's name.
    pub register: &'static str,
    /// Each value, or `None` if the register does not exist there, with the CPUs that have it,
    /// ascending. No CPUs means the CPU on which the host's own registers were read.
    pub values: Vec<(Vec<u32>, Option<u64>)>,
    /// The overrides with values that every core type can honour, after which the register no
    /// longer depends on the core; empty if overrides cannot achieve that.
    pub overrides: Vec<Override>,
}

/// Reads one of the registers that identify a CPU's implementation.
type ImplementationValue = fn(&Implementation) -> Option<u64>;

impl Host {
    /// The host with a reading of each core type. A single reading with the host's own values is
    /// dropped.
    ///
    /// A value other than the host's is then allowed only if it is allowed on every core type.
    #[must_use]
    pub fn with_cores(mut self, cores: Vec<CoreReading>) -> Self {
        let is_host = |core: &CoreReading| core.values == self.values;
        let differ = cores.len() > 1 || !cores.iter().all(is_host);
        self.cores = if differ { cores } else { Vec::new() };
        self
    }

    /// The reading of each core type; empty if all cores have the same type.
    #[must_use]
    pub fn cores(&self) -> &[CoreReading] {
        &self.cores
    }

    /// The registers whose values differ between core types, in index order.
    #[must_use]
    pub fn core_differences(&self) -> Vec<CoreDifference> {
        self.differences_beside(&[])
    }

    /// The registers whose values differ between core types in other than these fields, which
    /// overrides set to values that every core type can honour.
    pub(crate) fn differences_beside(&self, set: &[RegisterField]) -> Vec<CoreDifference> {
        let mut differences = Vec::new();
        for register in self.differing_registers() {
            if self.is_open(register, set) {
                differences.push(self.core_difference(register, set));
            }
        }
        // KVM reports the same values of these registers wherever a vCPU is created; the values of
        // the cores themselves are in sysfs.
        let implementations: [(&str, ImplementationValue); 3] = [
            (MidrEl1::NAME, |cpu| cpu.midr),
            (RevidrEl1::NAME, |cpu| cpu.revidr),
            (AidrEl1::NAME, |cpu| cpu.aidr),
        ];
        for (name, value) in implementations {
            let is_known = |difference: &CoreDifference| difference.register == name;
            let register = self.description().register(name);
            let is_set = register.is_some_and(|register| {
                let mut fields = register.fields();
                fields.all(|field| set.contains(&field))
            });
            if is_set || differences.iter().any(is_known) {
                continue;
            }
            // A CPU that is offline has none of the three.
            let mut values = Vec::new();
            for cpu in &self.info.implementations {
                if cpu.midr.is_some() {
                    values.push((slice::from_ref(&cpu.cpu), value(cpu)));
                }
            }
            let values = grouped(&values);
            if values.len() > 1 {
                differences.push(CoreDifference {
                    register: name,
                    values,
                    overrides: register.map_or(Vec::new(), |register| self.whole(register)),
                });
            }
        }
        differences
    }

    /// The values of a field, each with the CPUs that have it, ascending; empty if all core types
    /// have the same value.
    pub(crate) fn field_on_cores(&self, field: RegisterField) -> Vec<(Vec<u32>, Option<u64>)> {
        let of_cores = self.cores.iter();
        let of_cores = of_cores.map(|core| (&core.cpus[..], core.values.field(field)));
        let values = grouped(&of_cores.collect::<Vec<_>>());
        if values.len() > 1 { values } else { Vec::new() }
    }

    /// The registers that do not have the host's own value on every core type, in index order.
    pub(super) fn differing_registers(&self) -> Vec<&'static RegisterDescription> {
        let mut differing = Vec::new();
        for register in self.description().registers {
            let own = self.values.get(register);
            let mut cores = self.cores.iter();
            if cores.any(|core| core.values.get(register) != own) {
                differing.push(*register);
            }
        }
        differing
    }

    /// True if a register depends on the core although these fields are set.
    fn is_open(&self, register: &'static RegisterDescription, set: &[RegisterField]) -> bool {
        let set = set
            .iter()
            .filter(|field| field.register.encoding == register.encoding);
        let set = set.fold(0, |bits, field| bits | field.field.mask());
        let own = self.values.get(register).map(|value| value & !set);
        let mut others = self.cores.iter();
        others.any(|core| core.values.get(register).map(|value| value & !set) != own)
    }

    fn core_difference(
        &self,
        register: &'static RegisterDescription,
        set: &[RegisterField],
    ) -> CoreDifference {
        let own = self.values.get(register);
        let mut values = Vec::new();
        for core in &self.cores {
            values.push((&core.cpus[..], core.values.get(register)));
        }
        if values.iter().all(|(_, value)| *value != own) {
            values.insert(0, (&[], own));
        }
        CoreDifference {
            register: register.name,
            values: grouped(&values),
            overrides: self.common_overrides(register, set),
        }
    }

    /// Overrides of the fields that differ, or none if some difference would remain.
    fn common_overrides(
        &self,
        register: &'static RegisterDescription,
        set: &[RegisterField],
    ) -> Vec<Override> {
        let differing = register
            .fields()
            .filter(|field| !set.contains(field) && !self.cores_agree(*field));
        let mut overridden = set.to_vec();
        let mut overrides = Vec::new();
        for field in differing {
            let Some(value) = self
                .limit(field)
                .filter(|limit| self.honours(field, *limit))
            else {
                return Vec::new();
            };
            overridden.push(field);
            overrides.push(Override {
                property: field.to_string(),
                value: Ok(Setting::Number(value)),
            });
        }
        if self.is_open(register, &overridden) {
            return Vec::new();
        }
        overrides
    }

    /// An override of a whole register with the host's value, if it can be overridden.
    fn whole(&self, register: &'static RegisterDescription) -> Vec<Override> {
        let is_writable = register.fields().all(|field| self.is_writable(field));
        match self.values.get(register) {
            Some(value) if is_writable => vec![Override {
                property: short_name(register),
                value: Ok(Setting::Number(value)),
            }],
            _ => Vec::new(),
        }
    }
}

/// The CPUs that have a value.
struct Group {
    /// The position of the first of them.
    first: usize,
    cpus: Vec<u32>,
    value: Option<u64>,
}

/// The values in the order of their first CPUs, each with all its CPUs, ascending.
fn grouped(values: &[(&[u32], Option<u64>)]) -> Vec<(Vec<u32>, Option<u64>)> {
    let key = |value: Option<u64>| value.map_or(0, |value| u128::from(value) + 1);
    let keys: Vec<u128> = values.iter().map(|(_, value)| key(*value)).collect();
    let mut groups: Vec<Group> = Vec::new();
    for position in ascending(&keys) {
        let Some((cpus, value)) = values.get(position) else {
            continue;
        };
        match groups.last_mut() {
            Some(group) if group.value == *value => group.cpus.extend_from_slice(cpus),
            _ => groups.push(Group {
                first: position,
                cpus: cpus.to_vec(),
                value: *value,
            }),
        }
    }
    let firsts: Vec<u128> = groups.iter().map(|group| group.first as u128).collect();
    let mut in_order = Vec::new();
    for position in ascending(&firsts) {
        if let Some(group) = groups.get(position) {
            in_order.push((ascending_numbers(&group.cpus), group.value));
        }
    }
    in_order
}

/// The number of values that a message shows.
const SHOWN_VALUES: usize = 8;

/// Shows the register, each value with its CPUs, and the remedies.
impl fmt::Display for CoreDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not the same on all cores", self.register)?;
        for (index, (cpus, value)) in self.values.iter().take(SHOWN_VALUES).enumerate() {
            let before = if index == 0 { ": " } else { ", " };
            match value {
                Some(value) => write!(f, "{before}{}", Hex(*value))?,
                None => write!(f, "{before}absent")?,
            }
            match cpus.as_slice() {
                [] => f.write_str(" where the host was read")?,
                cpus => write!(f, " on CPU {}", cpu_list(cpus))?,
            }
        }
        if let more @ 1.. = self.values.len().saturating_sub(SHOWN_VALUES) {
            write!(f, ", and {more} other values")?;
        }
        f.write_str("; run the vCPUs on CPUs with one value")?;
        match self.overrides.as_slice() {
            [] => Ok(()),
            overrides => write!(f, ", or add {}", joined(overrides, ",")),
        }
    }
}
