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
    /// True if the next argument of the macro is a file.
    pub(crate) fn is_next(input: ParseStream<'_>) -> bool {
        PathExpr::is_next(input)
    }

    /// The span of its path.
    pub(crate) fn span(&self) -> Span {
        self.path.span()
    }

    /// Reads the file; an error if it is one of the earlier files.
    pub(crate) fn read_after<'f>(
        &self,
        mut earlier: impl Iterator<Item = &'f Self>,
    ) -> syn::Result<Source> {
        let whole_path = |file: &Self| std::fs::canonicalize(file.location().ok()?.on_disk).ok();
        let path = whole_path(self);
        if path.is_some() && earlier.any(|file| whole_path(file) == path) {
            return Err(self.error("this file is given already"));
        }
        self.read()
    }

    fn read(&self) -> syn::Result<Source> {
        let Location { on_disk, shown } = self.location()?;
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

    /// An item that makes the compiler track the file and the variables in its path, or `None` if
    /// the file does not exist.
    pub(crate) fn track(&self) -> Option<TokenStream> {
        let location = self.location().ok()?;
        let path = &self.path;
        location.on_disk.is_file().then(|| {
            quote!(
                const _: &[::core::primitive::u8] = ::core::include_bytes!(#path);
            )
        })
    }

    fn location(&self) -> syn::Result<Location> {
        let path = self.path.text()?;
        if path.is_empty() {
            return Err(self.error("the path of the description is empty"));
        }
        Ok(Location::of(&path, self.path.first_literal()))
    }

    /// A hint for a relative path whose file does not exist; empty for an absolute path.
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

/// The location of a file.
struct Location {
    on_disk: PathBuf,
    /// The path in messages.
    shown: String,
}

impl Location {
    /// The location of a path; `span` is of the Rust file that contains the path.
    fn of(path: &str, span: Span) -> Self {
        let span = span.unwrap();
        let folder = |file: &Path| file.parent().map(Path::to_owned).unwrap_or_default();
        let (on_disk, shown) = match span.local_file() {
            // The compiler shows a path relative to the workspace, the same on every machine.
            Some(file) => (folder(&file), folder(Path::new(&span.file()))),
            None => {
                let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
                let crate_folder = Path::new(&manifest);
                let folder = source_folder(crate_folder, Path::new(path));
                (crate_folder.join(folder), PathBuf::from(folder))
            }
        };
        Self {
            on_disk: on_disk.join(path),
            shown: clean(&shown.join(path)).display().to_string(),
        }
    }
}

/// The folders of a crate that contain its Rust files: its own, and those that Cargo names.
const SOURCE_FOLDERS: [&str; 5] = ["", "src", "tests", "examples", "benches"];

/// The first source folder in which the file of a relative path exists, or the crate's own.
///
/// rust-analyzer does not tell a macro which file calls it (`local_file` is `None`).
fn source_folder(crate_folder: &Path, path: &Path) -> &'static str {
    let has_file = |folder: &&str| crate_folder.join(folder).join(path).is_file();
    SOURCE_FOLDERS
        .into_iter()
        .find(has_file)
        .unwrap_or_default()
}

/// Removes `..` and `.` from a path without access to the file system.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_searched_in_the_folders_of_a_crate() {
        let this_crate = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (path, folder) in [
            ("src/example.sysreg", ""),
            ("example.sysreg", "src"),
            ("../src/example.sysreg", "src"),
            ("expand/names.sysreg", "tests"),
            ("no-such.sysreg", ""),
            ("expand", ""),
        ] {
            assert_eq!(source_folder(this_crate, Path::new(path)), folder, "{path}");
        }
    }
}
