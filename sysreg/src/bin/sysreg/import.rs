//! Command `import`: updates this project's description from the kernel's.

use crate::cli::Import;
use crate::description::{self, valid, with_registers};
use crate::failure::Failure;
use crate::output::{self, Stream};
use std::path::Path;
use sysreg::{AARCH64_ARM_NAMES, AARCH64_ID, ArmFields, Changes, Source, leading_comment, load};

pub(crate) fn import(arguments: &Import) -> Result<(), Failure> {
    let current = match &arguments.current {
        Some(path) => description::read_file(path)?,
        None => in_memory("the built-in description", AARCH64_ID)?,
    };
    match (&arguments.arm_names, &arguments.kernel) {
        (Some(fields), _) => arm_names(arguments, fields, &current),
        (None, Some(kernel)) => descriptions(arguments, kernel, &current),
        // The command line requires one of them.
        (None, None) => Ok(()),
    }
}

/// Writes the table of the names in Arm's specification.
fn arm_names(arguments: &Import, fields: &Path, current: &Source) -> Result<(), Failure> {
    let source = description::read_file(fields)?;
    let failed = |cause: String| Failure::NoArmFields {
        path: fields.to_owned(),
        cause,
    };
    let arm = ArmFields::parse(source.text()).map_err(|error| failed(error.to_string()))?;
    if arm.is_empty() {
        return Err(failed("no line is `IDREG_FIELD(...)`".to_owned()));
    }
    let model = valid(current, load(current))?.model;
    let table = arm.table(&model, leading_comment(AARCH64_ARM_NAMES));
    match arguments.output.as_deref() {
        Some(path) => replace(path, &table),
        None => Stream::Stdout.write(&table),
    }
}

/// Writes the description that a kernel's file makes of the current one.
fn descriptions(arguments: &Import, kernel: &Path, current: &Source) -> Result<(), Failure> {
    let kernel = description::read_file(kernel)?;
    let theirs = with_registers(&kernel, valid(&kernel, load(&kernel))?)?.model;
    let old = valid(current, load(current))?.model;
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
        Some(path) => replace(path, &text)?,
        None => Stream::Stdout.write(&text)?,
    }
    Stream::Stderr.diagnostics(&imported, &new.diagnostics)?;
    Stream::Stderr.changes(&changes)
}

fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    output::replace(path, text).map_err(|source| Failure::WriteFile {
        path: path.to_owned(),
        source,
    })
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
