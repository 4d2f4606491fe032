//! What is tried: random overrides, weighted so that what KVM decides by a rule comes up often.

use fastrand::Rng;
use idreg_runtime::description::rule::Safety;
use idreg_runtime::description::{RegisterDescription, RegisterField};
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::number::Hex;
use idreg_runtime::values::RegisterValues;
use std::ops::RangeInclusive;

/// How many fields a combination has.
const COMBINATION: RangeInclusive<usize> = 2..=6;
/// One try in so many costs VMs of its own, whose guest runs.
const RUNS: u64 = 200;

/// What a try asks for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// Values of fields, each field once.
    Fields(Vec<(RegisterField, u64)>),
    /// Values of registers, reserved bits included, each register once.
    Registers(Vec<(&'static RegisterDescription, u64)>),
}

/// A register and the value to write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Write {
    pub(super) register: &'static RegisterDescription,
    pub(super) value: u64,
}

impl Asked {
    /// The registers that have to be written, in index order. One that the host does not have is written too:
    /// KVM has to say so.
    pub(super) fn writes(&self, host: &Host) -> Vec<Write> {
        let mut values = RegisterValues::new(host.description());
        match self {
            Self::Fields(fields) => {
                for (RegisterField { register, field }, value) in fields {
                    let on_host = host.values().get(register).unwrap_or(0);
                    let before = values.get(register).unwrap_or(on_host);
                    values.set(register, field.insert(before, *value));
                }
            }
            Self::Registers(registers) => {
                for (register, value) in registers {
                    values.set(register, *value);
                }
            }
        }
        let differs = |write: &Write| host.values().get(write.register) != Some(write.value);
        let writes = values.iter();
        let writes = writes.map(|(register, value)| Write { register, value });
        writes.filter(differs).collect()
    }

    /// The model that asks for the same; nothing if no model can.
    pub(super) fn model(&self) -> Option<CpuModel> {
        let Self::Fields(fields) = self else {
            return None;
        };
        let mut model = CpuModel::host();
        for (field, value) in fields {
            model.set_property(field.to_string(), *value);
        }
        Some(model)
    }

    /// One line for each field or register.
    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Self::Fields(fields) => {
                let line = |(of, value): &(RegisterField, u64)| format!("{of}={value:#x}");
                fields.iter().map(line).collect()
            }
            Self::Registers(registers) => {
                let line = |(register, value): &(&RegisterDescription, u64)| {
                    format!("{}={}", register.name, Hex(*value))
                };
                registers.iter().map(line).collect()
            }
        }
    }
}

/// Where the tries come from. The same seed and host give the same tries, whatever KVM makes of them.
#[derive(Debug)]
pub(super) struct Draw<'h> {
    host: &'h Host,
    random: Rng,
    fields: Vec<RegisterField>,
    /// The fields with a bit that KVM reports as writable.
    writable: Vec<RegisterField>,
    /// The fields that can have another value than the host's.
    open: Vec<RegisterField>,
}

impl<'h> Draw<'h> {
    pub(super) fn new(host: &'h Host, seed: u64) -> Self {
        let fields: Vec<RegisterField> = host.description().fields().collect();
        let fields_that = |holds: &dyn Fn(RegisterField) -> bool| {
            let fields = fields.iter().copied();
            fields.filter(|of| holds(*of)).collect()
        };
        let is_masked = |of: RegisterField| host.writable(of.register) & of.field.mask() != 0;
        Self {
            host,
            random: Rng::with_seed(seed),
            writable: fields_that(&is_masked),
            open: fields_that(&|of| host.why_fixed(of).is_none()),
            fields,
        }
    }

    /// Whether a guest shall run.
    pub(super) fn runs(&mut self) -> bool {
        self.random.u64(0..RUNS) == 0
    }

    /// A number below `count`, which is not 0.
    pub(super) fn below(&mut self, count: u16) -> u16 {
        self.random.u16(0..count)
    }

    /// The next try.
    pub(super) fn asked(&mut self) -> Asked {
        match self.random.u8(0..40) {
            0 => self.registers(),
            1..=16 => {
                let field = self.field();
                let field = field.map(|of| (of, self.value(of)));
                Asked::Fields(field.into_iter().collect())
            }
            17..=30 => self.combination(None),
            _ => {
                let register = self.field().map(|of| of.register);
                self.combination(register)
            }
        }
    }

    /// Several fields, of one register if one is given. Half of them are foreseen to be taken, since a refusal of
    /// one field hides what becomes of the others of its register.
    fn combination(&mut self, register: Option<&'static RegisterDescription>) -> Asked {
        let is_foreseen = self.random.bool();
        let from = match register {
            Some(register) => register.fields().collect(),
            None if is_foreseen => self.open.clone(),
            None => Vec::new(),
        };
        let mut fields: Vec<(RegisterField, u64)> = Vec::new();
        for _ in 0..self.random.usize(COMBINATION) {
            let field = if from.is_empty() {
                self.field()
            } else {
                self.random.choice(from.iter().copied())
            };
            let Some(of) = field.filter(|of| fields.iter().all(|(other, _)| other != of)) else {
                continue;
            };
            let value = if is_foreseen {
                self.foreseen(of)
            } else {
                self.value(of)
            };
            fields.push((of, value));
        }
        Asked::Fields(fields)
    }

