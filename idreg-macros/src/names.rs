//! Rust identifiers of kernel names. A name that is already taken is an error, never renamed.

use proc_macro2::{Ident, Span};
use std::collections::BTreeMap;
use std::fmt::Display;
use sysreg::{Diagnostic, Note, Rule, Severity};

/// The name of a type: `ID_AA64ISAR0_EL1` is `IdAa64isar0El1`, `MTE_frac` is `MteFrac`, `AdvSIMD`
/// stays.
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

/// A word with a capital first letter; the rest is put in lower case unless it mixes cases.
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

/// The name of a module or method: the kernel's in lower case.
pub(crate) fn lower_name(name: &str) -> Ident {
    identifier(&leading_letter(name.to_ascii_lowercase()))
}

/// The name of a constant: the kernel's in upper case.
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

/// Rust's keywords, strict and reserved, of all editions up to 2024 (The Rust Reference, Keywords),
/// except the four that have no raw form.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// An identifier; a keyword becomes a raw one (`r#type`), or `self_` where Rust has no raw form.
///
/// The name consists of letters, digits and `_`, and does not start with a digit: `sysreg` and this
/// module guarantee it.
fn identifier(name: &str) -> Ident {
    let name = match name {
        "" | "_" => "__",
        "self" => "self_",
        "Self" => "Self_",
        "super" => "super_",
        "crate" => "crate_",
        other => other,
    };
    if KEYWORDS.contains(&name) {
        Ident::new_raw(name, Span::call_site())
    } else {
        Ident::new(name, Span::call_site())
    }
}

/// The names of one scope in the generated code, each with its definition.
pub(crate) struct Scope {
    defined: BTreeMap<String, Definition>,
}

enum Definition {
    /// A name of the description and its place there.
    Described(String, sysreg::Span),
    /// A name that the generated code reserves, and its purpose.
    Reserved(&'static str),
}

/// Names that the generated code reserves in one scope.
pub(crate) struct Reserved {
    pub(crate) names: &'static [&'static str],
    /// Their purpose, for the message.
    pub(crate) purpose: &'static str,
}

impl Scope {
    /// A scope without names.
    pub(crate) fn new() -> Self {
        Self {
            defined: BTreeMap::new(),
        }
    }

    /// A scope with reserved names.
    pub(crate) fn with(Reserved { names, purpose }: &Reserved) -> Self {
        let defined = names
            .iter()
            .map(|name| ((*name).to_owned(), Definition::Reserved(purpose)));
        Self {
            defined: defined.collect(),
        }
    }

    /// Reserves another name for the generated code.
    pub(crate) fn reserve(&mut self, name: impl Display, purpose: &'static str) {
        let definition = Definition::Reserved(purpose);
        self.defined.insert(name.to_string(), definition);
    }

    /// Defines a name of the description; returns an error if the name is taken.
    pub(crate) fn define(
        &mut self,
        name: impl Display,
        subject: &str,
        span: sysreg::Span,
    ) -> Option<Diagnostic> {
        let name = name.to_string();
        let (message, notes) = match self.defined.get(&name) {
            None => {
                let definition = Definition::Described(subject.to_owned(), span);
                self.defined.insert(name, definition);
                return None;
            }
            // The name of the register is digits only.
            Some(Definition::Described(other, _)) if other == subject => (
                format!("{subject}: a type and a module would both be called `{name}`"),
                Vec::new(),
            ),
            Some(Definition::Described(other, place)) => {
                let message = format!(
                    "{subject}: the generated name `{name}` is already defined by `{other}`"
                );
                let note = Note {
                    message: format!("`{other}` is here"),
                    span: Some(*place),
                };
                (message, vec![note])
            }
            Some(Definition::Reserved(purpose)) => (
                format!("{subject}: the generated name `{name}` is reserved for {purpose}"),
                Vec::new(),
            ),
        };
        let (rule, severity) = (Rule::NameCollision, Severity::Error);
        Some(Diagnostic {
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

    /// Every keyword of the reference, strict, reserved and weak, editions up to 2024.
    #[test]
    fn keywords_become_identifiers() {
        let keywords = "as async await break const continue crate dyn else enum extern false fn \
                        for gen if impl in let loop match mod move mut pub ref return self static \
                        struct super trait true type unsafe use where while abstract become box \
                        do final macro override priv try typeof unsized virtual yield macro_rules \
                        union raw safe";
        for keyword in keywords.split_whitespace() {
            let ident = lower_name(keyword).to_string();
            let raw = ident.strip_prefix("r#") == Some(keyword);
            let weak = ["macro_rules", "union", "raw", "safe"].contains(&keyword);
            assert!(raw || weak || ident == format!("{keyword}_"), "{ident}");
        }
    }

    #[test]
    fn name_taken_twice_is_an_error() {
        let purpose = "a method of every register type";
        let mut scope = Scope::with(&Reserved {
            names: &["bits"],
            purpose,
        });
        let span = sysreg::Span::default();
        assert!(scope.define(lower_name("EL1"), "R.EL1", span).is_none());
        let error = scope.define(lower_name("el1"), "R.el1", span).unwrap();
        assert_eq!(
            error.message,
            "R.el1: the generated name `el1` is already defined by `R.EL1`"
        );
        let error = scope.define(lower_name("BITS"), "R.BITS", span).unwrap();
        let expected = "R.BITS: the generated name `bits` is reserved for \
                        a method of every register type";
        assert_eq!(error.message, expected);
    }
}
