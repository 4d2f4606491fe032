//! A layout's methods, and the module of its field types.

use super::field;
use super::layout_type::{Alias, Block, Role, View};
use crate::{docs, names};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// A register whose layout stands elsewhere.
pub(crate) fn alias(alias: &Alias<'_>) -> TokenStream {
    let Alias {
        type_name,
        place,
        layout_name,
        ..
    } = alias;
    let doc = docs::alias(place.register, layout_name);
    quote! {
        #[doc = #doc]
        pub type #type_name = values::Register<names::#layout_name, names::#type_name>;
    }
}

/// A layout: the type of its values, their methods, and the types of its fields.
pub(crate) fn view(view: &View<'_>) -> TokenStream {
    let value_type = value_type(view);
    let View {
        name,
        type_name,
        module,
        ..
    } = view;
    let conversions = match &view.role {
        Role::Further(block) => conversions(view, block),
        Role::Own(_) | Role::Shared => TokenStream::new(),
    };
    let Some(layout) = view.layout_with_fields() else {
        return quote!(#value_type #conversions);
    };
    let accessors = layout.fields().map(|f| field::accessors(module, f));
    let types = layout
        .fields()
        .map(|f| field::field_type(name, type_name, f));
    let doc = format!("The fields of `{name}`.");
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

/// The name of a layout's values: a register's, or of any register's that has the layout.
fn value_type(view: &View<'_>) -> TokenStream {
    let View {
        name,
        type_name,
        layout,
        ..
    } = view;
    match &view.role {
        Role::Own(place) => {
            let doc = docs::register(place.register, *layout);
            quote! {
                #[doc = #doc]
                pub type #type_name = values::Register<names::#type_name>;
            }
        }
        Role::Further(Block {
            name: block,
            register: Some(register),
            ..
        }) => {
            let doc = docs::further(name, block, *layout);
            quote! {
                #[doc = #doc]
                pub type #type_name = values::Register<names::#type_name, names::#register>;
            }
        }
        Role::Further(Block { name: block, .. }) => {
            let doc = docs::further(name, block, *layout);
            quote! {
                #[doc = #doc]
                pub type #type_name<R> = values::Register<names::#type_name, R>;
            }
        }
        Role::Shared => {
            let doc = docs::shared(name, *layout);
            quote! {
                #[doc = #doc]
                pub type #type_name<R> = values::Register<names::#type_name, R>;
            }
        }
    }
}

/// The way from a block's first layout to a further one, and back.
fn conversions(view: &View<'_>, block: &Block) -> TokenStream {
    let View {
        name,
        type_name,
        module,
        ..
    } = view;
    let Block {
        name: block_name,
        first,
        register,
    } = block;
    // What a register says of itself holds for none of the others that share its first layout.
    let alone = register.as_ref().filter(|register| *register != first);
    let (generics, register) = match alone {
        Some(register) => (TokenStream::new(), quote!(names::#register)),
        None => (quote!(<R>), quote!(R)),
    };
    let back: Ident = names::lower_name(block_name);
    let to_doc = format!("The same value in the layout `{name}`.");
    let back_doc =
        format!("The same value in the layout that `{block_name}` has without a prefix.");
    quote! {
        impl #generics values::Register<names::#first, #register> {
            #[doc = #to_doc]
            pub const fn #module(self) -> values::Register<names::#type_name, #register> {
                values::Register::from_bits(self.bits())
            }
        }

        impl #generics values::Register<names::#type_name, #register> {
            #[doc = #back_doc]
            pub const fn #back(self) -> values::Register<names::#first, #register> {
                values::Register::from_bits(self.bits())
            }
        }
    }
}
