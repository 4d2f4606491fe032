//! The documentation of what the macro emits.

use proc_macro2::Ident;
use std::fmt::Write;
use sysreg::{Field, FieldKind, Layout, Register};

/// A register that states its own fields: name, encoding, and its fields as a table.
pub(crate) fn register(register: &Register, layout: Option<&Layout>) -> String {
    let (name, encoding) = (register.name(), register.encoding().symbol());
    format!("`{name}`, encoded as `{encoding}`.\n\n{}", fields(layout))
}

/// A register whose layout stands elsewhere.
pub(crate) fn alias(register: &Register, layout: &Ident) -> String {
    let (name, encoding) = (register.name(), register.encoding().symbol());
    format!("`{name}`, encoded as `{encoding}`.\n\nThe fields are those of [`{layout}`].")
}

/// A layout that registers share.
pub(crate) fn shared(name: &str, layout: Option<&Layout>) -> String {
    let fields = fields(layout);
    format!("`{name}`, a layout that registers share; `R` names the register.\n\n{fields}")
}

/// A further layout of the same bits.
pub(crate) fn further(name: &str, block: &str, layout: Option<&Layout>) -> String {
    format!(
        "`{name}`, a further layout of `{block}`.\n\n{}",
        fields(layout)
    )
}

fn fields(layout: Option<&Layout>) -> String {
    let Some(layout) = layout else {
        return "The description does not say what its fields are.".to_owned();
    };
    if layout.fields().next().is_none() {
        return "There are no named fields.".to_owned();
    }
    let mut table = "| bits | field |\n|---|---|".to_owned();
    for field in layout.fields() {
        // Writing to a String cannot fail.
        let _ = write!(table, "\n| {} | `{}` |", field.bits(), field.name());
    }
    table
}

/// A field type's documentation: name, bits, sign, and its values as a table.
pub(crate) fn field(layout: &str, field: &Field) -> String {
    let sign = match field.kind() {
        FieldKind::Plain => "a number",
        FieldKind::Enum => "named values",
        FieldKind::SignedEnum => "named values, compared as signed numbers",
        FieldKind::UnsignedEnum => "named values, compared as unsigned numbers",
    };
    let mut doc = format!("`{layout}.{}`, {}: {sign}.", field.name(), bits(field));
    if !field.enumerators().is_empty() {
        doc.push_str("\n\n| value | name |\n|---|---|");
        for enumerator in field.enumerators() {
            let (value, name) = (enumerator.value(), enumerator.name());
            let _ = write!(doc, "\n| {value:#x} | `{name}` |");
        }
    }
    doc
}

/// A field's bits in a sentence: `bits 47:44`, or `bit 31`.
pub(crate) fn bits(field: &Field) -> String {
    let bits = field.bits();
    let word = if bits.width() == 1 { "bit" } else { "bits" };
    format!("{word} {bits}")
}
