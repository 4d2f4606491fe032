//! Registers, layouts and fields as data, for whoever knows them by name only.

use super::facts::{self, Across};
use super::layout_type::{Alias, Emitted, Place, Role, View};
use super::property_index;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use sysreg::facts::Facts;
use sysreg::{Encoding, Field, FieldKind, Layout};

/// The types that name registers and layouts, each with its part of the table.
pub(crate) fn names(krate: &TokenStream, emitted: &[Emitted<'_>], facts: &Facts) -> TokenStream {
    let names = emitted.iter().map(|emitted| match emitted {
        Emitted::View(view) => view_name(krate, view, facts),
        Emitted::Alias(alias) => alias_name(krate, alias),
    });
    quote! {
        /// What the types of values name: registers and layouts, as types without values.
        pub mod names {
            #(#names)*
        }
    }
}

/// The static table of all registers.
pub(crate) fn table(krate: &TokenStream, emitted: &[Emitted<'_>], facts: &Facts) -> TokenStream {
    let registers = emitted.iter().filter(|emitted| emitted.place().is_some());
    let names = registers.map(Emitted::type_name);
    let properties = property_index::index(emitted);
    let Across {
        items,
        features,
        consistency,
    } = facts::across(krate, facts, emitted);
    quote! {
        /// Every register of the description, in file order.
        pub static DESCRIPTION: #krate::description::Description = {
            const REGISTERS: &[&#krate::description::RegisterDescription] =
                &[#(<names::#names as #krate::register::Place>::REGISTER),*];
            #items
            #krate::description::Description {
                registers: REGISTERS,
                features: #features,
                consistency: #consistency,
                properties: #properties,
            }
        };
    }
}

fn view_name(krate: &TokenStream, view: &View<'_>, facts: &Facts) -> TokenStream {
    let View {
        name, type_name, ..
    } = view;
    let mask = |of: fn(&Layout) -> u64| hexadecimal(view.layout.map_or(0, of));
    let (res0, res1, unkn) = (mask(Layout::res0), mask(Layout::res1), mask(Layout::unkn));
    let fields = view.layout.into_iter().flat_map(Layout::fields);
    let fields = fields.map(|f| field(krate, f, &facts::rule(krate, facts, view, f)));
    let further = further(krate, &view.further);
    let doc = format!("`{name}`.");
    let place = match &view.role {
        Role::Own(place) => Some(register(krate, type_name, type_name, &[], place)),
        Role::Shared | Role::Further(_) => None,
    };
    quote! {
        #[doc = #doc]
        #[derive(::core::fmt::Debug, ::core::cmp::PartialEq)]
        pub enum #type_name {}

        impl #krate::register::Layout for #type_name {
            const LAYOUT: &'static #krate::description::LayoutDescription =
                &#krate::description::LayoutDescription {
                    name: #name,
                    res0: #res0,
                    res1: #res1,
                    unkn: #unkn,
                    fields: &[#(#fields),*],
                    alternatives: #further,
                };
        }

        #place
    }
}

fn alias_name(krate: &TokenStream, alias: &Alias<'_>) -> TokenStream {
    let Alias {
        type_name,
        place,
        layout_name,
        further,
        ..
    } = alias;
    let doc = format!("`{}`.", place.register.name());
    let register = register(krate, type_name, layout_name, further, place);
    quote! {
        #[doc = #doc]
        #[derive(::core::fmt::Debug)]
        pub enum #type_name {}

        #register
    }
}

fn register(
    krate: &TokenStream,
    type_name: &Ident,
    layout_name: &Ident,
    alternatives: &[Ident],
    place: &Place<'_>,
) -> TokenStream {
    let name = place.register.name();
    let index = Literal::usize_unsuffixed(place.index);
    let Encoding {
        op0,
        op1,
        crn,
        crm,
        op2,
    } = place.register.encoding();
    let encoding = [op0, op1, crn, crm, op2].map(Literal::u8_unsuffixed);
    let further = further(krate, alternatives);
    quote! {
        impl #krate::register::Place for #type_name {
            const REGISTER: &'static #krate::description::RegisterDescription =
                &#krate::description::RegisterDescription {
                    name: #name,
                    index: #index,
                    encoding: #krate::encoding::Encoding::new(#(#encoding),*),
                    layout: <#layout_name as #krate::register::Layout>::LAYOUT,
                    alternatives: #further,
                };
        }
    }
}

/// The list of further layouts.
fn further(krate: &TokenStream, names: &[Ident]) -> TokenStream {
    quote!(&[#(<#names as #krate::register::Layout>::LAYOUT),*])
}

fn field(krate: &TokenStream, field: &Field, rule: &TokenStream) -> TokenStream {
    let name = field.name();
    let shift = Literal::u8_unsuffixed(field.bits().lsb());
    let width = Literal::u8_unsuffixed(field.bits().width());
    let kind = match field.kind() {
        FieldKind::Plain => quote!(Plain),
        FieldKind::Enum => quote!(Enum),
        FieldKind::SignedEnum => quote!(SignedEnum),
        FieldKind::UnsignedEnum => quote!(UnsignedEnum),
    };
    let values = field.enumerators().iter().map(|value| {
        let (name, value) = (value.name(), Literal::u64_unsuffixed(value.value()));
        quote!(#krate::description::ValueDescription { name: #name, value: #value })
    });
    quote! {
        #krate::description::FieldDescription {
            name: #name,
            shift: #shift,
            width: #width,
            kind: #krate::description::FieldKind::#kind,
            values: &[#(#values),*],
            rule: #rule,
        }
    }
}

/// A mask as people read it.
fn hexadecimal(value: u64) -> Literal {
    let literal = format!("{value:#x}").parse();
    literal.unwrap_or_else(|_| Literal::u64_unsuffixed(value))
}
