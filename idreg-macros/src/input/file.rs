//! One file of a description.

use super::path::PathExpr;
use proc_macro2::{Span, TokenStream};
use quote::quote;
use std::error::Error;
use std::path::{Component, Path, PathBuf};
use syn::parse::{Parse, ParseStream};
use sysreg::{Source, SourceError};

/// A file, named by its path.
pub(crate) struct File {
    path: PathExpr,
}

impl Parse for File {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let path = input.parse()?;
        Ok(Self { path })
    }
}

impl File {
    /// Whether the next argument of the macro is a file.
    pub(crate) fn is_next(input: ParseStream<'_>) -> bool {
        PathExpr::is_next(input)
    }

    /// Where its path begins.
    pub(crate) fn span(&self) -> Span {
        self.path.span()
    }

    /// Reads it, if it is none of the earlier ones.
    pub(crate) fn read_after<'f>(
        &self,
        mut earlier: impl Iterator<Item = &'f Self>,
    ) -> syn::Result<Source> {
        let whole_path = |file: &Self| std::fs::canonicalize(file.place().ok()?.on_disk).ok();
        let path = whole_path(self);
        if path.is_some() && earlier.any(|file| whole_path(file) == path) {
            return Err(self.error("this file is given already"));
        }
        self.read()
    }

    fn read(&self) -> syn::Result<Source> {
        let Place { on_disk, shown } = self.place()?;
        let source = match Source::read_as(shown.as_str(), &on_disk) {
            Ok(source) => Ok(source),
            Err(error) => Err(
                match error
                    .get_ref()
                    .map(<dyn Error + Send + Sync>::is::<SourceError>)
                {
                    Some(true) => format!("cannot use `{shown}`: {error}"),
                    _ => format!("cannot read `{shown}`: {error}{}", self.hint()?),
                },
            ),
        };
        source.map_err(|message| self.error(&message))
    }

    /// Makes the compiler watch it and the variables in its path; nothing if it is not there.
    pub(crate) fn track(&self) -> Option<TokenStream> {
        let place = self.place().ok()?;
        let path = &self.path;
        place.on_disk.is_file().then(|| {
            quote!(
                const _: &[::core::primitive::u8] = ::core::include_bytes!(#path);
            )
        })
    }

    fn place(&self) -> syn::Result<Place> {
        let path = self.path.text()?;
        if path.is_empty() {
            return Err(self.error("the path of the description is empty"));
        }
        let directory = Directory::of(self.path.first_literal());
        let shown = clean(&directory.shown.join(&path)).display().to_string();
        let on_disk = directory.on_disk.join(path);
        Ok(Place { on_disk, shown })
    }

    /// What a path that leads nowhere may have been taken for.
    fn hint(&self) -> syn::Result<String> {
        let path = self.path.text()?;
        let hint = format!("\n  the path `{path}` is relative to the file that names it");
        Ok(if Path::new(&path).is_relative() {
            hint
        } else {
            String::new()
        })
    }

    fn error(&self, message: &str) -> syn::Error {
        syn::Error::new_spanned(&self.path, message)
    }
}

/// Where a file is.
struct Place {
    on_disk: PathBuf,
    /// As messages show it.
    shown: String,
}

/// The directory of the Rust file that a path stands in.
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
