//! Reading and judging descriptions, shared by all commands.

use crate::cli::Files;
use crate::failure::Failure;
use crate::output::Stream;
use std::path::{Path, PathBuf};
use sysreg::{Diagnostic, Loaded, Source};

/// Reads the files of one description.
pub(crate) fn read(files: &Files) -> Result<Source, Failure> {
    read_all(&files.paths)
}

/// Reads several files as one description.
pub(crate) fn read_all(paths: &[PathBuf]) -> Result<Source, Failure> {
    let sources: Result<Vec<Source>, Failure> = paths.iter().map(|path| read_file(path)).collect();
    Source::join(sources?).map_err(Failure::TooLarge)
}

/// Reads one file.
pub(crate) fn read_file(path: &Path) -> Result<Source, Failure> {
    Source::read(path).map_err(|source| Failure::ReadFile {
        path: path.to_owned(),
        source,
    })
}

/// Returns the loaded description, or shows its diagnostics and fails if it has errors.
pub(crate) fn valid(source: &Source, loaded: Loaded) -> Result<Loaded, Failure> {
    if totals(&loaded.diagnostics).0 == 0 {
        return Ok(loaded);
    }
    Stream::Stderr.diagnostics(source, &loaded.diagnostics)?;
    Err(invalid(source, &loaded.diagnostics))
}

/// Fails if a valid description has no registers: it is the wrong file, and the macro rejects it.
pub(crate) fn with_registers(source: &Source, loaded: Loaded) -> Result<Loaded, Failure> {
    if loaded.model.registers().next().is_none() {
        return Err(Failure::NoRegister(source.name().to_string()));
    }
    Ok(loaded)
}

/// The failure of a description after its diagnostics.
pub(crate) fn invalid(source: &Source, diagnostics: &[Diagnostic]) -> Failure {
    let (errors, warnings) = totals(diagnostics);
    let found = match warnings {
        0 => count(errors, "error"),
        _ => format!(
            "{} and {}",
            count(errors, "error"),
            count(warnings, "warning")
        ),
    };
    Failure::Invalid(format!("{found} in {}", source.name()))
}

/// Counts errors and warnings.
pub(crate) fn totals(diagnostics: &[Diagnostic]) -> (usize, usize) {
    let errors = diagnostics.iter().filter(|found| found.is_error()).count();
    (errors, diagnostics.len() - errors)
}

/// Formats a number of things, such as `no errors`, `1 error` and `2 errors`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    match number {
        0 => format!("no {thing}s"),
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    }
}
