//! The macro's input: the files of a description, and options.

mod file;
mod only;
mod options;
mod path;

pub(crate) use self::only::Only;
pub(crate) use self::options::Options;

use self::file::File;
use proc_macro2::{Span, TokenStream};
use syn::Token;
use syn::parse::{Parse, ParseStream};
use sysreg::Source;

/// `"path", "another path", option, option = value`.
pub(crate) struct Input {
    /// At least one.
    files: Vec<File>,
    pub(crate) options: Options,
    /// The span of the first file's path.
    span: Span,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if Options::is_next(input) {
            let message = "expected the path of a sysreg description before the options";
            return Err(input.error(message));
        }
        let first: File = input.parse()?;
        let span = first.span();
        let mut files = vec![first];
        while another(input)? && File::is_next(input) {
            files.push(input.parse()?);
        }
        Ok(Self {
            files,
            options: input.parse()?,
            span,
        })
    }
}

/// True if a comma and another argument follow; takes the comma.
fn another(input: ParseStream<'_>) -> syn::Result<bool> {
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(!input.is_empty())
}

impl Input {
    /// Reads the description; the error has one message for each file that cannot be read.
    pub(crate) fn read(&self) -> syn::Result<Source> {
        let mut sources = Vec::new();
        let mut errors: Option<syn::Error> = None;
        for (index, file) in self.files.iter().enumerate() {
            let earlier = self.files.iter().take(index);
            match (file.read_after(earlier), &mut errors) {
                (Ok(source), _) => sources.push(source),
                (Err(error), Some(errors)) => errors.combine(error),
                (Err(error), None) => errors = Some(error),
            }
        }
        if let Some(errors) = errors {
            return Err(errors);
        }
        Source::join(sources).map_err(|error| syn::Error::new(self.span, error))
    }

    /// Items that make the compiler track every existing file, and the variables in its path.
    pub(crate) fn track(&self) -> TokenStream {
        self.files.iter().filter_map(File::track).collect()
    }

    /// The span of a file's path, for messages about the file.
    pub(crate) fn span_of(&self, file: usize) -> Span {
        self.files.get(file).map_or(self.span, File::span)
    }
}
