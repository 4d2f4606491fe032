//! Kernel names to Rust identifiers. Two names that meet are an error, never silently renamed.

use proc_macro2::{Ident, Span};
use std::collections::BTreeMap;
use sysreg::{Diagnostic, Note, Rule, Severity};

/// A type's name: `ID_AA64ISAR0_EL1` is `IdAa64isar0El1`, `MTE_frac` is `MteFrac`, `AdvSIMD` stays.
///
/// A `_` between digits stays too, so that `TGRAN4_2` (`Tgran4_2`) is not `TGRAN42`.
pub(crate) fn type_name(name: &str) -> Ident {
    let mut out = String::new();
    for part in name.split('_') {
        let digit_first = part.starts_with(|c: char| c.is_ascii_digit());
        if digit_first && (out.is_empty() || out.ends_with(|c: char| c.is_ascii_digit())) {
            out.push('_');
        }
        out.push_str(&capitalised(part));
    }
    identifier(&out)
}

/// A word with a capital in front; what follows is made small unless it mixes cases itself.
fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let rest = letters.as_str();
    let mixed = rest.contains(|c: char| c.is_ascii_lowercase());
    let rest = if mixed {
        rest.to_owned()
    } else {
        rest.to_ascii_lowercase()
    };
    first.into_iter().collect::<String>() + &rest
}

/// A module's or method's name: the kernel's in lower case.
pub(crate) fn lower_name(name: &str) -> Ident {
    identifier(&leading_letter(name.to_ascii_lowercase()))
}

/// A constant's name: the kernel's in upper case.
pub(crate) fn const_name(name: &str) -> Ident {
    identifier(&leading_letter(name.to_ascii_uppercase()))
}

fn leading_letter(name: String) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}

/// An identifier; a keyword becomes a raw one (`r#type`), or `self_` where Rust has no raw form.
fn identifier(name: &str) -> Ident {
    let name = match name {
        "" | "_" => "__",
        "self" => "self_",
        "Self" => "Self_",
        "super" => "super_",
        "crate" => "crate_",
        other => other,
    };
    match syn::parse_str::<Ident>(name) {
        Ok(ident) => ident,
        Err(_) => Ident::new_raw(name, Span::call_site()),
    }
}

/// The identifiers of one place in the generated code, and which kernel names took them.
pub(crate) struct Scope {
    taken: BTreeMap<String, Option<(String, sysreg::Span)>>,
}

impl Scope {
    /// A scope in which generated code has taken some identifiers itself.
    pub(crate) fn new(reserved: &[&str]) -> Self {
        Self {
            taken: reserved
                .iter()
                .map(|name| ((*name).to_owned(), None))
                .collect(),
        }
    }

    /// Takes an identifier for a kernel name, or says who has it.
    pub(crate) fn claim(
        &mut self,
        ident: &Ident,
        subject: &str,
        span: sysreg::Span,
    ) -> Result<(), Diagnostic> {
        let previous = self
            .taken
            .insert(ident.to_string(), Some((subject.to_owned(), span)));
        let Some(previous) = previous else {
            return Ok(());
        };
        let (message, place) = match previous {
            Some((other, place)) => (
                format!("{subject}: `{other}` is `{ident}` in Rust too"),
                Some(place),
            ),
            None => (
                format!("{subject}: `{ident}` has a meaning of its own in Rust"),
                None,
            ),
        };
        let note = "names differ in more than case and `_`".to_owned();
        let notes = match place {
            Some(place) => vec![Note {
                message: "that one is here".to_owned(),
                span: Some(place),
            }],
            None => vec![Note {
                message: note,
                span: None,
            }],
        };
        let (rule, severity) = (Rule::NameCollision, Severity::Error);
        Err(Diagnostic {
            rule,
            severity,
            span,
            message,
            notes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_camel_case() {
        for (kernel, rust) in [
            ("ID_AA64ISAR0_EL1", "IdAa64isar0El1"),
            ("DP", "Dp"),
            ("MTE_frac", "MteFrac"),
            ("AdvSIMD", "AdvSIMD"),
            ("TGRAN4_2", "Tgran4_2"),
            ("SYSREG_128", "Sysreg128"),
            ("4K", "_4k"),
            ("_", "__"),
        ] {
            assert_eq!(type_name(kernel).to_string(), rust);
        }
    }

    #[test]
    fn methods_and_modules_are_lower_case() {
        for (kernel, rust) in [
            ("AdvSIMD", "advsimd"),
            ("AS", "r#as"),
            ("type", "r#type"),
            ("SELF", "self_"),
            ("16K", "_16k"),
        ] {
            assert_eq!(lower_name(kernel).to_string(), rust);
        }
    }

    #[test]
    fn constants_are_upper_case() {
        for (kernel, rust) in [
            ("IMP", "IMP"),
            ("52_BIT", "_52_BIT"),
            ("GICv3", "GICV3"),
            ("0", "_0"),
        ] {
            assert_eq!(const_name(kernel).to_string(), rust);
        }
    }

    #[test]
    fn names_that_meet_are_an_error() {
        let mut scope = Scope::new(&["bits"]);
        let span = sysreg::Span::default();
        assert!(scope.claim(&lower_name("EL1"), "R.EL1", span).is_ok());
        assert!(scope.claim(&lower_name("el1"), "R.el1", span).is_err());
        assert!(scope.claim(&lower_name("BITS"), "R.BITS", span).is_err());
    }
}
