//! What is known of fields beside the description: this project's facts, as data in the table.

use super::layout_type::{Emitted, Role, View};
use proc_macro2::{Literal, Span, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;
use sysreg::facts::{
    self, AtLeast, Condition, Consistency, Facts, Feature, FieldRule, Owner, Place, Safety,
};
use sysreg::{Field, Layout, Source};

/// The facts that this project ships.
pub(crate) fn shipped() -> syn::Result<Facts> {
    let wrong = |what: String| syn::Error::new(Span::call_site(), what);
    let source = Source::new("aarch64-id.facts", sysreg::AARCH64_FACTS)
        .map_err(|error| wrong(error.to_string()))?;
    facts::load(&source).map_err(|mistakes| {
        let mistakes = mistakes.iter().map(|one| sysreg::render(&source, one));
        wrong(mistakes.collect::<Vec<_>>().join("\n"))
    })
}

/// The rule of a field of a view. Only of a register that states its own fields is anything known.
pub(crate) fn rule(
    krate: &TokenStream,
    facts: &Facts,
    view: &View<'_>,
    field: &Field,
) -> TokenStream {
    let rule = match view.role {
        Role::Own(_) => facts.rule(&view.name, field),
        Role::Shared | Role::Further(_) => Facts::default().rule(&view.name, field),
    };
    let stated = safety(krate, rule.safety);
    let rest_is_known =
        !rule.refused.is_empty() || rule.owner.is_some() || rule.needs.is_some() || rule.mitigation;
    if rest_is_known {
        return whole_rule(krate, &stated, &rule);
    }
    match rule.safety {
        Safety::Lower => quote!(&#krate::description::rule::FieldRule::LOWER),
        Safety::SignedLower => quote!(&#krate::description::rule::FieldRule::SIGNED_LOWER),
        _ => quote!(&#krate::description::rule::FieldRule::of(#stated)),
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
    quote! {
        &#krate::description::rule::FieldRule {
            safety: #safety,
            refused: &[#(#refused),*],
            owner: #owner,
            needs: #needs,
            mitigation: #mitigation,
        }
    }
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

/// The parts of the table that are about more than one field.
pub(crate) struct Across {
    /// Items that the other two refer to.
    pub(crate) items: TokenStream,
    pub(crate) features: TokenStream,
    pub(crate) consistency: TokenStream,
}

/// What is known across the fields of the emitted registers.
pub(crate) fn across(krate: &TokenStream, facts: &Facts, emitted: &[Emitted<'_>]) -> Across {
    let registers = registers(emitted);
    let layout = |register: &str| registers.get(register).map(|register| register.layout);
    let facts = facts.within(layout);
    let writer = Writer {
        krate,
        registers: &registers,
        positions: facts.features().map(|one| one.name).zip(0..).collect(),
    };
    let features: Vec<_> = facts.features().map(|one| writer.feature(one)).collect();
    let consistency = facts.consistency().iter();
    let consistency: Vec<_> = consistency.map(|one| writer.consistency(one)).collect();
    if features.is_empty() && consistency.is_empty() {
        return Across {
            items: TokenStream::new(),
            features: quote!(&[]),
            consistency: quote!(&[]),
        };
    }
    let count = Literal::usize_unsuffixed(features.len());
    let items = quote! {
        const fn field(
            register: ::core::primitive::usize,
            msb: ::core::primitive::u32,
            lsb: ::core::primitive::u32,
        ) -> #krate::description::FieldOf {
            let register = REGISTERS[register];
            #krate::description::FieldOf {
                register,
                field: register.layout.field_at(msb, lsb),
            }
        }

        const fn at(
            register: ::core::primitive::usize,
            msb: ::core::primitive::u32,
            lsb: ::core::primitive::u32,
            value: ::core::primitive::u64,
        ) -> #krate::description::feature::FieldAtLeast {
            #krate::description::feature::FieldAtLeast { field: field(register, msb, lsb), value }
        }

        const fn feature(
            name: &'static ::core::primitive::str,
            values: &'static [#krate::description::feature::FieldAtLeast],
        ) -> #krate::description::feature::FeatureDescription {
            #krate::description::feature::FeatureDescription { name, values }
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

        static FEATURES: [#krate::description::feature::FeatureDescription; #count] = [#(#features),*];
    };
    Across {
        items,
        features: quote!(&FEATURES),
        consistency: quote!(&[#(#consistency),*]),
    }
}

/// A register by its place in the table.
struct Named<'e> {
    index: usize,
    layout: &'e Layout,
}

/// The emitted registers of which it is known what their fields are, by name.
fn registers<'e>(emitted: &'e [Emitted<'_>]) -> BTreeMap<&'e str, Named<'e>> {
    let named = emitted.iter().filter_map(|emitted| {
        let (layout, place) = (emitted.layout()?, emitted.place()?);
        let index = place.index;
        Some((place.register.name(), Named { index, layout }))
    });
    named.collect()
}

struct Writer<'e> {
    krate: &'e TokenStream,
    registers: &'e BTreeMap<&'e str, Named<'e>>,
    /// Where each feature stands among all.
    positions: BTreeMap<&'e str, usize>,
}

impl Writer<'_> {
    fn feature(&self, Feature { name, values }: Feature<'_>) -> TokenStream {
        let values = values.iter().map(|value| self.at_least(value));
        quote!(feature(#name, &[#(#values),*]))
    }

    fn at_least(&self, AtLeast { place, value }: &AtLeast) -> TokenStream {
        let place = self.place(place);
        let value = Literal::u64_unsuffixed(*value);
        quote!(at(#place, #value))
    }

    fn field(&self, place: &Place) -> TokenStream {
        let place = self.place(place);
        quote!(field(#place))
    }

    /// The register's number and the bits of a field, of which it has been seen to that it is there.
    fn place(&self, place: &Place) -> Option<TokenStream> {
        let Named { index, layout } = self.registers.get(place.register.as_str())?;
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
                let position = self.positions.get(name.as_str()).copied();
                let position = position.map(Literal::usize_unsuffixed);
                quote!(has(#position))
            }
            Condition::Field(value) => {
                let value = self.at_least(value);
                quote!(#krate::description::feature::Condition::Field(#value))
            }
        }
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
            Consistency::NotAbove { field, most } => {
                let (field, most) = (self.field(field), self.field(most));
                quote!(NotAbove { field: #field, most: #most })
            }
        };
        quote!(#krate::description::feature::Consistency::#rule)
    }
}
