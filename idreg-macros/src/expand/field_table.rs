//! The fields of a layout as rows and one text, as the runtime reads them (`idreg-runtime`,
//! `description/field.rs`).

use super::facts;
use super::layout_type::LayoutType;
use super::offset::offset;
use proc_macro2::{Literal, Span, TokenStream};
use quote::quote;
use sysreg::facts::{Facts, FieldRule};
use sysreg::{Field, FieldKind, Layout};

/// The different rules of all fields, to which rows refer by position.
pub(crate) struct Rules<'f> {
    facts: &'f Facts,
    rules: Vec<FieldRule>,
}

impl<'f> Rules<'f> {
    pub(crate) fn new(facts: &'f Facts) -> Self {
        let rules = Vec::new();
        Self { facts, rules }
    }

    /// The position of a field's rule.
    fn position(&mut self, layout_type: &LayoutType<'_>, field: &Field) -> syn::Result<Literal> {
        let rule = facts::rule(self.facts, layout_type, field);
        let known = self.rules.iter().position(|known| *known == rule);
        let position = known.unwrap_or_else(|| {
            self.rules.push(rule);
            self.rules.len() - 1
        });
        let position = u8::try_from(position).map_err(|_| {
            let message = "the fields have more than the 256 different rules of a table";
            syn::Error::new(Span::call_site(), message)
        })?;
        Ok(Literal::u8_unsuffixed(position))
    }

    /// The static table of the rules.
    pub(crate) fn table(&self, krate: &TokenStream) -> TokenStream {
        let rules = self.rules.iter();
        let rules = rules.map(|rule| facts::rule_tokens(krate, rule));
        quote! {
            static RULES: &[#krate::description::rule::FieldRule] = &[#(#rules),*];
        }
    }
}

/// The table of a layout's fields; `RULES` has their rules.
pub(crate) fn field_table(
    krate: &TokenStream,
    layout_type: &LayoutType<'_>,
    rules: &mut Rules<'_>,
) -> syn::Result<TokenStream> {
    let (mut text, mut rows) = (String::new(), Vec::new());
    let part = || format!("the names of the fields and values of {}", layout_type.name);
    for field in layout_type.layout.into_iter().flat_map(Layout::fields) {
        let name = offset(text.len(), part)?;
        text.push_str(field.name());
        let values = offset(text.len(), part)?;
        text.push_str(&value_names(field));
        let end = offset(text.len(), part)?;
        let shift = Literal::u8_unsuffixed(field.bits().lsb());
        let width = Literal::u8_unsuffixed(field.bits().width());
        let kind = match field.kind() {
            FieldKind::Plain => quote!(Plain),
            FieldKind::Enum => quote!(Enum),
            FieldKind::SignedEnum => quote!(SignedEnum),
            FieldKind::UnsignedEnum => quote!(UnsignedEnum),
        };
        let kind = quote!(#krate::description::FieldKind::#kind);
        let rule = rules.position(layout_type, field)?;
        rows.push(quote! {
            #krate::description::FieldRow::of([#name, #values, #end], #shift, #width, #kind, #rule)
        });
    }
    Ok(quote! {
        #krate::description::FieldTable {
            rows: &[#(#rows),*],
            text: #text,
            rules: &RULES,
        }
    })
}

/// The named values in one text, with a number where the value is not the one after the one before.
fn value_names(field: &Field) -> String {
    let mut next = 0;
    let values = field.enumerators().iter().map(|known| {
        let is_counted = known.value() == next;
        next = known.value().wrapping_add(1);
        if is_counted {
            known.name().to_owned()
        } else {
            format!("{}={}", known.name(), known.value())
        }
    });
    values.collect::<Vec<_>>().join(" ")
}
