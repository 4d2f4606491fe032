//! The documentation of the emitted items.

use proc_macro2::Ident;
use std::fmt::Write;
use sysreg::{Field, FieldKind, Layout, Register};

/// The name, the encoding and a table of the fields of a register.
pub(crate) fn register(register: &Register, layout: Option<&Layout>) -> String {
    let (name, encoding) = (register.name(), register.encoding().symbol());
    format!("`{name}`, encoded as `{encoding}`.\n\n{}", fields(layout))
}

/// The name, the encoding and the layout's name of a register whose layout another block states.
pub(crate) fn alias(register: &Register, layout: &Ident) -> String {
    let (name, encoding) = (register.name(), register.encoding().symbol());
    format!("`{name}`, encoded as `{encoding}`.\n\nIt has the fields of [`{layout}`].")
}

/// The name and the fields of a shared layout.
pub(crate) fn shared(name: &str, layout: Option<&Layout>) -> String {
    let fields = fields(layout);
    format!("`{name}`, a shared layout; `R` is the register.\n\n{fields}")
}

/// The name and the fields of an alternative layout.
pub(crate) fn alternative(name: &str, block: &str, layout: Option<&Layout>) -> String {
    let fields = fields(layout);
    format!("`{name}`, an alternative layout of `{block}`.\n\n{fields}")
}

fn fields(layout: Option<&Layout>) -> String {
    let Some(layout) = layout else {
        return "The description does not define its fields.".to_owned();
    };
    if layout.fields().next().is_none() {
        return "It has no named fields.".to_owned();
    }
    let mut table = "| bits | field |\n|---|---|".to_owned();
    for field in layout.fields() {
        // Writing to a String cannot fail.
        let _ = write!(table, "\n| {} | `{}` |", field.bits(), field.name());
    }
    table
}

/// The name, bits and kind of a field, a table of its named values, and its features.
pub(crate) fn field(layout: &str, field: &Field, features: &[&str]) -> String {
    let kind = match field.kind() {
        FieldKind::Plain => "a number",
        FieldKind::Enum => "an enumeration",
        FieldKind::SignedEnum => "a signed enumeration",
        FieldKind::UnsignedEnum => "an unsigned enumeration",
    };
    let mut doc = format!("`{layout}.{}`, {}: {kind}.", field.name(), bits(field));
    if !field.enumerators().is_empty() {
        doc.push_str("\n\n| value | name |\n|---|---|");
        for enumerator in field.enumerators() {
            let (value, name) = (enumerator.value(), enumerator.name());
            let _ = write!(doc, "\n| {value:#x} | `{name}` |");
        }
    }
    if !features.is_empty() {
        let _ = write!(doc, "\n\nFeatures: `{}`.", features.join("`, `"));
    }
    doc
}

/// The bits of a field in words: `bits 47:44`, or `bit 31`.
pub(crate) fn bits(field: &Field) -> String {
    let bits = field.bits();
    let word = if bits.width() == 1 { "bit" } else { "bits" };
    format!("{word} {bits}")
}
