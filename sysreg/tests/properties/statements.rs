//! The statements of a model, without their places.

use sysreg::{Alternative, Body, Entry, Field, FieldKind, Item, Layout, Model, Register};

/// Lists the blocks, entries and values of a model as the lines of a description.
///
/// There is one blank between words, and values are decimal.
pub(crate) fn statements(model: &Model) -> Vec<String> {
    let mut out = Vec::new();
    for item in model.items() {
        match item {
            Item::Register(register) => statements_of_register(register, &mut out),
            Item::SharedLayout(shared) => {
                out.push(format!("SysregFields {}", shared.name()));
                statements_of_prefixes(shared.layouts().alternatives(), &mut out);
                statements_of_layout(shared.layouts().layout(), &mut out);
                out.push("EndSysregFields".to_owned());
            }
        }
    }
    out
}

fn statements_of_register(register: &Register, out: &mut Vec<String>) {
    out.push(format!(
        "Sysreg {} {}",
        register.name(),
        register.encoding()
    ));
    statements_of_prefixes(register.alternatives(), out);
    match register.body() {
        Body::Own(layouts) => statements_of_layout(layouts.layout(), out),
        Body::Fields { target, .. } => out.push(format!("Fields {target}")),
        Body::Mapping { target, .. } => out.push(format!("Mapping {target}")),
        _ => unreachable!("a body the test does not know"),
    }
    out.push("EndSysreg".to_owned());
}

fn statements_of_prefixes(alternatives: &[Alternative], out: &mut Vec<String>) {
    for alternative in alternatives {
        out.push(format!("Prefix {}", alternative.prefix()));
        statements_of_layout(alternative.layout(), out);
        out.push("EndPrefix".to_owned());
    }
}

fn statements_of_layout(layout: &Layout, out: &mut Vec<String>) {
    for entry in layout.entries() {
        match entry {
            Entry::Res0(bits) => out.push(format!("Res0 {bits}")),
            Entry::Res1(bits) => out.push(format!("Res1 {bits}")),
            Entry::Unkn(bits) => out.push(format!("Unkn {bits}")),
            Entry::Raz(bits) => out.push(format!("Raz {bits}")),
            Entry::Field(field) => statements_of_field(field, out),
            _ => unreachable!("an entry the test does not know"),
        }
    }
}

fn statements_of_field(field: &Field, out: &mut Vec<String>) {
    let directive = match field.kind() {
        FieldKind::Plain => "Field",
        FieldKind::Enum => "Enum",
        FieldKind::SignedEnum => "SignedEnum",
        FieldKind::UnsignedEnum => "UnsignedEnum",
    };
    out.push(format!("{directive} {} {}", field.bits(), field.name()));
    if field.kind() != FieldKind::Plain {
        for enumerator in field.enumerators() {
            out.push(format!("{} {}", enumerator.value(), enumerator.name()));
        }
        out.push("EndEnum".to_owned());
    }
}
