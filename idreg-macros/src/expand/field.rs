//! The types of a register's fields, in a module of their own.

use super::{Place, View, derives};
use crate::names::Reserved;
use crate::{docs, names};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use sysreg::{Enumerator, Field, FieldKind, Layout};

/// Constants that a value must not be called as.
pub(crate) const OWN_CONSTANTS: Reserved = Reserved {
    names: &["PROPERTY", "SHIFT", "WIDTH", "MASK", "KIND"],
    what: "a constant of every field type",
};

/// Statics that a field's type, which is a function as well, must not be called as.
pub(crate) const OWN_STATICS: Reserved = Reserved {
    names: &["FIELDS", "REGISTER"],
    what: "a static of every field module",
};

/// The module with a register's field types and its part of the table.
pub(crate) fn module(view: &View<'_>) -> TokenStream {
    let View { name, module, .. } = view;
    let fields: Vec<&Field> = view.layout.into_iter().flat_map(Layout::fields).collect();
    let types = fields
        .iter()
        .enumerate()
        .map(|(index, field)| field_type(view, index, field));
    let descriptions = fields.iter().map(|field| description(field));
    let count = fields.len();
    let register = register_description(view);
    let doc = format!("The fields of `{name}`.");
    quote! {
        #[doc = #doc]
        pub mod #module {
            static FIELDS: [::idreg_runtime::description::FieldDescription; #count] =
                [#(#descriptions),*];

            #register
            #(#types)*
        }
    }
}

fn register_description(view: &View<'_>) -> TokenStream {
    let register = &view.type_name;
    // An alternative layout is not in the table; it shares the index of no register.
    let index = match view.place {
        Place::Table(index) => index,
        Place::AlternativeTo(_) => usize::MAX,
    };
    quote! {
        pub(super) static REGISTER: ::idreg_runtime::description::RegisterDescription =
            ::idreg_runtime::description::RegisterDescription {
                name: super::#register::NAME,
                index: #index,
                encoding: super::#register::ENCODING,
                res0: super::#register::RES0,
                res1: super::#register::RES1,
                unkn: super::#register::UNKN,
                fields: &FIELDS,
            };
    }
}

fn description(field: &Field) -> TokenStream {
    let name = field.name();
    let shift = field.bits().lsb();
    let width = field.bits().width();
    let kind = kind(field.kind());
    let values = field.enumerators().iter().map(|value| {
        let (name, value) = (value.name(), value.value());
        quote!(::idreg_runtime::description::ValueDescription { name: #name, value: #value })
    });
    quote! {
        ::idreg_runtime::description::FieldDescription {
            name: #name,
            shift: #shift,
            width: #width,
            kind: #kind,
            values: &[#(#values),*],
        }
    }
}

fn kind(kind: FieldKind) -> TokenStream {
    let kind = match kind {
        FieldKind::Plain => quote!(Plain),
        FieldKind::Enum => quote!(Enum),
        FieldKind::SignedEnum => quote!(SignedEnum),
        FieldKind::UnsignedEnum => quote!(UnsignedEnum),
    };
    quote!(::idreg_runtime::description::FieldKind::#kind)
}

fn field_type(view: &View<'_>, index: usize, field: &Field) -> TokenStream {
    let type_name = names::type_name(field.name());
    let register = &view.type_name;
    let derives = derives();
    let doc = docs::field(&view.name, field);
    let values = field.enumerators().iter().map(value_constant);
    let constants = constants(view, field);
    let methods = methods(index, field);
    quote! {
        #[doc = #doc]
        #derives
        pub struct #type_name(pub(super) ::core::primitive::u64);

        impl #type_name {
            #(#values)*
            #constants
            #methods
        }

        impl ::core::fmt::Debug for #type_name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::idreg_runtime::register::fmt_field(&FIELDS[#index], self.0, f)
            }
        }

        impl ::idreg_runtime::register::FieldValue for #type_name {
            type Register = super::#register;

            const DESCRIPTION: &'static ::idreg_runtime::description::FieldDescription =
                &FIELDS[#index];

            fn bits(self) -> ::core::primitive::u64 {
                self.0
            }
        }
    }
}

fn value_constant(enumerator: &Enumerator) -> TokenStream {
    let name: Ident = names::const_name(enumerator.name());
    let value = enumerator.value();
    let doc = format!("`{}`, {value:#x}.", enumerator.name());
    quote! {
        #[doc = #doc]
        pub const #name: Self = Self(#value);
    }
}

/// The field's property.
pub(crate) fn property(view: &View<'_>, field: &Field) -> String {
    format!("SYSREG_{}_{}", view.name, field.name())
}

fn constants(view: &View<'_>, field: &Field) -> TokenStream {
    let property = property(view, field);
    let shift = u32::from(field.bits().lsb());
    let width = u32::from(field.bits().width());
    let mask = field.bits().mask();
    let kind = kind(field.kind());
    quote! {
        /// The field's property.
        pub const PROPERTY: &'static ::core::primitive::str = #property;
        /// The number of the field's lowest bit.
        pub const SHIFT: ::core::primitive::u32 = #shift;
        /// How many bits the field has.
        pub const WIDTH: ::core::primitive::u32 = #width;
        /// The field's bits at their place in the register.
        pub const MASK: ::core::primitive::u64 = #mask;
        /// What the description says of the field's values.
        pub const KIND: ::idreg_runtime::description::FieldKind = #kind;
    }
}

fn methods(index: usize, field: &Field) -> TokenStream {
    let width = u32::from(field.bits().width());
    let max = field.bits().mask() >> field.bits().lsb();
    let unused = 64 - width;
    let signed = (field.kind() == FieldKind::SignedEnum).then(|| {
        quote! {
            /// The value as the signed number that it is.
            #[must_use]
            pub const fn signed(self) -> ::core::primitive::i64 {
                (self.0 << #unused).cast_signed() >> #unused
            }
        }
    });
    quote! {
        /// Takes a value, or nothing if it does not fit the field.
        #[must_use]
        pub const fn new(
            value: ::core::primitive::u64,
        ) -> ::core::option::Option<Self> {
            if value <= #max {
                ::core::option::Option::Some(Self(value))
            } else {
                ::core::option::Option::None
            }
        }

        /// The value, not shifted to the field's place.
        #[must_use]
        pub const fn bits(self) -> ::core::primitive::u64 {
            self.0
        }

        /// The value's name in the kernel, if it has one.
        #[must_use]
        pub fn name(self) -> ::core::option::Option<&'static ::core::primitive::str> {
            FIELDS[#index].value_name(self.0)
        }

        #signed
    }
}
