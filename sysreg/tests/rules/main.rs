//! Every rule: a description that breaks it, and the diagnostics.

#![allow(
    clippy::needless_raw_string_hashes,
    reason = "UPDATE_EXPECT=1 writes them"
)]

mod bits;
mod names;
mod sources;
mod structure;
mod targets;
mod values;

use expect_test::{Expect, expect};
use std::fmt::Write;
use sysreg::{Loaded, Rule, Source, load, render};

/// Loads a description that breaks only `rule`, and compares its diagnostics.
fn check(rule: Rule, text: &str, expected: &Expect) {
    let (source, loaded) = load_text(text);
    for diagnostic in &loaded.diagnostics {
        assert_eq!(diagnostic.rule, rule, "{diagnostic}");
    }
    expected.assert_eq(&rendered(&source, &loaded));
}

fn load_text(text: &str) -> (Source, Loaded) {
    let source = Source::new("test.sysreg", text).expect("a test's text is small");
    let loaded = load(&source);
    (source, loaded)
}

/// Renders all diagnostics.
///
/// Repetitions are abbreviated, because a shown line may be wider than the lines of these files.
fn rendered(source: &Source, loaded: &Loaded) -> String {
    let shown = loaded
        .diagnostics
        .iter()
        .fold(String::new(), |mut out, diagnostic| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{}", render(source, diagnostic));
            out
        });
    ["A", "1", "-", "^"].into_iter().fold(shown, |shown, text| {
        shown.replace(&text.repeat(60), &format!("<60 x {text:?}>"))
    })
}

/// Rules for users of the model; this crate itself never reports them.
const NOT_OF_THIS_CRATE: [Rule; 1] = [Rule::NameCollision];

#[test]
fn every_rule_has_a_test_of_its_name() {
    let tests = [
        include_str!("bits.rs"),
        include_str!("names.rs"),
        include_str!("structure.rs"),
        include_str!("targets.rs"),
        include_str!("values.rs"),
    ]
    .concat();
    for rule in Rule::ALL {
        let name = rule.name().replace('-', "_");
        let tested = tests.contains(&format!("fn {name}() {{"));
        let expected = !NOT_OF_THIS_CRATE.contains(rule);
        assert_eq!(tested, expected, "{}", rule.name());
    }
}

#[test]
fn all_errors_of_a_file_are_reported_at_once() {
    let (source, loaded) = load_text(
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0\n\
         EndSysreg\n\
         Sysreg B 3 0 0 0 9\n\
         Field 63:1 X\n\
         EndSysreg\n\
         EndEnum\n",
    );
    expect![[r#"
        `Field` has 1 word after it where 2 are expected
          at test.sysreg:2:1
            |
          2 | Field 63:0
            | ^^^^^^^^^^
          note: the form is `Field msb[:lsb] name`
        B: `9` is no op2; allowed: 0 to 7
          at test.sysreg:4:18
            |
          4 | Sysreg B 3 0 0 0 9
            |                  ^
        B: bit 0 is not described
          at test.sysreg:6:1
            |
          6 | EndSysreg
            | ^^^^^^^^^
          note: the entry above ends at bit 1, at test.sysreg:5:7
        `EndEnum` closes nothing outside any block
          at test.sysreg:7:1
            |
          7 | EndEnum
            | ^^^^^^^
    "#]]
    .assert_eq(&rendered(&source, &loaded));
}

#[test]
fn a_broken_register_leaves_the_others_in_the_model() {
    let (_, loaded) = load_text(
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0 X\n\
         EndSysreg\n\
         Sysreg B 3 0 0 0 1\n\
         Field 63:1 X\n\
         EndSysreg\n\
         SysregFields F\n\
         Field 63:0 X\n\
         EndSysregFields\n\
         Sysreg C 3 0 0 0 2\n\
         Fields F\n\
         EndSysreg\n\
         Sysreg D 3 0 0 0 3\n\
         Mapping B\n\
         EndSysreg\n",
    );
    assert_eq!(loaded.diagnostics.len(), 1);
    let model = &loaded.model;
    let registers: Vec<_> = model
        .registers()
        .map(|register| (register.name(), model.layout(register).is_some()))
        .collect();
    assert_eq!(registers, [("A", true), ("C", true), ("D", false)]);
}
