//! The facts that this project ships, as data in the table: field rules, features, consistency.

use super::layout_type::{EmittedType, LayoutType, Role};
use proc_macro2::{Literal, Span, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;
use sysreg::facts::{
    self, Audience, Condition, Consistency, Definition, Facts, Feature, FieldRange, FieldRule,
    Owner, Place, Safety,
};
use sysreg::{Field, Layout, Register, Source};

/// The facts in `aarch64-id.facts`.
pub(crate) fn shipped() -> syn::Result<Facts> {
    let wrong = |message: String| syn::Error::new(Span::call_site(), message);
    let source = Source::new("aarch64-id.facts", sysreg::AARCH64_FACTS)
        .map_err(|error| wrong(error.to_string()))?;
    facts::load(&source).map_err(|mistakes| {
        let mistakes = mistakes.iter().map(|one| sysreg::render(&source, one));
        wrong(mistakes.collect::<Vec<_>>().join("\n"))
    })
}

/// The rule of a field; facts exist only for registers whose own block states the fields.
pub(crate) fn rule(
    krate: &TokenStream,
    facts: &Facts,
    layout_type: &LayoutType<'_>,
    field: &Field,
) -> TokenStream {
    let name = &layout_type.name;
    let rule = match layout_type.role {
        Role::Register(_) => facts.rule(name, field),
        Role::Shared | Role::Alternative(_) => Facts::default().rule(name, field),
    };
    let safety = safety(krate, rule.safety);
    let is_only_safety =
        rule.refused.is_empty() && rule.owner.is_none() && rule.needs.is_none() && !rule.mitigation;
    if !is_only_safety {
        return whole_rule(krate, &safety, &rule);
    }
    let of_safety = match rule.safety {
        Safety::Lower => quote!(#krate::description::rule::FieldRule::LOWER),
        Safety::SignedLower => quote!(#krate::description::rule::FieldRule::SIGNED_LOWER),
        _ => quote!(#krate::description::rule::FieldRule::of(#safety)),
    };
    match rule.audience {
        None => quote!(&#of_safety),
        Some(audience) => {
            let audience = audience_name(krate, audience);
            quote!(&#of_safety.for_audience(#audience))
        }
    }
}

/// The names of a field in configurations and in the architecture.
#[derive(Default)]
pub(crate) struct FieldNames<'f> {
    /// `SYSREG_<REGISTER>_<FIELD>`.
    pub(crate) property: Option<String>,
    /// The features that the field defines, alone or with others.
    pub(crate) features: Vec<&'f str>,
}

/// The names of a register's field.
pub(crate) fn names<'f>(facts: &'f Facts, register: &Register, field: &Field) -> FieldNames<'f> {
    let is_field = |range: &FieldRange| {
        range.place.register == register.name() && range.place.field == field.name()
    };
    let features = facts.features().filter(|feature| {
        let mut defining = feature.definitions.iter().flat_map(|one| &one.fields);
        defining.any(is_field)
    });
    FieldNames {
        property: Some(register.property(field)),
        features: features.map(|feature| feature.name).collect(),
    }
}

fn whole_rule(krate: &TokenStream, safety: &TokenStream, rule: &FieldRule) -> TokenStream {
    let refused = rule.refused.iter().map(|range| {
        let first = Literal::u64_unsuffixed(range.first);
        let last = Literal::u64_unsuffixed(range.last);
        quote!(#krate::description::rule::ValueRange { first: #first, last: #last })
    });
    let (owner, needs) = (owner(krate, rule.owner), owner(krate, rule.needs));
    let mitigation = rule.mitigation;
    let audience = match rule.audience {
        None => quote!(::core::option::Option::None),
        Some(audience) => {
            let audience = audience_name(krate, audience);
            quote!(::core::option::Option::Some(#audience))
        }
    };
    quote! {
        &#krate::description::rule::FieldRule {
            safety: #safety,
            refused: &[#(#refused),*],
            owner: #owner,
            needs: #needs,
            mitigation: #mitigation,
            audience: #audience,
        }
    }
}

fn audience_name(krate: &TokenStream, audience: Audience) -> TokenStream {
    let name = match audience {
        Audience::El0 => quote!(El0),
        Audience::El1 => quote!(El1),
        Audience::El2 => quote!(El2),
        Audience::Debugger => quote!(Debugger),
    };
    quote!(#krate::description::rule::Audience::#name)
}

fn safety(krate: &TokenStream, safety: Safety) -> TokenStream {
    let kind = match safety {
        Safety::Lower => quote!(Lower),
        Safety::SignedLower => quote!(SignedLower),
        Safety::Higher => quote!(Higher),
        Safety::HigherOrZero => quote!(HigherOrZero),
        Safety::Any => quote!(Any),
        Safety::Exact { safe } => {
            let safe = Literal::u64_unsuffixed(safe);
            quote!(Exact { safe: #safe })
        }
    };
    quote!(#krate::description::rule::Safety::#kind)
}

fn owner(krate: &TokenStream, owner: Option<Owner>) -> TokenStream {
    let Some(owner) = owner else {
        return quote!(::core::option::Option::None);
    };
    let name = match owner {
        Owner::Sve => "Sve",
        Owner::Pauth => "Pauth",
        Owner::Pmu => "Pmu",
        Owner::Mte => "Mte",
        Owner::El2 => "El2",
        Owner::Gic => "Gic",
        Owner::Topology => "Topology",
    };
    let name = format_ident!("{name}");
    quote!(::core::option::Option::Some(#krate::description::rule::Owner::#name))
}

/// The parts of the table whose facts are about more than one field.
pub(crate) struct FeatureTables {
    /// Items that the other two parts refer to.
    pub(crate) items: TokenStream,
    pub(crate) features: TokenStream,
    pub(crate) consistency: TokenStream,
}

/// The features and the consistency rules of the emitted registers.
pub(crate) fn features(
    krate: &TokenStream,
    facts: &Facts,
    emitted: &[EmittedType<'_>],
) -> FeatureTables {
    let registers = registers(emitted);
    let layout = |register: &str| registers.get(register).map(|register| register.layout);
    let facts = facts.within(layout);
    let tokens = FactTokens {
        krate,
        facts: &facts,
        registers: &registers,
        positions: facts.features().map(|one| one.name).zip(0..).collect(),
    };
    let features: Vec<_> = facts.features().map(|one| tokens.feature(one)).collect();
    let consistency = facts.consistency().iter();
    let consistency: Vec<_> = consistency.map(|one| tokens.consistency(one)).collect();
    if features.is_empty() && consistency.is_empty() {
        return FeatureTables {
            items: TokenStream::new(),
            features: quote!(&[]),
            consistency: quote!(&[]),
        };
    }
    let count = Literal::usize_unsuffixed(features.len());
    let functions = functions(krate);
    let items = quote! {
        #functions

        static FEATURES: [#krate::description::feature::FeatureDescription; #count] =
            [#(#features),*];
    };
    FeatureTables {
        items,
        features: quote!(&FEATURES),
        consistency: quote!(&[#(#consistency),*]),
    }
}

/// The functions that keep the tables short.
fn functions(krate: &TokenStream) -> TokenStream {
    quote! {
        const fn field(
            register: ::core::primitive::usize,
            msb: ::core::primitive::u32,
            lsb: ::core::primitive::u32,
        ) -> #krate::description::RegisterField {
            let register = REGISTERS[register];
            #krate::description::RegisterField {
                register,
                field: register.layout.field_at(msb, lsb),
            }
        }

        const fn range(
            register: ::core::primitive::usize,
            msb: ::core::primitive::u32,
            lsb: ::core::primitive::u32,
            first: ::core::primitive::u64,
            last: ::core::primitive::u64,
        ) -> #krate::description::feature::FieldRange {
            #krate::description::feature::FieldRange {
                field: field(register, msb, lsb),
                first,
                last,
            }
        }

        const fn by(
            fields: &'static [#krate::description::feature::FieldRange],
            with: &'static [#krate::description::feature::Condition],
        ) -> #krate::description::feature::Definition {
            #krate::description::feature::Definition { fields, with }
        }

        const fn feature(
            name: &'static ::core::primitive::str,
            definitions: &'static [#krate::description::feature::Definition],
            mirrors: &'static [#krate::description::feature::FieldRange],
        ) -> #krate::description::feature::FeatureDescription {
            #krate::description::feature::FeatureDescription { name, definitions, mirrors }
        }

        const fn has(feature: ::core::primitive::usize) -> #krate::description::feature::Condition {
            #krate::description::feature::Condition::Feature(&FEATURES[feature])
        }

        const fn requires(
            subject: #krate::description::feature::Condition,
            needs: #krate::description::feature::Condition,
        ) -> #krate::description::feature::Consistency {
            #krate::description::feature::Consistency::Requires { subject, needs }
        }
    }
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

/// The tokens of facts, which refer to registers and features by number.
struct FactTokens<'e> {
    krate: &'e TokenStream,
    facts: &'e Facts,
    registers: &'e BTreeMap<&'e str, RegisterRow<'e>>,
    /// The number of each feature.
    positions: BTreeMap<&'e str, usize>,
}

impl FactTokens<'_> {
    fn feature(&self, feature: Feature<'_>) -> TokenStream {
        let Feature {
            name,
            definitions,
            mirrors,
        } = feature;
        let definitions = definitions.iter().map(|Definition { fields, with }| {
            let fields = fields.iter().map(|range| self.range(range));
            let with = with.iter().map(|condition| self.condition(condition));
            quote!(by(&[#(#fields),*], &[#(#with),*]))
        });
        let mirrors = mirrors.iter().map(|range| self.range(range));
        quote!(feature(#name, &[#(#definitions),*], &[#(#mirrors),*]))
    }

    /// The field and the ends of a range; `Facts::within` has dropped those that do not fit.
    fn range(&self, range: &FieldRange) -> Option<TokenStream> {
        let RegisterRow { layout, .. } = self.registers.get(range.place.register.as_str())?;
        let values = layout.field(&range.place.field);
        let values = self.facts.value_range(range, values?)?;
        let place = self.place(&range.place);
        let first = Literal::u64_unsuffixed(values.first);
        let last = Literal::u64_unsuffixed(values.last);
        Some(quote!(range(#place, #first, #last)))
    }

    fn field(&self, place: &Place) -> TokenStream {
        let place = self.place(place);
        quote!(field(#place))
    }

    /// The register's number and the field's bits; `Facts::within` has dropped missing fields.
    fn place(&self, place: &Place) -> Option<TokenStream> {
        let RegisterRow { index, layout } = self.registers.get(place.register.as_str())?;
        let bits = layout.field(&place.field)?.bits();
        let msb = Literal::u8_unsuffixed(bits.msb());
        let lsb = Literal::u8_unsuffixed(bits.lsb());
        let index = Literal::usize_unsuffixed(*index);
        Some(quote!(#index, #msb, #lsb))
    }

    fn condition(&self, condition: &Condition) -> TokenStream {
        let krate = self.krate;
        match condition {
            Condition::Feature(name) => {
                let position = self.position(name);
                quote!(has(#position))
            }
            Condition::Field(range) => {
                let range = self.range(range);
                quote!(#krate::description::feature::Condition::Field(#range))
            }
        }
    }

    /// The feature's place in the table; `Facts::within` has dropped rules without it.
    fn position(&self, feature: &str) -> Option<Literal> {
        let position = self.positions.get(feature).copied();
        position.map(Literal::usize_unsuffixed)
    }

    fn consistency(&self, consistency: &Consistency) -> TokenStream {
        let krate = self.krate;
        let rule = match consistency {
            Consistency::Requires { subject, needs } => {
                let (subject, needs) = (self.condition(subject), self.condition(needs));
                return quote!(requires(#subject, #needs));
            }
            Consistency::Equal { left, right, with } => {
                let (left, right) = (self.field(left), self.field(right));
                let with = match with {
                    Some(with) => {
                        let with = self.condition(with);
                        quote!(::core::option::Option::Some(#with))
                    }
                    None => quote!(::core::option::Option::None),
                };
                quote!(Equal { left: #left, right: #right, with: #with })
            }
            Consistency::AtMostOne(places) => {
                let fields = places.iter().map(|place| self.field(place));
                quote!(AtMostOne(&[#(#fields),*]))
            }
            Consistency::AtLeastOne(conditions) => {
                let conditions = conditions.iter().map(|condition| self.condition(condition));
                quote!(AtLeastOne(&[#(#conditions),*]))
            }
            Consistency::ZeroWithout { register, features } => {
                let row = self.registers.get(register.as_str());
                let row = row.map(|row| Literal::usize_unsuffixed(row.index));
                let features = features.iter().map(|name| self.position(name));
                quote!(ZeroWithout {
                    register: REGISTERS[#row],
                    features: &[#(&FEATURES[#features]),*],
                })
            }
            Consistency::NotAbove { field, most } => {
                let (field, most) = (self.field(field), self.field(most));
                quote!(NotAbove { field: #field, most: #most })
            }
        };
        quote!(#krate::description::feature::Consistency::#rule)
    }
}
