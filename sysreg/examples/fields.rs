//! Lists the fields of a description: `fields FILE`, or the built-in one.

use std::env;
use std::error::Error;
use sysreg::{AARCH64_ID, Source, load, render};

fn main() -> Result<(), Box<dyn Error>> {
    let source = match env::args_os().nth(1) {
        Some(path) => Source::read(path.as_ref())?,
        None => Source::new("aarch64-id.sysreg", AARCH64_ID)?,
    };
    let loaded = load(&source);
    for diagnostic in &loaded.diagnostics {
        eprintln!("{}", render(&source, diagnostic));
    }
    for register in loaded.model.registers() {
        let layout = loaded.model.layout(register).into_iter();
        for field in layout.flat_map(sysreg::Layout::fields) {
            println!("{}\t{}", register.property(field), field.bits());
        }
    }
    Ok(())
}
