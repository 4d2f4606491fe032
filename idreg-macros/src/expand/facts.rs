//! The facts that this project ships, and the rules of fields as data in the table.

use super::layout_type::{LayoutType, Role};
use proc_macro2::{Literal, Span, TokenStream};
use quote::{format_ident, quote};
use sysreg::facts::{self, Audience, Facts, FieldRange, FieldRule, Owner, Safety};
use sysreg::{Field, Register, Source};

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
pub(crate) fn rule(facts: &Facts, layout_type: &LayoutType<'_>, field: &Field) -> FieldRule {
    let name = &layout_type.name;
    match layout_type.role {
        Role::Register(_) => facts.rule(name, field),
        Role::Shared | Role::Alternative(_) => Facts::default().rule(name, field),
    }
}

/// The tokens of a rule.
pub(crate) fn rule_tokens(krate: &TokenStream, rule: &FieldRule) -> TokenStream {
    let safety = safety(krate, rule.safety);
    let is_only_safety =
        rule.refused.is_empty() && rule.owner.is_none() && rule.needs.is_none() && !rule.mitigation;
    if !is_only_safety {
        return whole_rule(krate, &safety, rule);
    }
    let of_safety = match rule.safety {
        Safety::Lower => quote!(#krate::description::rule::FieldRule::LOWER),
        Safety::SignedLower => quote!(#krate::description::rule::FieldRule::SIGNED_LOWER),
        _ => quote!(#krate::description::rule::FieldRule::of(#safety)),
    };
    match rule.audience {
        None => of_safety,
        Some(audience) => {
            let audience = audience_name(krate, audience);
            quote!(#of_safety.for_audience(#audience))
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
        #krate::description::rule::FieldRule {
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
