//! Goldens of the emitted code: each `tests/expand/CASE.sysreg` expands to `CASE.expected.rs`.
//!
//! The code is expanded in this process and formatted with prettyplease. If the first line of a
//! description is `# options: only = [..]`, its call has these options. The `include_bytes!` that
//! makes the compiler track a file is left out: outside of a macro, a path has no directory.
//!
//! `UPDATE_EXPECT=1 cargo test -p idreg-macros goldens` rewrites all goldens. Read the difference
//! before you commit it: users see these items and their documentation.

use crate::expand::{facts, items};
use crate::input::Input;
use similar::TextDiff;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};
use sysreg::Source;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/expand");
const DESCRIPTION: &str = ".sysreg";
const GOLDEN: &str = ".expected.rs";
const REMEDY: &str = "UPDATE_EXPECT=1 cargo test -p idreg-macros goldens";

#[test]
fn emitted_code_equals_goldens() {
    let cases = cases(DESCRIPTION);
    assert!(!cases.is_empty(), "no descriptions in `{CASES}`");
    let differences: String = cases.iter().filter_map(|case| difference(case)).collect();
    assert!(
        differences.is_empty(),
        "the macro emits other code than expected:\n\n{differences}\n\
         if every difference is intended, rewrite the goldens: {REMEDY}"
    );
}

#[test]
fn every_golden_has_a_description() {
    let descriptions = cases(DESCRIPTION);
    for golden in cases(GOLDEN) {
        assert!(
            descriptions.contains(&golden),
            "`{golden}{GOLDEN}` has no description; remove it, or add `{golden}{DESCRIPTION}`"
        );
    }
}

/// The names of the files with this ending, without the ending.
fn cases(ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(CASES).expect("the folder of the cases");
    let names = entries.map(|entry| entry.expect("a case").file_name());
    let names = names.map(|name| name.into_string().expect("a name in UTF-8"));
    let cases = names.filter_map(|name| Some(name.strip_suffix(ending)?.to_owned()));
    cases.collect()
}

/// The difference between golden and emitted code, or `None` if there is none.
///
/// A missing golden is empty. With `UPDATE_EXPECT` the golden is rewritten.
fn difference(case: &str) -> Option<String> {
    let emitted = emitted(case);
    let golden = path(case, GOLDEN);
    if env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&golden, emitted).expect("a golden that can be written");
        return None;
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    let name = format!("tests/expand/{case}{GOLDEN}");
    (expected != emitted).then(|| {
        let lines = TextDiff::from_lines(&expected, &emitted);
        let mut unified = lines.unified_diff();
        unified.header(&name, "emitted").to_string()
    })
}

/// The formatted items of a description.
fn emitted(case: &str) -> String {
    let name = format!("{case}{DESCRIPTION}");
    let text = fs::read_to_string(path(case, DESCRIPTION)).expect(&name);
    let first_line = text.lines().next().unwrap_or_default();
    let options = first_line.strip_prefix("# options: ");
    let call = format!("\"{name}\", {}", options.unwrap_or_default());
    let input: Input = syn::parse_str(&call).expect(&call);
    let source = Source::new(&name, text).expect("a short description");
    let facts = facts::shipped().expect("the shipped facts");
    let file = syn::parse2(items(&input, &source, &facts)).expect(&name);
    prettyplease::unparse(&file)
}

fn path(case: &str, ending: &str) -> PathBuf {
    Path::new(CASES).join(format!("{case}{ending}"))
}
