//! Registers of machines in texts that other programs print: the host that they make.

use crate::description::RegisterDescription;
use crate::encoding::Encoding;
use crate::host::{CoreReading, Host, HostInfo, Implementation};
use crate::number::Hex;
use crate::register::RegisterValue as _;
use crate::regs::{AidrEl1, DESCRIPTION, MidrEl1, MpidrEl1, RevidrEl1};
use crate::values::RegisterValues;
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of a CPU: that of an arm64 kernel with the most CPUs (Linux 7.2,
/// `arch/arm64/Kconfig`, `NR_CPUS`).
pub(super) const LAST_CPU: u32 = 4095;

/// The maximum number of core types in a host file.
const MOST_TYPES: usize = 64;

/// A host in a text, and the facts that the text does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineHost {
    /// The host, without masks: no field of it can be changed.
    pub host: Host,
    /// The missing facts, a sentence each.
    pub missing: Vec<String>,
}

/// The reason why a text is no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMachineText {
    /// The text has no register.
    #[error("there is no ID register of a CPU in the text; expected {expected}")]
    NoRegisters {
        /// The lines that were looked for.
        expected: &'static str,
    },
    /// A register of one CPU has two values.
    #[error(
        "line {line}: {register} of CPU {cpu} is {second} here, and {first} in a line before; keep \
         the text of one machine"
    )]
    Contradiction {
        /// The number of the line of the second value.
        line: usize,
        /// The register's name.
        register: &'static str,
        /// The CPU's number.
        cpu: u32,
        /// The first value.
        first: Hex,
        /// The second value.
        second: Hex,
    },
    /// The CPUs have more sets of registers than a host file takes.
    #[error(
        "the CPUs have more than {MOST_TYPES} different sets of registers, which no machine has; \
         keep the text of one machine"
    )]
    TooManyTypes,
    /// A value is not a number.
    #[error("line {line}: {register} has no value of 64 bits; expected {expected}")]
    NoValue {
        /// The number of the line.
        line: usize,
        /// The register's name.
        register: &'static str,
        /// The form of a value.
        expected: &'static str,
    },
}

/// The registers of each CPU in a text.
#[derive(Debug, Default)]
pub(super) struct MachineText {
    cpus: BTreeMap<u32, BTreeMap<usize, u64>>,
    /// Names of registers that this version does not know.
    unknown: BTreeSet<String>,
    /// CNTFRQ_EL0, 0 if it is unknown.
    pub(super) timer_frequency: u64,
}

impl MachineText {
    /// Adds a register's value on a CPU.
    pub(super) fn add(
        &mut self,
        line: usize,
        cpu: u32,
        register: &'static RegisterDescription,
        value: u64,
    ) -> Result<(), InvalidMachineText> {
        let registers = self.cpus.entry(cpu).or_default();
        match registers.insert(register.index, value) {
            Some(first) if first != value => Err(InvalidMachineText::Contradiction {
                line,
                register: register.name,
                cpu,
                first: Hex(first),
                second: Hex(value),
            }),
            _ => Ok(()),
        }
    }

    /// Notes a register that this version does not know.
    pub(super) fn add_unknown(&mut self, name: impl Into<String>) {
        /// A text from outside can have any number of names.
        const MOST_NAMES: usize = 64;
        if self.unknown.len() < MOST_NAMES {
            self.unknown.insert(name.into());
        }
    }

    /// The host of these registers. A register that a CPU lacks is as on the first CPU if
    /// `first_for_all`.
    pub(super) fn host(
        mut self,
        source: &str,
        expected: &'static str,
        first_for_all: bool,
    ) -> Result<MachineHost, InvalidMachineText> {
        let Some(first) = self.cpus.values().next().cloned() else {
            return Err(InvalidMachineText::NoRegisters { expected });
        };
        let mut implementations = Vec::new();
        for (cpu, registers) in &self.cpus {
            implementations.push(implementation(*cpu, registers));
        }
        let info = HostInfo {
            kernel_release: source.to_owned(),
            implementations,
            timer_frequency: self.timer_frequency,
            ..HostInfo::default()
        };
        let mut missing = missing(self.timer_frequency);
        for name in &self.unknown {
            let name = crate::text::Printable(name);
            missing.push(format!(
                "{name} is no register of this version and is left out"
            ));
        }
        if first_for_all {
            for registers in self.cpus.values_mut() {
                for (index, value) in &first {
                    registers.entry(*index).or_insert(*value);
                }
            }
        }
        let host = Host::from_values(info, values(&first), None);
        let host = host.with_cores(cores(&self.cpus)?);
        Ok(MachineHost { host, missing })
    }
}

/// The facts that no such text has.
fn missing(timer_frequency: u64) -> Vec<String> {
    let mut missing = vec![
        "the writable bits (masks) are not in the text: the host has none, and no field of it can \
         be changed"
            .to_owned(),
        "the capabilities of KVM and the options of vCPUs are not in the text: all are off"
            .to_owned(),
        "the text is not of a KVM guest: a guest there sees lower values of many fields".to_owned(),
    ];
    if timer_frequency == 0 {
        missing.push("the generic timer's frequency (CNTFRQ_EL0) is not in the text".to_owned());
    }
    missing
}

fn value_of(registers: &BTreeMap<usize, u64>, register: Encoding) -> Option<u64> {
    let mut known = DESCRIPTION.registers.iter();
    let register = known.find(|known| known.encoding == register)?;
    registers.get(&register.index).copied()
}

fn implementation(cpu: u32, registers: &BTreeMap<usize, u64>) -> Implementation {
    Implementation {
        cpu,
        midr: value_of(registers, MidrEl1::ENCODING),
        revidr: value_of(registers, RevidrEl1::ENCODING),
        aidr: value_of(registers, AidrEl1::ENCODING),
    }
}

fn values(registers: &BTreeMap<usize, u64>) -> RegisterValues {
    let mut values = RegisterValues::new(&DESCRIPTION);
    for (index, value) in registers {
        if let Some(register) = DESCRIPTION.registers.get(*index) {
            values.set(register, *value);
        }
    }
    values
}

/// The types of cores: CPUs with the same registers, apart from their numbers (MPIDR_EL1).
fn cores(
    cpus: &BTreeMap<u32, BTreeMap<usize, u64>>,
) -> Result<Vec<CoreReading>, InvalidMachineText> {
    let mut cores: Vec<CoreReading> = Vec::new();
    let first = cpus.values().next();
    for (cpu, registers) in cpus {
        let mut values = values(registers);
        let mpidr = first.and_then(|first| value_of(first, MpidrEl1::ENCODING));
        if let Some(mpidr) = mpidr {
            values.set(MpidrEl1::DESCRIPTION, mpidr);
        }
        match cores.iter_mut().find(|core| core.values == values) {
            Some(core) => core.cpus.push(*cpu),
            None => cores.push(CoreReading {
                cpus: vec![*cpu],
                values,
            }),
        }
        if cores.len() > MOST_TYPES {
            return Err(InvalidMachineText::TooManyTypes);
        }
    }
    Ok(cores)
}
