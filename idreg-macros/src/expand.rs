//! A model to Rust.

mod claims;
mod field;
mod layout;
mod select;
mod table;
mod view;

use self::view::Emitted;
use crate::input::Input;
use crate::report;
use proc_macro2::TokenStream;
use quote::quote;
use sysreg::{Diagnostic, Loaded, Register};

/// Everything that one call of the macro emits.
pub(crate) fn expand(input: &Input) -> TokenStream {
    let track = input.track();
    let source = match input.read() {
        Ok(source) => source,
        Err(error) => {
            let error = error.into_compile_error();
            return quote!(#track #error);
        }
    };
    let options = &input.options;
    let load = if options.strict {
        sysreg::load_strict
    } else {
        sysreg::load
    };
    let Loaded {
        model,
        mut diagnostics,
    } = load(&source);
    let registers: Vec<&str> = model.registers().map(Register::name).collect();
    let unmatched = options
        .only
        .as_ref()
        // A register with an error is not in the model, and has been reported.
        .filter(|_| !diagnostics.iter().any(Diagnostic::is_error))
        .map(|only| only.unmatched(&registers));
    let emitted = select::emitted(&model, options, &mut diagnostics);
    let errors = report::compile_errors(input, &source, &diagnostics);
    let krate = &options.krate;
    let types = emitted.iter().map(|emitted| match emitted {
        Emitted::View(view) => layout::view(view),
        Emitted::Alias(alias) => layout::alias(alias),
    });
    let names = table::names(krate, &emitted);
    let table = table::table(krate, &emitted);
    quote! {
        #track
        #errors
        #unmatched
        #krate::__value_types! {}
        #(#types)*
        #names
        #table
    }
}
