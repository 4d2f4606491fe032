//! A register's type.

use super::{Place, View, derives, field};
use crate::names::Reserved;
use crate::{docs, names};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use sysreg::{Encoding, Field, Layout};

/// Methods that a field's getter must not be called as.
pub(crate) const OWN_METHODS: Reserved = Reserved {
    names: &["from_bits", "bits"],
    what: "a method of every register type",
};

/// The name of the method that replaces a field.
pub(crate) fn setter_name(field: &Field) -> Ident {
    format_ident!("with_{}", names::lower_name(field.name()).unraw())
}

/// A register's type with its methods, and the module of its fields.
pub(crate) fn register(view: &View<'_>) -> TokenStream {
    let View {
        register,
        name,
        type_name,
        module,
        layout,
        ..
    } = view;
    let derives = derives();
    let doc = docs::register(name, register.encoding(), *layout);
    let constants = constants(view);
    let accessors = layout
        .iter()
        .flat_map(|layout| layout.fields())
        .map(|f| accessors(module, f));
    let conversion = conversion(view);
    let fields = field::module(view);
    quote! {
        #[doc = #doc]
        #derives
        pub struct #type_name(::core::primitive::u64);

        impl #type_name {
            #constants

            /// Takes the register's value; every value is possible.
            #[must_use]
            pub const fn from_bits(bits: ::core::primitive::u64) -> Self {
                Self(bits)
            }

            /// The register's value.
            #[must_use]
            pub const fn bits(self) -> ::core::primitive::u64 {
                self.0
            }

            #(#accessors)*
        }

        impl ::core::fmt::Debug for #type_name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::idreg_runtime::register::fmt_register(&#module::REGISTER, self.0, f)
            }
        }

        impl ::idreg_runtime::register::Register for #type_name {
            const DESCRIPTION: &'static ::idreg_runtime::description::RegisterDescription =
                &#module::REGISTER;

            fn from_bits(bits: ::core::primitive::u64) -> Self {
                Self(bits)
            }

            fn bits(self) -> ::core::primitive::u64 {
                self.0
            }
        }

        #conversion
        #fields
    }
}

fn constants(view: &View<'_>) -> TokenStream {
    let name = &view.name;
    let Encoding {
        op0,
        op1,
        crn,
        crm,
        op2,
    } = view.register.encoding();
    let res0 = view.layout.map_or(0, Layout::res0);
    let res1 = view.layout.map_or(0, Layout::res1);
    let unkn = view.layout.map_or(0, Layout::unkn);
    quote! {
        /// The register's name in the kernel.
        pub const NAME: &'static ::core::primitive::str = #name;
        /// The register's place in the instruction space.
        pub const ENCODING: ::idreg_runtime::encoding::Encoding =
            ::idreg_runtime::encoding::Encoding::new(#op0, #op1, #crn, #crm, #op2);
        /// Reserved bits that read as zero.
        pub const RES0: ::core::primitive::u64 = #res0;
        /// Reserved bits that read as one.
        pub const RES1: ::core::primitive::u64 = #res1;
        /// Reserved bits of unknown value.
        pub const UNKN: ::core::primitive::u64 = #unkn;
    }
}

fn accessors(module: &Ident, field: &Field) -> TokenStream {
    let type_name = names::type_name(field.name());
    let getter = names::lower_name(field.name());
    let setter = setter_name(field);
    let shift = u32::from(field.bits().lsb());
    let mask = field.bits().mask();
    let max = mask >> shift;
    let get_doc = format!("The value of `{}`, bits {}.", field.name(), field.bits());
    let set_doc = format!(
        "The register with `{}`, bits {}, replaced.",
        field.name(),
        field.bits()
    );
    quote! {
        #[doc = #get_doc]
        #[must_use]
        pub const fn #getter(self) -> #module::#type_name {
            #module::#type_name(self.0 >> #shift & #max)
        }

        #[doc = #set_doc]
        #[must_use]
        pub const fn #setter(self, value: #module::#type_name) -> Self {
            Self(self.0 & !#mask | value.0 << #shift)
        }
    }
}

/// The way from a register to a further layout of it, and back.
fn conversion(view: &View<'_>) -> TokenStream {
    let Place::AlternativeTo(main) = &view.place else {
        return TokenStream::new();
    };
    let View {
        name,
        type_name,
        module,
        ..
    } = view;
    let to_doc = format!("The same value in the layout of `{name}`.");
    let back_doc = format!(
        "The same value in the layout of `{}`.",
        view.register.name()
    );
    let back = names::lower_name(view.register.name());
    quote! {
        impl #main {
            #[doc = #to_doc]
            #[must_use]
            pub const fn #module(self) -> #type_name {
                #type_name(self.0)
            }
        }

        impl #type_name {
            #[doc = #back_doc]
            #[must_use]
            pub const fn #back(self) -> #main {
                #main(self.0)
            }
        }
    }
}
