//! Machines with several core types: the registers on each type, and their differences.

use super::{Host, Implementation};
use crate::description::RegisterDescription;
use crate::number::Hex;
use crate::regs::{AidrEl1, MidrEl1, RevidrEl1};
use crate::text::comma_list;
use crate::values::RegisterValues;
use core::fmt;

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
pub struct CoreDifference {
    /// The register's name.
    pub register: &'static str,
    /// Its value on each core type, or `None` if the register does not exist there, with the CPUs
    /// of that type.
    pub values: Vec<(Vec<u32>, Option<u64>)>,
}

/// Reads one of the registers that identify a CPU's implementation.
type ImplementationValue = fn(&Implementation) -> Option<u64>;

impl Host {
    /// The host with a reading of each core type. A single reading is dropped.
    ///
    /// A value is then allowed only if it is allowed on every core type.
    #[must_use]
    pub fn with_cores(mut self, cores: Vec<CoreReading>) -> Self {
        self.cores = if cores.len() > 1 { cores } else { Vec::new() };
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
        let mut differences = Vec::new();
        if !self.cores.is_empty() {
            let registers = self.description().registers.iter().copied();
            differences.extend(registers.filter_map(|register| self.core_difference(register)));
        }
        // KVM reports the same values of these registers wherever a vCPU is created; the values of
        // the cores themselves are in sysfs.
        let implementations: [(&str, ImplementationValue); 3] = [
            (MidrEl1::NAME, |cpu| cpu.midr),
            (RevidrEl1::NAME, |cpu| cpu.revidr),
            (AidrEl1::NAME, |cpu| cpu.aidr),
        ];
        for (register, value) in implementations {
            let known = differences
                .iter()
                .any(|difference: &CoreDifference| difference.register == register);
            differences.extend(
                self.implementations_differ(register, value)
                    .filter(|_| !known),
            );
        }
        differences
    }

    fn implementations_differ(
        &self,
        register: &'static str,
        value: ImplementationValue,
    ) -> Option<CoreDifference> {
        let mut values: Vec<(Vec<u32>, Option<u64>)> = Vec::new();
        for implementation in self
            .info
            .implementations
            .iter()
            .filter(|cpu| cpu.midr.is_some())
        {
            match values
                .iter_mut()
                .find(|(_, known)| *known == value(implementation))
            {
                Some((cpus, _)) => cpus.push(implementation.cpu),
                None => values.push((vec![implementation.cpu], value(implementation))),
            }
        }
        (values.len() > 1).then_some(CoreDifference { register, values })
    }

    fn core_difference(&self, register: &'static RegisterDescription) -> Option<CoreDifference> {
        let (first, others) = self.cores.split_first()?;
        let on_first = first.values.get(register);
        let same = |core: &CoreReading| core.values.get(register) == on_first;
        if others.iter().all(same) {
            return None;
        }
        let values = self.cores.iter();
        let values = values.map(|core| (core.cpus.clone(), core.values.get(register)));
        Some(CoreDifference {
            register: register.name,
            values: values.collect(),
        })
    }
}

/// Shows the register and each value with its CPUs.
impl fmt::Display for CoreDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not the same on all cores", self.register)?;
        for (index, (cpus, value)) in self.values.iter().enumerate() {
            let before = if index == 0 { ": " } else { ", " };
            match value {
                Some(value) => write!(f, "{before}{}", Hex(*value))?,
                None => write!(f, "{before}absent")?,
            }
            write!(f, " on CPU {}", comma_list(cpus))?;
        }
        Ok(())
    }
}
