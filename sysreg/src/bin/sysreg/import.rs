//! Command `import`: updates this project's description from the kernel's.

use crate::cli::Import;
use crate::description::{self, valid, with_registers};
use crate::failure::Failure;
use crate::output::{self, Stream};
use std::path::Path;
use sysreg::{AARCH64_ID, Changes, Source, leading_comment, load};

pub(crate) fn import(arguments: &Import) -> Result<(), Failure> {
    let kernel = description::read_file(&arguments.kernel)?;
    let current = match &arguments.current {
        Some(path) => description::read_file(path)?,
        None => in_memory("the built-in description", AARCH64_ID)?,
    };
    let theirs = with_registers(&kernel, valid(&kernel, load(&kernel))?)?.model;
    let old = valid(&current, load(&current))?.model;
    let text = sysreg::import(&theirs, &old, leading_comment(current.text()));

    let output = arguments.output.as_deref();
    let name = output.map_or("the new description".into(), Path::to_string_lossy);
    let imported = in_memory(&name, &text)?;
    let new = valid(&imported, load(&imported))?;
    let changes = Changes::between(&old, &new.model);
    if arguments.check {
        return check(&changes);
    }
    match output {
        Some(path) => output::replace(path, &text).map_err(|source| Failure::WriteFile {
            path: path.to_owned(),
            source,
        })?,
        None => Stream::Stdout.write(&text)?,
    }
    Stream::Stderr.diagnostics(&imported, &new.diagnostics)?;
    Stream::Stderr.changes(&changes)
}

fn check(changes: &Changes) -> Result<(), Failure> {
    Stream::Stdout.changes(changes)?;
    if changes.is_break() {
        return Err(Failure::Breaks);
    }
    Ok(())
}

/// Creates the source of a description that is not in a file.
fn in_memory(name: &str, text: &str) -> Result<Source, Failure> {
    Source::new(name, text).map_err(Failure::TooLarge)
}
