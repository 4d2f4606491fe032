//! Recognition of registers as text and of other programs' messages.

mod hostile;
mod judgement;
mod lines;
mod notation;

use idreg_runtime::formats::diagnostic::{Diagnostic, Program};
use idreg_runtime::regs::DESCRIPTION;

/// The content of a recognised line: program, event, register, field, both values.
fn recognized(line: &str) -> String {
    let diagnostic = match Diagnostic::of(&DESCRIPTION, line) {
        Ok(diagnostic) => diagnostic,
        Err(error) => return error.to_string(),
    };
    let program = diagnostic.program.map_or("text", Program::name);
    let register = diagnostic.register.map(|register| {
        let described = diagnostic.described(&DESCRIPTION);
        described.map_or_else(
            || format!(" {register}"),
            |known| format!(" {}", known.name),
        )
    });
    let field = diagnostic
        .field
        .map(|field| format!(".{}", field.field.name()));
    let wanted = diagnostic.wanted.map(|value| format!("={value:#x}"));
    let present = diagnostic.present.map(|value| format!(" is {value:#x}"));
    let details = [register, field, wanted, present];
    let details: String = details.into_iter().flatten().collect();
    format!("{program}: {}{details}", diagnostic.event.name())
}
