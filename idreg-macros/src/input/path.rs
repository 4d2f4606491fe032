//! The path of a file as a Rust expression: the forms of `include_bytes!` that a macro can
//! evaluate.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use std::env::{self, VarError};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::token::Paren;
use syn::{Error, LitStr, Token, parenthesized};

const HOW: &str =
    "write the path as a string literal, `env!(\"VAR\")`, or `concat!(..)` of such pieces";

/// A string literal, or a macro that evaluates to one.
pub(crate) enum PathExpr {
    Literal(LitStr),
    Env(Span, Paren, Variable),
    Concat(Span, Paren, Punctuated<PathExpr, Token![,]>),
}

impl PathExpr {
    /// True if the next argument is a path; it may have an unsupported form.
    pub(crate) fn is_next(input: ParseStream<'_>) -> bool {
        let ahead = input.fork();
        input.peek(LitStr) || ahead.parse::<ItemPath>().is_ok() && ahead.peek(Token![!])
    }

    /// The path itself.
    pub(crate) fn text(&self) -> syn::Result<String> {
        match self {
            Self::Literal(literal) => Ok(literal.value()),
            Self::Env(_, _, variable) => variable.value(),
            Self::Concat(_, _, pieces) => pieces.iter().map(Self::text).collect(),
        }
    }

    /// The span of the literal or of the macro's name.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Literal(literal) => literal.span(),
            Self::Env(span, ..) | Self::Concat(span, ..) => *span,
        }
    }

    /// The span of the first literal: the caller's file, even if a `macro_rules!` adds to the path.
    pub(crate) fn first_literal(&self) -> Span {
        match self {
            Self::Literal(literal) => literal.span(),
            Self::Env(_, _, variable) => variable.name.span(),
            Self::Concat(span, _, pieces) => pieces.first().map_or(*span, Self::first_literal),
        }
    }
}

impl Parse for PathExpr {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            return Ok(Self::Literal(input.parse()?));
        }
        let expected = format!("expected the path of a sysreg description\n  {HOW}");
        let name: ItemPath = input.parse().map_err(|_| input.error(expected))?;
        if input.parse::<Option<Token![!]>>()?.is_none() {
            let message = format!("`{name}` has no value yet when macros are expanded\n  {HOW}");
            return Err(Error::new_spanned(name, message));
        }
        let arguments;
        match (name.core_name().as_deref(), name.span()) {
            (Some("env"), span) => {
                let paren = parenthesized!(arguments in input);
                Ok(Self::Env(span, paren, arguments.parse()?))
            }
            (Some("concat"), span) => {
                let paren = parenthesized!(arguments in input);
                let pieces = Punctuated::parse_terminated(&arguments)?;
                Ok(Self::Concat(span, paren, pieces))
            }
            _ => {
                let message = format!("`{name}!` is not expanded here\n  {HOW}");
                Err(Error::new_spanned(name, message))
            }
        }
    }
}

/// Writes the macros with their full paths and the caller's spans.
impl ToTokens for PathExpr {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Literal(literal) => literal.to_tokens(tokens),
            Self::Env(span, paren, variable) => {
                tokens.extend(quote_spanned!(*span=> ::core::env!));
                paren.surround(tokens, |tokens| variable.name.to_tokens(tokens));
            }
            Self::Concat(span, paren, pieces) => {
                tokens.extend(quote_spanned!(*span=> ::core::concat!));
                paren.surround(tokens, |tokens| pieces.to_tokens(tokens));
            }
        }
    }
}

/// The arguments of `env!`.
pub(crate) struct Variable {
    name: LitStr,
    /// The message for an unset variable.
    message: Option<LitStr>,
}

impl Variable {
    /// The value in the environment of the compiler, where Cargo sets the variables of a crate.
    fn value(&self) -> syn::Result<String> {
        let name = self.name.value();
        let error = match (env::var(&name), &self.message) {
            (Ok(value), _) => return Ok(value),
            (Err(VarError::NotUnicode(_)), _) => {
                format!("the environment variable `{name}` is not UTF-8")
            }
            (Err(VarError::NotPresent), Some(message)) => message.value(),
            (Err(VarError::NotPresent), None) => format!(
                "the environment variable `{name}` is not set where this crate is compiled\n  \
                 set it in the shell, in `[env]` of `.cargo/config.toml`, or in a build script \
                 with `cargo::rustc-env={name}=..`"
            ),
        };
        Err(Error::new(self.name.span(), error))
    }
}

impl Parse for Variable {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let literal = |expected: &str| {
            let message = format!("expected {expected} as a string literal");
            input.parse().map_err(|_| input.error(message))
        };
        let name = literal("the name of an environment variable")?;
        let message = if super::another(input)? {
            Some(literal("the message for an unset variable")?)
        } else {
            None
        };
        if super::another(input)? {
            return Err(input.error("expected nothing after the message"));
        }
        Ok(Self { name, message })
    }
}

/// The path of an item, such as `::core::env`.
pub(crate) struct ItemPath {
    global: Option<Token![::]>,
    segments: Punctuated<Ident, Token![::]>,
}

impl ItemPath {
    /// True if the path means the same in every module.
    pub(crate) fn is_absolute(&self) -> bool {
        let first = self.segments.first().map(ToString::to_string);
        self.global.is_some() || matches!(first.as_deref(), Some("crate" | "$crate"))
    }

    /// The last name, or `None` if the path leads elsewhere than to `core` or `std`.
    fn core_name(&self) -> Option<String> {
        let names: Vec<String> = self.segments.iter().map(ToString::to_string).collect();
        match names.as_slice() {
            [name] => Some(name.clone()),
            [library, name] if ["core", "std"].contains(&library.as_str()) => Some(name.clone()),
            _ => None,
        }
    }

    /// The span of the last name.
    fn span(&self) -> Span {
        let last = self.segments.last();
        last.map_or_else(Span::call_site, Ident::span)
    }
}

impl Parse for ItemPath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            global: input.parse()?,
            segments: Punctuated::parse_separated_nonempty_with(input, Ident::parse_any)?,
        })
    }
}

impl ToTokens for ItemPath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.global.to_tokens(tokens);
        self.segments.to_tokens(tokens);
    }
}

impl std::fmt::Display for ItemPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<String> = self.segments.iter().map(ToString::to_string).collect();
        let global = self.global.as_ref().map_or("", |_| "::");
        write!(f, "{global}{}", names.join("::"))
    }
}
