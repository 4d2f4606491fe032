//! The documentation of what the macro emits.

use std::fmt::Write;
use sysreg::{Encoding, Field, FieldKind, Layout};

/// A register's documentation: name, encoding, and its fields as a table.
pub(crate) fn register(name: &str, encoding: Encoding, layout: Option<&Layout>) -> String {
    let Encoding {
        op0,
        op1,
        crn,
        crm,
        op2,
    } = encoding;
    let mut doc = format!("`{name}`, encoded as `S{op0}_{op1}_C{crn}_C{crm}_{op2}`.");
    match layout {
        Some(layout) if layout.fields().next().is_some() => {
            doc.push_str("\n\n| bits | field |\n|---|---|");
            for field in layout.fields() {
                // Writing to a String cannot fail.
                let _ = write!(doc, "\n| {} | `{}` |", field.bits(), field.name());
            }
        }
        Some(_) => doc.push_str("\n\nThe register has no named fields."),
        None => doc.push_str("\n\nThe description does not say what its fields are."),
    }
    doc
}

/// A field type's documentation: name, bits, sign, and its values as a table.
pub(crate) fn field(register: &str, field: &Field) -> String {
    let sign = match field.kind() {
        FieldKind::Plain => "a number",
        FieldKind::Enum => "named values",
        FieldKind::SignedEnum => "named values, compared as signed numbers",
        FieldKind::UnsignedEnum => "named values, compared as unsigned numbers",
    };
    let mut doc = format!(
        "`{register}.{}`, bits {}: {sign}.",
        field.name(),
        field.bits()
    );
    if !field.enumerators().is_empty() {
        doc.push_str("\n\n| value | name |\n|---|---|");
        for enumerator in field.enumerators() {
            let _ = write!(
                doc,
                "\n| {:#x} | `{}` |",
                enumerator.value(),
                enumerator.name()
            );
        }
    }
    doc
}
