//! Command `check`: reports all errors and warnings of a description.

use crate::cli::Check;
use crate::description::{self, count};
use crate::failure::Failure;
use crate::output::{self, Stream};

pub(crate) fn check(arguments: &Check) -> Result<(), Failure> {
    let source = description::read(&arguments.files)?;
    let loaded = if arguments.strict {
        sysreg::load_strict(&source)
    } else {
        sysreg::load(&source)
    };
    Stream::Stdout.diagnostics(&source, &loaded.diagnostics)?;
    let (errors, warnings) = description::totals(&loaded.diagnostics);
    if errors > 0 {
        return Err(description::invalid(&source, &loaded.diagnostics));
    }
    let loaded = description::with_registers(&source, loaded)?;
    output::note(&format!(
        "{}: {}, {}, {}, {}",
        source.name(),
        count(loaded.model.registers().count(), "register"),
        count(loaded.model.shared_layouts().count(), "shared layout"),
        count(errors, "error"),
        count(warnings, "warning"),
    ));
    Ok(())
}
