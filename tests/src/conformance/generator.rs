//! Random test cases, weighted so that values on which a rule of KVM decides are frequent.

use fastrand::Rng;
use idreg_runtime::description::rule::Safety;
use idreg_runtime::description::{RegisterDescription, RegisterField};
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::number::Hex;
use idreg_runtime::values::RegisterValues;
use std::ops::RangeInclusive;

/// Number of fields in a combination.
const COMBINATION: RangeInclusive<usize> = 2..=6;
/// One try in 200 creates VMs of its own and runs their guest.
const RUNS: u64 = 200;

/// The overrides of a try.
#[derive(Clone, Debug)]
pub(super) enum TestCase {
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

impl TestCase {
    /// The registers to write, in index order. A register that the host does not have is written
    /// too: KVM must reject it.
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

    /// The model with the same overrides, or `None` if no model has them.
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

/// Source of the tries. The same seed and host give the same tries, whatever KVM answers.
#[derive(Debug)]
pub(super) struct Generator<'h> {
    host: &'h Host,
    random: Rng,
    fields: Vec<RegisterField>,
    /// The fields with a bit that KVM reports as writable.
    writable: Vec<RegisterField>,
    /// The fields with another allowed value than the host's.
    open: Vec<RegisterField>,
}

impl<'h> Generator<'h> {
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

    /// True if the next try runs a guest.
    pub(super) fn runs_guest(&mut self) -> bool {
        self.random.u64(0..RUNS) == 0
    }

    /// A number below `count`, which is not 0.
    pub(super) fn below(&mut self, count: u16) -> u16 {
        self.random.u16(0..count)
    }

    /// The next try.
    pub(super) fn next_case(&mut self) -> TestCase {
        match self.random.u8(0..40) {
            0 => self.registers(),
            1..=16 => {
                let field = self.field();
                let field = field.map(|of| (of, self.value(of)));
                TestCase::Fields(field.into_iter().collect())
            }
            17..=30 => self.combination(None),
            _ => {
                let register = self.field().map(|of| of.register);
                self.combination(register)
            }
        }
    }

    /// Several fields, of `register` if it is given. In half of the combinations KVM is predicted
    /// to accept all values, since the rejection of one field hides the others of its register.
    fn combination(&mut self, register: Option<&'static RegisterDescription>) -> TestCase {
        let is_predicted = self.random.bool();
        let from = match register {
            Some(register) => register.fields().collect(),
            None if is_predicted => self.open.clone(),
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
            let value = if is_predicted {
                self.predicted_value(of)
            } else {
                self.value(of)
            };
            fields.push((of, value));
        }
        TestCase::Fields(fields)
    }

    fn field(&mut self) -> Option<RegisterField> {
        let any = self.writable.is_empty() || self.random.u8(0..5) == 0;
        let from = if any { &self.fields } else { &self.writable };
        self.random.choice(from.iter().copied())
    }

    fn value(&mut self, of: RegisterField) -> u64 {
        match self.random.u8(0..8) {
            0..3 => self.predicted_value(of),
            3..7 => {
                let edges = edges(self.host, of);
                self.random.choice(edges).unwrap_or(0)
            }
            _ => self.random.u64(0..=of.field.max()),
        }
    }

    /// A value that KVM is predicted to accept; the ends of the allowed ranges are frequent.
    fn predicted_value(&mut self, of: RegisterField) -> u64 {
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

    /// One to three registers with one bit of the host's value inverted, or another value.
    fn registers(&mut self) -> TestCase {
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
        TestCase::Registers(registers)
    }

    fn register_value(&mut self, register: &RegisterDescription) -> u64 {
        let on_host = self.host.values().get(register).unwrap_or(0);
        let inverted = on_host ^ 1 << self.random.u32(0..u64::BITS);
        match self.random.u8(0..8) {
            0..5 => inverted,
            5 => 0,
            6 => u64::MAX,
            _ => self.random.u64(..),
        }
    }
}

/// The values of a field at which the result of a rule may change.
fn edges(host: &Host, of: RegisterField) -> Vec<u64> {
    let (limit, max) = (host.values().field(of).unwrap_or(0), of.field.max());
    let next = limit.wrapping_add(1) & max;
    let mut edges = vec![limit, next, limit.wrapping_sub(1) & max, 0, 1, max];
    if let Safety::Exact { safe } = of.field.rule().safety {
        edges.push(safe);
    }
    let refused = of.field.rule().refused.iter();
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

    fn tries(seed: u64) -> Vec<TestCase> {
        let host = host();
        let mut generator = Generator::new(&host, seed);
        (0..2000).map(|_| generator.next_case()).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_tries() {
        let lines = |seed| tries(seed).iter().map(TestCase::lines).collect::<Vec<_>>();
        assert_eq!(lines(7), lines(7));
        assert_ne!(lines(7), lines(8));
    }

    #[test]
    fn no_field_and_no_register_occurs_twice() {
        for case in tries(1) {
            let lines = case.lines();
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
        let case = TestCase::Fields(vec![
            (field("SYSREG_ID_AA64ISAR0_EL1_DP"), 0),
            (field("SYSREG_ID_AA64PFR0_EL1_CSV2"), 0),
            (field("SYSREG_ID_AA64ISAR0_EL1_AES"), 0),
        ]);
        let writes = case.writes(&host);
        let names: Vec<_> = writes.iter().map(|write| write.register.name).collect();
        assert_eq!(names, ["ID_AA64PFR0_EL1", "ID_AA64ISAR0_EL1"]);
        let isar0 = writes.last().unwrap().value;
        assert_eq!(field("SYSREG_ID_AA64ISAR0_EL1_DP").field.extract(isar0), 0);
        assert_eq!(field("SYSREG_ID_AA64ISAR0_EL1_AES").field.extract(isar0), 0);
        assert_ne!(isar0, 0);
    }

    #[test]
    fn the_host_s_own_value_is_not_written() {
        let host = host();
        let of = host
            .description()
            .property("SYSREG_ID_AA64ISAR0_EL1_DP")
            .unwrap();
        let value = host.values().field(of).unwrap();
        assert!(TestCase::Fields(vec![(of, value)]).writes(&host).is_empty());
    }

    #[test]
    fn an_absent_register_is_written() {
        let host = host();
        let absent = |of: &RegisterField| host.values().get(of.register).is_none();
        let of = host.description().fields().find(absent).unwrap();
        assert_eq!(TestCase::Fields(vec![(of, 0)]).writes(&host).len(), 1);
    }
}
