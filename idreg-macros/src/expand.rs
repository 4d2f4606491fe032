//! The tokens of a description: selects the types, checks their names, emits items and table.

mod facts;
mod features;
mod field;
mod field_table;
#[cfg(test)]
mod goldens;
mod layout_type;
mod offset;
mod property_index;
mod select;
mod symbols;
mod table;
mod value_type;

use self::layout_type::EmittedType;
use crate::input::Input;
use crate::report;
use proc_macro2::TokenStream;
use quote::quote;
use sysreg::facts::Facts;
use sysreg::{Diagnostic, Loaded, Model, Register, Source};

/// The tokens that one call of the macro emits.
pub(crate) fn expand(input: &Input) -> TokenStream {
    let track = input.track();
    let items = input.read().and_then(|source| {
        let facts = facts::shipped()?;
        Ok(items(input, &source, &facts))
    });
    let items = items.unwrap_or_else(syn::Error::into_compile_error);
    quote!(#track #items)
}

/// The items of a description that has been read, and its compile errors.
fn items(input: &Input, source: &Source, facts: &Facts) -> TokenStream {
    let options = &input.options;
    let load = if options.strict {
        sysreg::load_strict
    } else {
        sysreg::load
    };
    let Loaded {
        model,
        mut diagnostics,
    } = load(source);
    // A register with an error is not in the model, and has been reported.
    let is_right = !diagnostics.iter().any(Diagnostic::is_error);
    let missing = is_right.then(|| missing(input, source, &model));
    let emitted = select::emitted_types(&model, options, &mut diagnostics);
    let errors = report::compile_errors(input, source, &diagnostics);
    let krate = &options.krate;
    let types = emitted.iter().map(|emitted| match emitted {
        EmittedType::Layout(layout_type) => value_type::layout(layout_type, facts),
        EmittedType::Alias(alias) => value_type::alias(alias),
    });
    let names = table::names(krate, &emitted, facts);
    let table = names.and_then(|names| {
        let table = table::table(krate, &emitted, facts)?;
        Ok(quote!(#names #table))
    });
    let table = table.unwrap_or_else(syn::Error::into_compile_error);
    quote! {
        #errors
        #missing
        #krate::__value_types! {}
        #(#types)*
        #table
    }
}

/// Errors for patterns of `only`, or a whole description, without a register.
fn missing(input: &Input, source: &Source, model: &Model) -> TokenStream {
    let registers: Vec<&str> = model.registers().map(Register::name).collect();
    if registers.is_empty() {
        let message = format!("`{}` describes no register", source.name());
        return syn::Error::new(input.span_of(0), message).into_compile_error();
    }
    let only = input.options.only.as_ref();
    only.map_or(TokenStream::new(), |only| only.unmatched(&registers))
}
