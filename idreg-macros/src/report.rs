//! What is wrong with a description, as compile errors at the path literal.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use sysreg::{Diagnostic, Source};

/// More errors than this are counted and not shown.
const LIMIT: usize = 20;

/// One `compile_error!` for each error; warnings have no place to go on stable Rust.
pub(crate) fn compile_errors(source: &Source, diagnostics: &[Diagnostic], at: Span) -> TokenStream {
    let errors = || {
        diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.is_error())
    };
    let mut messages: Vec<String> = errors()
        .take(LIMIT)
        .map(|diagnostic| sysreg::render(source, diagnostic))
        .collect();
    let more = errors().count() - messages.len();
    if more > 0 {
        messages.push(format!("and {more} more errors in `{}`", source.name()));
    }
    messages
        .iter()
        .map(|message| quote_spanned!(at=> ::core::compile_error!(#message);))
        .collect()
}
