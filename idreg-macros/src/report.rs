//! Compile errors for mistakes in a description, each at the path of its file.

use crate::input::Input;
use proc_macro2::TokenStream;
use quote::quote_spanned;
use sysreg::{Diagnostic, Source};

/// The number of errors shown; a last message counts the rest.
const LIMIT: usize = 20;

/// One `compile_error!` for each error; a macro cannot emit warnings on stable Rust.
pub(crate) fn compile_errors(
    input: &Input,
    source: &Source,
    diagnostics: &[Diagnostic],
) -> TokenStream {
    let errors = || {
        diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.is_error())
    };
    let shown = errors().take(LIMIT).map(|error| {
        let at = input.span_of(source.file_index(error.span.start));
        let message = sysreg::render(source, error);
        quote_spanned!(at=> ::core::compile_error!(#message);)
    });
    let more = errors().count().saturating_sub(LIMIT);
    let rest = (more > 0).then(|| {
        let name = source.name();
        let message = format!("and {more} more errors in `{name}`: `sysreg check` shows all");
        quote_spanned!(input.span_of(0)=> ::core::compile_error!(#message);)
    });
    shown.chain(rest).collect()
}
