//! Command `defines`: prints the macros of a description.

use crate::cli::Defines;
use crate::description;
use crate::failure::Failure;
use crate::output::Stream;

pub(crate) fn defines(arguments: &Defines) -> Result<(), Failure> {
    let source = description::read(&arguments.files)?;
    let loaded = description::valid(&source, sysreg::load(&source))?;
    let loaded = description::with_registers(&source, loaded)?;
    Stream::Stderr.diagnostics(&source, &loaded.diagnostics)?;
    let lines =
        sysreg::defines(&loaded.model, arguments.like.into()).map(|define| format!("{define}\n"));
    Stream::Stdout.write(&lines.collect::<String>())
}
