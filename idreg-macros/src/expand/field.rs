//! The type of a field, and the methods that read and replace it.

use super::facts::FieldNames;
use crate::{docs, names};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use sysreg::{Enumerator, Field, FieldKind};

/// The name of the method that replaces a field.
pub(crate) fn setter_name(field: &Field) -> Ident {
    format_ident!("with_{}", names::lower_name(field.name()).unraw())
}

/// The getter and the `with_` method of a field; `module` holds its type.
pub(crate) fn accessors(module: &Ident, field: &Field) -> TokenStream {
    let type_name = names::type_name(field.name());
    let getter = names::lower_name(field.name());
    let setter = setter_name(field);
    let (name, bits) = (field.name(), docs::bits(field));
    let get_doc = format!("Returns `{name}`, {bits}.");
    let set_doc = format!("Returns the register with `{name}`, {bits}, replaced.");
    quote! {
        #[doc = #get_doc]
        pub const fn #getter(self) -> #module::#type_name {
            values::Field::get(self)
        }

        #[doc = #set_doc]
        pub const fn #setter(self, value: #module::#type_name) -> Self {
            value.set(self)
        }
    }
}

/// The type of a field; `layout` is the kernel's name, `layout_name` the marker type, and `names`
/// are what else it is known by.
pub(crate) fn field_type(
    layout: &str,
    layout_name: &Ident,
    field: &Field,
    names: &FieldNames<'_>,
) -> TokenStream {
    let type_name = names::type_name(field.name());
    let msb = Literal::u8_unsuffixed(field.bits().msb());
    let lsb = Literal::u8_unsuffixed(field.bits().lsb());
    let doc = docs::field(layout, field, &names.features);
    let aliases = names.property.as_deref().into_iter();
    let aliases = aliases.chain(names.features.iter().copied());
    let values = field.enumerators().iter().map(value_constant);
    let signed = signed(field);
    let inherent = (signed.is_some() || !field.enumerators().is_empty()).then(|| {
        quote! {
            impl #type_name {
                #(#values)*
                #signed
            }
        }
    });
    quote! {
        #[doc = #doc]
        #(#[doc(alias = #aliases)])*
        pub type #type_name = super::values::Field<super::names::#layout_name, #msb, #lsb>;
        #inherent
    }
}

fn value_constant(enumerator: &Enumerator) -> TokenStream {
    let name: Ident = names::const_name(enumerator.name());
    let doc = format!("`{}`, {:#x}.", enumerator.name(), enumerator.value());
    let value = Literal::u64_unsuffixed(enumerator.value());
    quote! {
        #[doc = #doc]
        pub const #name: Self = Self::of(#value);
    }
}

/// The method `signed`, or `None` if the description does not define the field as signed.
fn signed(field: &Field) -> Option<TokenStream> {
    let unused = Literal::u8_unsuffixed(64 - field.bits().width());
    (field.kind() == FieldKind::SignedEnum).then(|| {
        quote! {
            /// Returns the value as a signed number.
            #[must_use]
            pub const fn signed(self) -> ::core::primitive::i64 {
                (self.bits() << #unused).cast_signed() >> #unused
            }
        }
    })
}
