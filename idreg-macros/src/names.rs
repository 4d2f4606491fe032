//! Kernel names to Rust identifiers. Two names that meet are an error, never silently renamed.

use proc_macro2::{Ident, Span};
use std::collections::BTreeMap;
use std::fmt::Display;
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

/// Rust's keywords, strict and reserved, of all editions up to 2024 (The Rust Reference, Keywords), but
/// for the four that have no raw form.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// An identifier; a keyword becomes a raw one (`r#type`), or `self_` where Rust has no raw form.
///
/// The name is letters, digits and `_`, and does not start with a digit: `sysreg` and this module see
/// to that.
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

/// The names of one place in the generated code, and who has them.
pub(crate) struct Scope {
    taken: BTreeMap<String, Owner>,
}

enum Owner {
    /// A name of the description, and its place there.
    Described(String, sysreg::Span),
    /// The generated code itself: what the name is there.
    Generated(&'static str),
}

/// Names that generated code takes for itself in one place.
pub(crate) struct Reserved {
    pub(crate) names: &'static [&'static str],
    /// What they are, for the message.
    pub(crate) what: &'static str,
}

impl Scope {
    /// A scope without names.
    pub(crate) fn new() -> Self {
        Self {
            taken: BTreeMap::new(),
        }
    }

    /// A scope in which generated code has taken some names itself.
    pub(crate) fn with(Reserved { names, what }: &Reserved) -> Self {
        let taken = names
            .iter()
            .map(|name| ((*name).to_owned(), Owner::Generated(what)));
        Self {
            taken: taken.collect(),
        }
    }

    /// Takes another name for generated code itself.
    pub(crate) fn reserve(&mut self, name: impl Display, what: &'static str) {
        self.taken.insert(name.to_string(), Owner::Generated(what));
    }

    /// Takes a name for something in the description; gives the error that another one has it.
    pub(crate) fn claim(
        &mut self,
        name: impl Display,
        subject: &str,
        span: sysreg::Span,
    ) -> Option<Diagnostic> {
        let name = name.to_string();
        let (message, notes) = match self.taken.get(&name) {
            None => {
                self.taken
                    .insert(name, Owner::Described(subject.to_owned(), span));
                return None;
            }
            // A register of digits only.
            Some(Owner::Described(other, _)) if other == subject => (
                format!("{subject}: a type and a module would both be called `{name}`"),
                Vec::new(),
            ),
            Some(Owner::Described(other, place)) => {
                let message = format!("{subject}: `{other}` becomes `{name}` too");
                let note = Note {
                    message: "that one is here".to_owned(),
                    span: Some(*place),
                };
                (message, vec![note])
            }
            Some(Owner::Generated(what)) => (
                format!("{subject}: in Rust it is `{name}`, which is {what}"),
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
        let keywords = "as async await break const continue crate dyn else enum extern false fn for \
                        gen if impl in let loop match mod move mut pub ref return self static struct \
                        super trait true type unsafe use where while abstract become box do final \
                        macro override priv try typeof unsized virtual yield macro_rules union raw \
                        safe";
        for keyword in keywords.split_whitespace() {
            let ident = lower_name(keyword).to_string();
            let raw = ident.strip_prefix("r#") == Some(keyword);
            let weak = ["macro_rules", "union", "raw", "safe"].contains(&keyword);
            assert!(raw || weak || ident == format!("{keyword}_"), "{ident}");
        }
    }

    #[test]
    fn names_that_meet_are_an_error() {
        let what = "a method of every register type";
        let mut scope = Scope::with(&Reserved {
            names: &["bits"],
            what,
        });
        let span = sysreg::Span::default();
        assert!(scope.claim(lower_name("EL1"), "R.EL1", span).is_none());
        let error = scope.claim(lower_name("el1"), "R.el1", span).unwrap();
        assert_eq!(error.message, "R.el1: `R.EL1` becomes `el1` too");
        let error = scope.claim(lower_name("BITS"), "R.BITS", span).unwrap();
        let expected = "R.BITS: in Rust it is `bits`, which is a method of every register type";
        assert_eq!(error.message, expected);
    }
}
