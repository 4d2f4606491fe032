//! The features and the rules between fields in packed form, as the runtime decodes it
//! (`idreg-runtime`, `description/packed.rs` and `feature.rs`).

use super::layout_type::EmittedType;
use super::offset::offset;
use proc_macro2::{Literal, Span, TokenStream};
use quote::quote;
use std::collections::BTreeMap;
use sysreg::Layout;
use sysreg::facts::{Condition, Consistency, Definition, Facts, Feature, FieldRange, Place};

/// The parts of the table whose facts are about more than one field.
pub(crate) struct FeatureTables {
    /// The static table that the other two parts refer to.
    pub(crate) items: TokenStream,
    pub(crate) features: TokenStream,
    pub(crate) consistency: TokenStream,
}

/// The features and the consistency rules of the emitted registers; `REGISTERS` has these.
pub(crate) fn tables(
    krate: &TokenStream,
    facts: &Facts,
    emitted: &[EmittedType<'_>],
) -> syn::Result<FeatureTables> {
    let registers = registers(emitted);
    let layout = |register: &str| registers.get(register).map(|register| register.layout);
    let facts = facts.within(layout);
    let packer = Packer {
        facts: &facts,
        registers: &registers,
        positions: facts.features().map(|one| one.name).zip(0..).collect(),
    };
    let (mut names, mut code, mut rows) = (String::new(), Vec::new(), Vec::new());
    for feature in facts.features() {
        let name = offset(names.len(), || "the names of all features".to_owned())?;
        let definition = offset(code.len(), || "the definitions of all features".to_owned())?;
        rows.push(quote!([#name, #definition]));
        names.push_str(feature.name);
        code.extend(packer.feature(&feature)?);
    }
    let rules = packed(facts.consistency(), |rule| packer.consistency(rule))?;
    let (code, rules) = (Literal::byte_string(&code), Literal::byte_string(&rules));
    Ok(FeatureTables {
        items: quote! {
            static FACTS: #krate::description::FactTable = #krate::description::FactTable {
                registers: REGISTERS,
                names: #names,
                features: &[#(#rows),*],
                code: #code,
            };
        },
        features: quote!(#krate::description::feature::Features::of(&FACTS)),
        consistency: quote!(#krate::description::PackedList::of(&FACTS, #rules)),
    })
}

/// The row number and the layout of an emitted register.
struct RegisterRow<'e> {
    index: usize,
    layout: &'e Layout,
}

/// The emitted registers whose fields the description defines, by name.
fn registers<'e>(emitted: &'e [EmittedType<'_>]) -> BTreeMap<&'e str, RegisterRow<'e>> {
    let rows = emitted.iter().filter_map(|emitted| {
        let (layout, row) = (emitted.layout()?, emitted.row()?);
        let index = row.index;
        Some((row.register.name(), RegisterRow { index, layout }))
    });
    rows.collect()
}

/// The packed bytes of items, one after the other.
fn packed<T>(items: &[T], pack: impl Fn(&T) -> syn::Result<Vec<u8>>) -> syn::Result<Vec<u8>> {
    let packed: Vec<Vec<u8>> = items.iter().map(pack).collect::<syn::Result<_>>()?;
    Ok(packed.concat())
}

/// The packed bytes of a list: their number, then the items.
fn list<T>(items: &[T], pack: impl Fn(&T) -> syn::Result<Vec<u8>>) -> syn::Result<Vec<u8>> {
    let items = packed(items, pack)?;
    Ok([number(items.len() as u64), items].concat())
}

/// A number in LEB128.
fn number(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Packs facts, which refer to registers, fields and features by position.
struct Packer<'e> {
    facts: &'e Facts,
    registers: &'e BTreeMap<&'e str, RegisterRow<'e>>,
    /// The position of each feature.
    positions: BTreeMap<&'e str, u64>,
}

impl Packer<'_> {
    fn feature(&self, feature: &Feature<'_>) -> syn::Result<Vec<u8>> {
        let definitions = list(feature.definitions, |Definition { fields, with }| {
            let fields = list(fields, |range| self.range(range, 1))?;
            let with = list(with, |condition| self.condition(condition))?;
            Ok([fields, with].concat())
        })?;
        let mirrors = list(feature.mirrors, |range| self.range(range, 1))?;
        Ok([definitions, mirrors].concat())
    }

    /// The field and the ends of a range; the register's position is multiplied.
    fn range(&self, range: &FieldRange, factor: u64) -> syn::Result<Vec<u8>> {
        let place = &range.place;
        let RegisterRow { layout, .. } = self.register(&place.register)?;
        let values = layout.field(&place.field);
        let values = values.and_then(|field| self.facts.value_range(range, field));
        let values = values.ok_or_else(|| missing(&format!("values of {}", place.field)))?;
        let ends = [number(values.first), number(values.last)].concat();
        Ok([self.field(place, factor)?, ends].concat())
    }

    /// A register's position, multiplied, and the position of its field.
    fn field(&self, place: &Place, factor: u64) -> syn::Result<Vec<u8>> {
        let RegisterRow { index, layout } = self.register(&place.register)?;
        let mut fields = layout.fields();
        let field = fields.position(|field| field.name() == place.field);
        let field = field.ok_or_else(|| missing(&place.field))?;
        let register = number(factor * *index as u64);
        Ok([register, number(field as u64)].concat())
    }

    fn condition(&self, condition: &Condition) -> syn::Result<Vec<u8>> {
        match condition {
            Condition::Feature(name) => Ok(number(2 * self.position(name)? + 1)),
            Condition::Field(range) => self.range(range, 2),
        }
    }

    /// The position of the feature in the table.
    fn position(&self, feature: &str) -> syn::Result<u64> {
        let position = self.positions.get(feature).copied();
        position.ok_or_else(|| missing(feature))
    }

    fn register(&self, name: &str) -> syn::Result<&RegisterRow<'_>> {
        self.registers.get(name).ok_or_else(|| missing(name))
    }

    fn consistency(&self, rule: &Consistency) -> syn::Result<Vec<u8>> {
        let field = |place: &Place| self.field(place, 1);
        let condition = |condition: &Condition| self.condition(condition);
        let (kind, parts) = match rule {
            Consistency::Requires { subject, needs } => {
                (0, [condition(subject)?, condition(needs)?].concat())
            }
            Consistency::Equal { left, right, with } => {
                let with = list(with.as_slice(), condition)?;
                (1, [field(left)?, field(right)?, with].concat())
            }
            Consistency::AtMostOne(places) => (2, list(places, field)?),
            Consistency::AtLeastOne(conditions) => (3, list(conditions, condition)?),
            Consistency::NotAbove { field: low, most } => (4, [field(low)?, field(most)?].concat()),
            Consistency::ZeroWithout { register, features } => {
                let register = number(self.register(register)?.index as u64);
                let features = list(features, |name| Ok(number(self.position(name)?)))?;
                (5, [register, features].concat())
            }
        };
        Ok([number(kind), parts].concat())
    }
}

/// A fact without its register, field or feature, which `Facts::within` should have left out.
fn missing(name: &str) -> syn::Error {
    let message = format!("the facts of this crate refer to `{name}`, which no register has");
    syn::Error::new(Span::call_site(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_seven_bits_in_a_byte() {
        assert_eq!(number(0), [0]);
        assert_eq!(number(0x7f), [0x7f]);
        assert_eq!(number(0x80), [0x80, 1]);
        assert_eq!(number(u64::MAX), [[0xff; 9].as_slice(), &[1]].concat());
    }
}
