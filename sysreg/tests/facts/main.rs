//! Facts: parsing, diagnostics, and the selection for a model.

#![allow(
    clippy::needless_raw_string_hashes,
    reason = "UPDATE_EXPECT=1 writes them"
)]

mod any_text;
mod mistakes;
mod shipped;
mod statements;

use expect_test::Expect;
use sysreg::facts::{Facts, FieldRule, Place, Safety, load};
use sysreg::{Model, Source, render};

pub(crate) fn source(text: &str) -> Source {
    Source::new("test.facts", text).expect("a test's text is small")
}

pub(crate) fn facts(text: &str) -> Facts {
    let facts = load(&source(text));
    facts.expect("the test's text is right")
}

/// Renders the diagnostics of a text.
pub(crate) fn mistakes(text: &str) -> String {
    let source = source(text);
    let mistakes = load(&source).err().unwrap_or_default();
    let shown = mistakes.iter().map(|one| render(&source, one) + "\n");
    shown.collect()
}

pub(crate) fn check(text: &str, expected: &Expect) {
    expected.assert_eq(&mistakes(text));
}

pub(crate) fn model(text: &str) -> Model {
    let loaded = sysreg::load(&source(text));
    assert_eq!(loaded.diagnostics, []);
    loaded.model
}

/// A model of two registers: `A` with `X` (signed), `Y` and `Z` (one bit), and `B` with `X`.
pub(crate) fn small_model() -> Model {
    model(
        "Sysreg A 3 0 0 0 0\n\
         Res0 63:9\n\
         SignedEnum 8:5 X\n\
         0b0000 IMP\n\
         EndEnum\n\
         Field 4:1 Y\n\
         Field 0 Z\n\
         EndSysreg\n\
         Sysreg B 3 0 0 0 1\n\
         Res0 63:4\n\
         Field 3:0 X\n\
         EndSysreg\n",
    )
}

pub(crate) fn rule(facts: &Facts, register: &str, field: &str) -> FieldRule {
    let model = small_model();
    let layout = model.register(register).and_then(|it| model.layout(it));
    let field = layout.and_then(|layout| layout.field(field));
    facts.rule(register, field.expect("it is in the small model"))
}

pub(crate) fn safety(facts: &Facts, register: &str, field: &str) -> Safety {
    rule(facts, register, field).safety
}

pub(crate) fn place(register: &str, field: &str) -> Place {
    Place {
        register: register.to_owned(),
        field: field.to_owned(),
    }
}

pub(crate) fn feature_names(facts: &Facts) -> Vec<&str> {
    facts.features().map(|feature| feature.name).collect()
}