    fn field(&mut self) -> Option<RegisterField> {
        let any = self.writable.is_empty() || self.random.u8(0..5) == 0;
        let from = if any { &self.fields } else { &self.writable };
        self.random.choice(from.iter().copied())
    }

    fn value(&mut self, of: RegisterField) -> u64 {
        match self.random.u8(0..8) {
            0..3 => self.foreseen(of),
            3..7 => {
                let edges = edges(self.host, of);
                self.random.choice(edges).unwrap_or(0)
            }
            _ => self.random.u64(0..=of.field.max()),
        }
    }

    /// A value that the library says KVM takes; the ends of its ranges come up often.
    fn foreseen(&mut self, of: RegisterField) -> u64 {
        let allowed = self.host.allowed(of);
        let Some(range) = self.random.choice(allowed) else {
            return 0;
        };
        match self.random.u8(0..4) {
            0 => range.first,
            1 => range.last,
            _ => self.random.u64(range.first..=range.last),
        }
    }

    /// One to three registers with a bit of the host's value turned, or with nothing of it left.
    fn registers(&mut self) -> Asked {
        let mut registers: Vec<(&'static RegisterDescription, u64)> = Vec::new();
        for _ in 0..self.random.usize(1..=3) {
            let all = self.host.description().registers;
            let Some(register) = self.random.choice(all.iter().copied()) else {
                continue;
            };
            if registers
                .iter()
                .all(|(other, _)| other.index != register.index)
            {
                let value = self.register_value(register);
                registers.push((register, value));
            }
        }
        Asked::Registers(registers)
    }

    fn register_value(&mut self, register: &RegisterDescription) -> u64 {
        let on_host = self.host.values().get(register).unwrap_or(0);
        let turned = on_host ^ 1 << self.random.u32(0..u64::BITS);
        match self.random.u8(0..8) {
            0..5 => turned,
            5 => 0,
            6 => u64::MAX,
            _ => self.random.u64(..),
        }
    }
}

/// The values of a field at which a rule may change its mind.
fn edges(host: &Host, of: RegisterField) -> Vec<u64> {
    let (limit, max) = (host.values().field(of).unwrap_or(0), of.field.max());
    let next = limit.wrapping_add(1) & max;
    let mut edges = vec![limit, next, limit.wrapping_sub(1) & max, 0, 1, max];
    if let Safety::Exact { safe } = of.field.rule.safety {
        edges.push(safe);
    }
    let refused = of.field.rule.refused.iter();
    edges.extend(refused.flat_map(|range| [range.first, range.last]));
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host {
        let file = include_str!("../../../tests/data/hosts/max-latest.json");
        serde_json::from_str(file).unwrap()
    }

    fn tries(seed: u64) -> Vec<Asked> {
        let host = host();
        let mut draw = Draw::new(&host, seed);
        (0..2000).map(|_| draw.asked()).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_tries() {
        let lines = |seed| tries(seed).iter().map(Asked::lines).collect::<Vec<_>>();
        assert_eq!(lines(7), lines(7));
        assert_ne!(lines(7), lines(8));
    }

    #[test]
    fn no_field_and_no_register_is_asked_for_twice() {
        for asked in tries(1) {
            let lines = asked.lines();
            let mut names: Vec<_> = lines.iter().map(|line| line.split('=').next()).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), lines.len(), "{lines:?}");
        }
    }

    #[test]
    fn writes_are_in_index_order_and_hold_all_fields_of_a_register() {
        let host = host();
        let field = |name| host.description().property(name).unwrap();
        let asked = Asked::Fields(vec![
            (field("SYSREG_ID_AA64ISAR0_EL1_DP"), 0),
            (field("SYSREG_ID_AA64PFR0_EL1_CSV2"), 0),
            (field("SYSREG_ID_AA64ISAR0_EL1_AES"), 0),
        ]);
        let writes = asked.writes(&host);
        let names: Vec<_> = writes.iter().map(|write| write.register.name).collect();
        assert_eq!(names, ["ID_AA64PFR0_EL1", "ID_AA64ISAR0_EL1"]);
        let isar0 = writes.last().unwrap().value;
        assert_eq!(field("SYSREG_ID_AA64ISAR0_EL1_DP").field.extract(isar0), 0);
        assert_eq!(field("SYSREG_ID_AA64ISAR0_EL1_AES").field.extract(isar0), 0);
        assert_ne!(isar0, 0);
    }

    #[test]
    fn what_the_host_shows_already_is_not_written() {
        let host = host();
        let of = host
            .description()
            .property("SYSREG_ID_AA64ISAR0_EL1_DP")
            .unwrap();
        let value = host.values().field(of).unwrap();
        assert!(Asked::Fields(vec![(of, value)]).writes(&host).is_empty());
    }

    #[test]
    fn an_absent_register_is_written() {
        let host = host();
        let absent = |of: &RegisterField| host.values().get(of.register).is_none();
        let of = host.description().fields().find(absent).unwrap();
        assert_eq!(Asked::Fields(vec![(of, 0)]).writes(&host).len(), 1);
    }
}
