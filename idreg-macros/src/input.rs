//! The macro's input, and the file that it names.

use proc_macro2::Span;
use std::path::{Component, Path, PathBuf};
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Token};
use sysreg::Source;

/// `"path"`.
pub(crate) struct Input {
    pub(crate) path: LitStr,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(LitStr) {
            let expected = "expected the path of a sysreg description as a string literal, \
                            relative to this file";
            return Err(input.error(expected));
        }
        let path: LitStr = input.parse()?;
        if path.value().is_empty() {
            return Err(syn::Error::new(
                path.span(),
                "the path of the description is empty",
            ));
        }
        input.parse::<Option<Token![,]>>()?;
        if !input.is_empty() {
            return Err(input.error("expected nothing after the path"));
        }
        Ok(Self { path })
    }
}

impl Input {
    /// Reads the description.
    pub(crate) fn read(&self) -> syn::Result<Source> {
        let path = PathBuf::from(self.path.value());
        let directory = Directory::of(self.path.span());
        let bytes = std::fs::read(directory.on_disk.join(&path)).map_err(|error| {
            let shown = clean(&directory.shown.join(&path));
            let mut message = format!("cannot read `{}`: {error}", shown.display());
            if path.is_relative() {
                let path = path.display();
                message =
                    format!("{message}\n  the path `{path}` is relative to the file that names it");
            }
            syn::Error::new(self.path.span(), message)
        })?;
        let shown = clean(&directory.shown.join(&path)).display().to_string();
        Source::from_bytes(shown.as_str(), bytes).map_err(|error| {
            syn::Error::new(self.path.span(), format!("cannot use `{shown}`: {error}"))
        })
    }
}

/// The directory of the Rust file that a literal stands in.
struct Directory {
    on_disk: PathBuf,
    /// As the compiler shows it, which is relative to the workspace and so the same everywhere.
    shown: PathBuf,
}

impl Directory {
    fn of(span: Span) -> Self {
        let span = span.unwrap();
        let parent = |file: &Path| file.parent().map(Path::to_owned).unwrap_or_default();
        match span.local_file() {
            Some(file) => Self {
                on_disk: parent(&file),
                shown: parent(Path::new(&span.file())),
            },
            // Older rust-analyzers do not know the file; the crate's folder is the best guess.
            None => {
                let on_disk = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
                Self {
                    on_disk: on_disk.unwrap_or_default(),
                    shown: PathBuf::new(),
                }
            }
        }
    }
}

/// Takes `..` and `.` out of a path without asking the file system.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(clean.components().next_back(), Some(Component::Normal(_))) =>
            {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}
