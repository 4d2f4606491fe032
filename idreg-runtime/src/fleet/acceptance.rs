//! Acceptance sets: the values that a host lets each field have.

use super::ranges::Ranges;
use crate::config::Gic;
use crate::description::rule::{Owner, Safety, ValueRange};
use crate::description::{Description, RegisterDescription, RegisterField};
use crate::host::Host;
use crate::values::RegisterValues;

/// The number of bits up to which a field's values are the bits of a mask.
const NARROW: u8 = 4;

/// The values that a host, or every host of several, lets each field have under its configuration.
///
/// The values of a field of up to four bits are a mask of 16 bits, those of a wider one are
/// [`Ranges`]. The common values of hosts are the [intersection](Self::intersect) of their sets,
/// which is associative, commutative and idempotent. MPIDR_EL1 is in no set: each vCPU has its own.
///
/// A register that a host does not have reads as zero.
#[derive(Clone, Debug)]
pub struct AcceptanceSet {
    description: &'static Description,
    /// For each field of up to four bits, in the order of the description, bit N for the value N.
    narrow: Box<[u16]>,
    /// For each wider field, in the order of the description.
    wide: Box<[Ranges]>,
    /// For each register, the bits without a field that are 1 on all hosts, and on any host.
    undescribed: Box<[(u64, u64)]>,
}

/// The values that a field may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptedValues<'a> {
    /// A field of up to four bits: bit N for the value N.
    Mask(u16),
    /// A wider field.
    Ranges(&'a Ranges),
}

impl AcceptanceSet {
    /// The values that a new guest may be given: every core type honours them, and those that the
    /// host does not have itself have a name in the description, since no CPU has the others.
    ///
    /// ```
    /// # let host: idreg_runtime::Host =
    /// #     serde_json::from_str(include_str!("../../data/hosts/max-latest.json"))?;
    /// use idreg_runtime::fleet::AcceptanceSet;
    ///
    /// let field = host.description().property("SYSREG_ID_AA64DFR0_EL1_PMUVer");
    /// let field = field.ok_or("no such field")?;
    /// let (new, arriving) = (AcceptanceSet::new_guest(&host), AcceptanceSet::arriving(&host));
    /// // KVM takes version 2 too, which no PMU has.
    /// assert!(!new.get(field).ok_or("no such field")?.contains(2));
    /// assert!(arriving.get(field).ok_or("no such field")?.contains(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new_guest(host: &Host) -> Self {
        Self::of(host, |field| {
            let ranges = host.honoured(field);
            let (values, rule) = (field.field.values(), field.field.rule());
            if field.field.width() > NARROW || values.is_empty() || rule.safety == Safety::Any {
                return ranges;
            }
            let own = host.values().field(field);
            let is_named = |value: &u64| values.name_of(*value).is_some() || own == Some(*value);
            let values = ranges.iter().flat_map(|range| range.first..=range.last);
            let values = values.filter(is_named);
            values
                .map(|value| ValueRange {
                    first: value,
                    last: value,
                })
                .collect()
        })
    }

    /// The values that a guest may have which arrives from another host: KVM takes them, or they
    /// are there.
    #[must_use]
    pub fn arriving(host: &Host) -> Self {
        Self::of(host, |field| host.allowed(field))
    }

    fn of(host: &Host, allowed: impl Fn(RegisterField) -> Vec<ValueRange>) -> Self {
        let description = host.description();
        let (mut narrow, mut wide) = (Vec::new(), Vec::new());
        for field in judged(description) {
            let is_absent = host.values().get(field.register).is_none();
            let is_cleared = field.field.rule().owner == Some(Owner::Gic)
                && host.info().vcpu.gic != Some(Gic::V3);
            let ranges = if is_absent || is_cleared {
                vec![ValueRange { first: 0, last: 0 }]
            } else {
                allowed(field)
            };
            if field.field.width() <= NARROW {
                narrow.push(mask(&ranges));
            } else {
                wide.push(Ranges::from_ascending(&joined(ranges)));
            }
        }
        let undescribed = description.registers.iter().map(|register| {
            let bits = host.values().get(register).unwrap_or(0) & !described(register);
            (bits, bits)
        });
        Self {
            description,
            narrow: narrow.into(),
            wide: wide.into(),
            undescribed: undescribed.collect(),
        }
    }

    /// Removes the values that another set of the same description does not have.
    pub fn intersect(&mut self, other: &Self) {
        for (own, their) in self.narrow.iter_mut().zip(&other.narrow) {
            *own &= their;
        }
        for (own, their) in self.wide.iter_mut().zip(&other.wide) {
            own.intersect(their);
        }
        for (own, their) in self.undescribed.iter_mut().zip(&other.undescribed) {
            *own = (own.0 & their.0, own.1 | their.1);
        }
    }

    /// The size of the values in memory, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        size_of_val(&*self.narrow) + size_of_val(&*self.wide) + size_of_val(&*self.undescribed)
    }

    /// The values of a field, or `None` for a field of MPIDR_EL1 or of another description.
    #[must_use]
    pub fn get(&self, field: RegisterField) -> Option<AcceptedValues<'_>> {
        let mut all = self.iter();
        all.find(|(other, _)| *other == field)
            .map(|(_, values)| values)
    }

    /// Every field with its values, in the order of the description.
    pub fn iter(&self) -> impl Iterator<Item = (RegisterField, AcceptedValues<'_>)> {
        let (mut narrow, mut wide) = (self.narrow.iter(), self.wide.iter());
        judged(self.description).filter_map(move |field| {
            let values = if field.field.width() <= NARROW {
                AcceptedValues::Mask(*narrow.next()?)
            } else {
                AcceptedValues::Ranges(wide.next()?)
            };
            Some((field, values))
        })
    }

    /// The greatest values, and 0 where there is none or safety does not tell.
    pub(super) fn greatest_values(&self) -> RegisterValues {
        let mut values = RegisterValues::new(self.description);
        for (field, accepted) in self.iter() {
            let value = accepted.greatest(field).unwrap_or(0);
            let old = values.get(field.register).unwrap_or(0);
            values.set(field.register, field.field.insert(old, value));
        }
        values
    }

    /// The registers whose bits without a field differ between hosts, with these bits.
    pub fn undescribed_differences(
        &self,
    ) -> impl Iterator<Item = (&'static RegisterDescription, u64)> + '_ {
        let registers = self.description.registers.iter().copied();
        let both = registers.zip(&self.undescribed);
        both.filter_map(|(register, (all, any))| (all != any).then_some((register, all ^ any)))
    }
}

