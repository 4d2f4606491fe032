//! The static table of registers, layouts and fields, for lookup by name.

use super::features::{self, FeatureTables};
use super::field_table::{Rules, field_table};
use super::layout_type::{Alias, EmittedType, LayoutType, Role, TableRow};
use super::property_index;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use sysreg::facts::Facts;
use sysreg::{Encoding, Layout};

/// The marker types of registers and layouts, each with its part of the table.
pub(crate) fn names(
    krate: &TokenStream,
    emitted: &[EmittedType<'_>],
    facts: &Facts,
) -> syn::Result<TokenStream> {
    let mut rules = Rules::new(facts);
    let names = emitted.iter().map(|emitted| match emitted {
        EmittedType::Layout(layout_type) => layout_marker(krate, layout_type, &mut rules),
        EmittedType::Alias(alias) => Ok(alias_marker(krate, alias)),
    });
    let names: Vec<TokenStream> = names.collect::<syn::Result<_>>()?;
    let rules = rules.table(krate);
    Ok(quote! {
        /// Marker types of registers and layouts.
        #[doc(hidden)]
        pub mod names {
            #rules

            #(#names)*
        }
    })
}

/// The static table of all registers.
pub(crate) fn table(
    krate: &TokenStream,
    emitted: &[EmittedType<'_>],
    facts: &Facts,
) -> syn::Result<TokenStream> {
    let registers = emitted.iter().filter(|emitted| emitted.row().is_some());
    let names = registers.map(EmittedType::type_name);
    let properties = property_index::slots(krate, emitted);
    let FeatureTables {
        items,
        features,
        consistency,
    } = features::tables(krate, facts, emitted)?;
    Ok(quote! {
        /// Every register of the description, in file order.
        pub static DESCRIPTION: #krate::description::Description = {
            const REGISTERS: &[&#krate::description::RegisterDescription] =
                &[#(<names::#names as #krate::register::SystemRegister>::REGISTER),*];
            #items
            #krate::description::Description {
                registers: REGISTERS,
                features: #features,
                consistency: #consistency,
                properties: #properties,
            }
        };
    })
}

fn layout_marker(
    krate: &TokenStream,
    layout_type: &LayoutType<'_>,
    rules: &mut Rules<'_>,
) -> syn::Result<TokenStream> {
    let LayoutType {
        name, type_name, ..
    } = layout_type;
    let mask = |of: fn(&Layout) -> u64| hexadecimal(layout_type.layout.map_or(0, of));
    let (res0, res1, unkn) = (mask(Layout::res0), mask(Layout::res1), mask(Layout::unkn));
    let fields = field_table(krate, layout_type, rules)?;
    let alternatives = layout_list(krate, &layout_type.alternatives);
    let doc = format!("`{name}`.");
    let register = match &layout_type.role {
        Role::Register(row) => Some(register(krate, type_name, type_name, &[], row)),
        Role::Shared | Role::Alternative(_) => None,
    };
    Ok(quote! {
        #[doc = #doc]
        #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
        pub enum #type_name {}

        impl #krate::register::Layout for #type_name {
            const LAYOUT: &'static #krate::description::LayoutDescription =
                &#krate::description::LayoutDescription {
                    name: #name,
                    res0: #res0,
                    res1: #res1,
                    unkn: #unkn,
                    fields: #fields,
                    alternatives: #alternatives,
                };
        }

        #register
    })
}

fn alias_marker(krate: &TokenStream, alias: &Alias<'_>) -> TokenStream {
    let Alias {
        type_name,
        row,
        layout_name,
        alternatives,
        ..
    } = alias;
    let doc = format!("`{}`.", row.register.name());
    let register = register(krate, type_name, layout_name, alternatives, row);
    quote! {
        #[doc = #doc]
        #[derive(::core::fmt::Debug)]
        pub enum #type_name {}

        #register
    }
}

/// The register's row of the table, as an `impl` for its marker type.
fn register(
    krate: &TokenStream,
    type_name: &Ident,
    layout_name: &Ident,
    alternatives: &[Ident],
    row: &TableRow<'_>,
) -> TokenStream {
    let name = row.register.name();
    let index = Literal::usize_unsuffixed(row.index);
    let Encoding {
        op0,
        op1,
        crn,
        crm,
        op2,
    } = row.register.encoding();
    let encoding = [op0, op1, crn, crm, op2].map(Literal::u8_unsuffixed);
    let alternatives = layout_list(krate, alternatives);
    quote! {
        impl #krate::register::SystemRegister for #type_name {
            const REGISTER: &'static #krate::description::RegisterDescription =
                &#krate::description::RegisterDescription {
                    name: #name,
                    index: #index,
                    encoding: #krate::encoding::Encoding::new(#(#encoding),*),
                    layout: <#layout_name as #krate::register::Layout>::LAYOUT,
                    alternatives: #alternatives,
                };
        }
    }
}

/// The descriptions of layouts, by marker type.
fn layout_list(krate: &TokenStream, names: &[Ident]) -> TokenStream {
    quote!({
        const LAYOUTS: #krate::description::LayoutList =
            &[#(<#names as #krate::register::Layout>::LAYOUT),*];
        &LAYOUTS
    })
}

/// A mask in hexadecimal, as the Arm ARM writes it.
fn hexadecimal(value: u64) -> Literal {
    let literal = format!("{value:#x}").parse();
    literal.unwrap_or_else(|_| Literal::u64_unsuffixed(value))
}
