//! The options after the files.

use super::file::File;
use super::only::Only;
use super::path::ItemPath;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::token::Bracket;
use syn::{Error, Token};

const NAMES: [&str; 3] = ["only", "strict", "crate"];

const LIST: &str = "the options are `only = [\"ID_*\"]`, `strict` and `crate = ::idreg_runtime`";

const ONLY: &str =
    "`only` takes a list of register names, with `*` for any characters: `only = [\"ID_*\"]`";

const STRICT: &str = "`strict` takes no value: write `strict` alone";

const CRATE: &str =
    "`crate` takes a path that begins with `::` or `crate::`: `crate = ::idreg_runtime`";

/// The values of all options.
pub(crate) struct Options {
    /// The registers to emit, or `None` for all.
    pub(crate) only: Option<Only>,
    /// True if a mistake that is accepted in kernel files is an error too.
    pub(crate) strict: bool,
    /// The path of the runtime, valid in every module of the caller.
    pub(crate) krate: TokenStream,
}

impl Options {
    /// True if the next argument is an option or looks like one.
    pub(crate) fn is_next(input: ParseStream<'_>) -> bool {
        let ahead = input.fork();
        let name = ahead.call(Ident::parse_any);
        name.is_ok_and(|name| NAMES.iter().any(|known| name == known) || ahead.peek(Token![=]))
    }

    /// Parses the option of this name; `input` is the rest of it.
    fn set(&mut self, name: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match name.to_string().as_str() {
            "only" => {
                equals_sign(name, input, ONLY)?;
                if !input.peek(Bracket) {
                    return Err(misused(name, input, ONLY));
                }
                self.only = Some(input.parse()?);
            }
            "strict" => {
                if input.parse::<Option<Token![=]>>()?.is_some() {
                    return Err(misused(name, input, STRICT));
                }
                self.strict = true;
            }
            "crate" => {
                equals_sign(name, input, CRATE)?;
                let path = input.parse::<ItemPath>();
                let path = path.map_err(|_| misused(name, input, CRATE))?;
                if !path.is_absolute() {
                    return Err(Error::new_spanned(path, CRATE));
                }
                self.krate = path.into_token_stream();
            }
            _ => return Err(unknown(name)),
        }
        Ok(())
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self {
            only: None,
            strict: false,
            krate: quote!(::idreg_runtime),
        };
        let mut given: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            if let (true, Some(first)) = (File::is_next(input), given.first()) {
                let message = format!("a file after an option: it belongs before `{first}`");
                return Err(input.error(message));
            }
            let name = input.call(Ident::parse_any);
            let expected = || input.error(format!("expected a file or an option\n  {LIST}"));
            let name = name.map_err(|_| expected())?;
            if given.contains(&name) {
                let message = format!("the option `{name}` is given already");
                return Err(Error::new(name.span(), message));
            }
            options.set(&name, input)?;
            given.push(name);
            super::another(input)?;
        }
        Ok(options)
    }
}

fn equals_sign(name: &Ident, input: ParseStream<'_>, takes: &str) -> syn::Result<()> {
    match input.parse::<Token![=]>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::new(name.span(), takes)),
    }
}

/// The error for a value that an option does not take, at the value if there is one.
fn misused(name: &Ident, input: ParseStream<'_>, takes: &str) -> Error {
    if input.is_empty() {
        Error::new(name.span(), takes)
    } else {
        input.error(takes)
    }
}

fn unknown(name: &Ident) -> Error {
    const NEAR: f64 = 0.5;
    let text = name.to_string();
    let similarities =
        NAMES.map(|known| (strsim::normalized_damerau_levenshtein(&text, known), known));
    let nearest = similarities
        .into_iter()
        .filter(|(similarity, _)| *similarity >= NEAR)
        .max_by(|(left, _), (right, _)| left.total_cmp(right));
    let guess = nearest.map_or(String::new(), |(_, known)| {
        format!(": did you mean `{known}`?")
    });
    let message = format!("unknown option `{name}`{guess}\n  {LIST}");
    Error::new(name.span(), message)
}
