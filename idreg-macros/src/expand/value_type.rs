//! The value type of a layout with its methods, and the module of its field types.

use super::layout_type::{Alias, Block, LayoutType, Role};
use super::{facts, field};
use crate::{docs, names};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use sysreg::facts::Facts;

/// The value type of a register whose layout another block states.
pub(crate) fn alias(alias: &Alias<'_>) -> TokenStream {
    let Alias {
        type_name,
        row,
        layout_name,
        ..
    } = alias;
    let doc = docs::alias(row.register, layout_name);
    let kernel_name = kernel_name(row.register.name(), type_name);
    quote! {
        #[doc = #doc]
        #kernel_name
        pub type #type_name = values::Register<names::#layout_name, names::#type_name>;
    }
}

/// The value type of a layout, its methods, and the types of its fields.
pub(crate) fn layout(layout_type: &LayoutType<'_>, facts: &Facts) -> TokenStream {
    let value_type = value_type(layout_type);
    let LayoutType {
        name,
        type_name,
        module,
        ..
    } = layout_type;
    let conversions = match &layout_type.role {
        Role::Alternative(block) => conversions(layout_type, block),
        Role::Register(_) | Role::Shared => TokenStream::new(),
    };
    let Some(layout) = layout_type.layout_with_fields() else {
        return quote!(#value_type #conversions);
    };
    let accessors = layout.fields().map(|f| field::accessors(module, f));
    let types = layout.fields().map(|f| {
        // Only a register's own fields have a property, and facts.
        let register = match &layout_type.role {
            Role::Register(row) => Some(row.register),
            Role::Shared | Role::Alternative(_) => None,
        };
        let names = register.map(|register| facts::names(facts, register, f));
        field::field_type(name, type_name, f, &names.unwrap_or_default())
    });
    let doc = format!("Field types of `{name}`.");
    quote! {
        #value_type

        impl<R> values::Register<names::#type_name, R> {
            #(#accessors)*
        }

        #conversions

        #[doc = #doc]
        pub mod #module {
            #(#types)*
        }
    }
}

/// The kernel's name for the documentation's search; `None` if it is the type's, which rustdoc
/// rejects.
fn kernel_name(name: &str, type_name: &Ident) -> Option<TokenStream> {
    (type_name != name).then(|| quote!(#[doc(alias = #name)]))
}

/// The alias of `values::Register` for a layout, generic over the register if several have it.
fn value_type(layout_type: &LayoutType<'_>) -> TokenStream {
    let LayoutType {
        name,
        type_name,
        layout,
        ..
    } = layout_type;
    let kernel_name = kernel_name(name, type_name);
    match &layout_type.role {
        Role::Register(row) => {
            let doc = docs::register(row.register, *layout);
            quote! {
                #[doc = #doc]
                #kernel_name
                pub type #type_name = values::Register<names::#type_name>;
            }
        }
        Role::Alternative(Block {
            name: block,
            register: Some(register),
            ..
        }) => {
            let doc = docs::alternative(name, block, *layout);
            quote! {
                #[doc = #doc]
                #kernel_name
                pub type #type_name = values::Register<names::#type_name, names::#register>;
            }
        }
        Role::Alternative(Block { name: block, .. }) => {
            let doc = docs::alternative(name, block, *layout);
            quote! {
                #[doc = #doc]
                #kernel_name
                pub type #type_name<R> = values::Register<names::#type_name, R>;
            }
        }
        Role::Shared => {
            let doc = docs::shared(name, *layout);
            quote! {
                #[doc = #doc]
                #kernel_name
                pub type #type_name<R> = values::Register<names::#type_name, R>;
            }
        }
    }
}

/// The methods that lead from a block's first layout to an alternative, and back.
fn conversions(alternative: &LayoutType<'_>, block: &Block) -> TokenStream {
    let LayoutType {
        name,
        type_name,
        module,
        ..
    } = alternative;
    let Block {
        name: block_name,
        first_layout,
        register,
    } = block;
    // An alternative that a register's own block adds to a shared layout holds for it alone.
    let only_register = register
        .as_ref()
        .filter(|register| *register != first_layout);
    let (generics, register) = match only_register {
        Some(register) => (TokenStream::new(), quote!(names::#register)),
        None => (quote!(<R>), quote!(R)),
    };
    let back: Ident = names::lower_name(block_name);
    let to_doc = format!("Returns the same value in the layout `{name}`.");
    let back_doc =
        format!("Returns the same value in the layout of `{block_name}` without a prefix.");
    quote! {
        impl #generics values::Register<names::#first_layout, #register> {
            #[doc = #to_doc]
            pub const fn #module(self) -> values::Register<names::#type_name, #register> {
                values::Register::from_bits(self.bits())
            }
        }

        impl #generics values::Register<names::#type_name, #register> {
            #[doc = #back_doc]
            pub const fn #back(self) -> values::Register<names::#first_layout, #register> {
                values::Register::from_bits(self.bits())
            }
        }
    }
}