/// Two sets are equal if they have the same values of the same description.
impl PartialEq for AcceptanceSet {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.description, other.description)
            && self.narrow == other.narrow
            && self.wide == other.wide
            && self.undescribed == other.undescribed
    }
}

impl Eq for AcceptanceSet {}

impl AcceptedValues<'_> {
    /// True if there is no value.
    #[must_use]
    pub fn is_empty(self) -> bool {
        match self {
            Self::Mask(mask) => mask == 0,
            Self::Ranges(ranges) => ranges.is_empty(),
        }
    }

    /// True if a value is accepted.
    #[must_use]
    pub fn contains(self, value: u64) -> bool {
        match self {
            Self::Mask(mask) => value < 16 && mask >> value & 1 != 0,
            Self::Ranges(ranges) => ranges.contains(value),
        }
    }

    /// The values as ascending ranges.
    #[must_use]
    pub fn ranges(self) -> Vec<ValueRange> {
        match self {
            Self::Mask(mask) => {
                let values = (0..16).filter(|value| mask >> value & 1 != 0);
                joined(
                    values
                        .map(|value| ValueRange {
                            first: value,
                            last: value,
                        })
                        .collect(),
                )
            }
            Self::Ranges(ranges) => ranges.iter().collect(),
        }
    }

    /// The value that offers a guest most by the safety of its field, or `None` if there is none or
    /// the safety does not tell.
    #[must_use]
    pub fn greatest(self, field: RegisterField) -> Option<u64> {
        let ranges = self.ranges();
        let ends = ranges.iter().flat_map(|range| [range.first, range.last]);
        match field.field.rule().safety {
            Safety::Lower => ends.max(),
            Safety::SignedLower => {
                let top = field.field.max() / 2;
                // The ends of a range are its extremes, unless the sign changes within it.
                let across = ranges
                    .iter()
                    .filter(|range| range.contains(top))
                    .map(|_| top);
                ends.chain(across)
                    .max_by_key(|value| field.field.comparable(*value))
            }
            Safety::Higher => ends.min(),
            Safety::HigherOrZero => {
                let not_zero = self.not_zero(&ranges);
                not_zero.or_else(|| ends.min())
            }
            Safety::Exact { safe } => {
                let others = ranges.iter().flat_map(|range| range.first..=range.last);
                let other = others.take(2).find(|value| *value != safe);
                other.or_else(|| self.contains(safe).then_some(safe))
            }
            Safety::Any => match ranges.as_slice() {
                [only] if only.first == only.last => Some(only.first),
                _ => None,
            },
        }
    }

    fn not_zero(self, ranges: &[ValueRange]) -> Option<u64> {
        let mut lowest = ranges.iter().map(|range| range.first.max(1));
        lowest.find(|value| self.contains(*value))
    }
}

/// The fields that sets have.
fn judged(description: &'static Description) -> impl Iterator<Item = RegisterField> {
    let fields = description.fields();
    fields.filter(|field| field.field.rule().owner != Some(Owner::Topology))
}

/// The bits of a register that belong to its fields.
fn described(register: &'static RegisterDescription) -> u64 {
    let fields = register.fields();
    fields.fold(0, |bits, field| bits | field.field.mask())
}

fn mask(ranges: &[ValueRange]) -> u16 {
    let values = ranges.iter().flat_map(|range| range.first..=range.last);
    values
        .filter(|value| *value < 16)
        .fold(0, |mask, value| mask | 1 << value)
}

/// Merges ascending ranges that touch.
fn joined(ranges: Vec<ValueRange>) -> Vec<ValueRange> {
    let mut joined: Vec<ValueRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.first <= last.last.saturating_add(1) => last.last = range.last,
            _ => joined.push(range),
        }
    }
    joined
}
