//! `include_sysreg!` in user code: cases that compile, and the errors of mistakes.

mod small_crate;

use small_crate::SmallCrate;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use sysreg::{MAX_BYTES, Rule, Source};

/// First words of the names of cases that fail to compile.
const FAILING: [&str; 6] = ["errors", "file", "names", "options", "path", "rule"];

/// Rules whose violation is a warning, which a macro cannot report.
const NEVER_AN_ERROR: [Rule; 2] = [Rule::SharedEncoding, Rule::UnknownTarget];

const UI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ui");

/// The `.stderr` files hold the text of the pinned toolchain, see `rust-version`.
#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/ok_*.rs");
    for word in FAILING {
        cases.compile_fail(format!("ui/{word}_*.rs"));
    }
    let kernel = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/kernel/sysreg-7.2");
    if kernel.is_file() {
        cases.pass("ui/kernel_files.rs");
    } else {
        // The test harness captures println!.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: no kernel file `{}`",
            kernel.display()
        );
    }
}

/// Checks that each rule has a case whose description violates that rule alone.
#[test]
fn every_rule_has_a_case() {
    for rule in Rule::ALL {
        let never_an_error = NEVER_AN_ERROR.contains(rule);
        let prefix = if never_an_error { "ok" } else { "rule" };
        let case = format!("{prefix}_{}", rule.name().replace('-', "_"));
        let source = Source::new(&case, read(&format!("{case}.sysreg"))).expect("a short one");
        let found = sysreg::load_strict(&source).diagnostics;
        let found: Vec<Rule> = found.iter().map(|diagnostic| diagnostic.rule).collect();
        let expected: &[Rule] = match rule {
            // The grammar allows such names; only the macro rejects them.
            Rule::NameCollision => &[],
            _ => std::slice::from_ref(rule),
        };
        assert_eq!(found, expected, "{case}");
        if !never_an_error {
            check_place(&case);
        }
    }
    let cases = file_names().into_iter().filter(|name| {
        let case = name.strip_suffix(".rs");
        case.is_some_and(|case| case.starts_with("rule_"))
    });
    assert_eq!(cases.count(), Rule::ALL.len() - NEVER_AN_ERROR.len());
}

/// Checks that a case fails with one error, which names the place in the description.
fn check_place(case: &str) {
    let shown = read(&format!("{case}.stderr"));
    let errors = shown.lines().filter(|line| line.starts_with("error"));
    assert_eq!(errors.count(), 1, "{case}: {shown}");
    let file = format!("at $DIR/ui/{case}.sysreg:");
    let place = shown
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(&file));
    let (line, column) = place.and_then(|place| place.split_once(':')).expect(case);
    for number in [line, column] {
        assert!(number.parse::<u32>().is_ok(), "{case}: {number}");
    }
}

#[test]
fn every_file_belongs_to_a_case() {
    let names = file_names();
    let code: String = names
        .iter()
        .filter_map(|name| name.strip_suffix(".rs").map(|_| read(name)))
        .collect();
    let fails = |case: &str| {
        let word = case.split_once('_').map_or(case, |(word, _)| word);
        FAILING.contains(&word)
    };
    for name in &names {
        let belongs = match name.rsplit_once('.') {
            Some((case, "rs")) => fails(case) || case.starts_with("ok_") || case == "kernel_files",
            Some((case, "stderr")) => fails(case) && names.contains(&format!("{case}.rs")),
            Some((_, "sysreg")) => code.contains(&format!("\"{name}\"")),
            _ => name == ".gitattributes",
        };
        assert!(belongs, "{name}");
    }
}

fn file_names() -> BTreeSet<String> {
    std::fs::read_dir(UI)
        .expect("the cases")
        .map(|entry| entry.expect("a file of the cases").file_name())
        .map(|name| name.into_string().expect("a plain name"))
        .collect()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(UI).join(name)).expect(name)
}

/// Builds a crate, edits only its description, and builds again.
#[test]
fn edited_description_is_compiled_anew() {
    let small_crate = SmallCrate::new("edited-description", "");
    small_crate.write(
        "src/main.rs",
        "idreg_runtime::include_sysreg!(\"one.sysreg\");\n\
         fn main() { println!(\"{:#x}\", OneEl1::RES1); }\n",
    );
    for (entry, expected) in [("Res0", "0x0\n"), ("Res1", "0xffffffffffffffff\n")] {
        let description = format!("Sysreg ONE_EL1 3 0 0 0 1\n{entry} 63:0\nEndSysreg\n");
        small_crate.write("src/one.sysreg", description);
        let run = small_crate.cargo(&["run"]);
        let shown = String::from_utf8_lossy(&run.stdout);
        assert_eq!(shown, expected, "{}", String::from_utf8_lossy(&run.stderr));
    }
}

/// Builds its own description: 4 MiB are too large for a case of `ui`.
#[test]
fn description_over_the_limit_is_rejected() {
    let small_crate = SmallCrate::new("over-the-limit", "");
    small_crate.write(
        "src/lib.rs",
        "idreg_runtime::include_sysreg!(\"large.sysreg\");\n",
    );
    let mut large = b"Sysreg ONE_EL1 3 0 0 0 1\nField 63:0 X\nEndSysreg\n".to_vec();
    large.resize(MAX_BYTES, b'\n');
    small_crate.write("src/large.sysreg", &large);
    let check = small_crate.cargo(&["check"]);
    assert!(
        check.status.success(),
        "{}",
        String::from_utf8_lossy(&check.stderr)
    );

    large.push(b'\n');
    small_crate.write("src/large.sysreg", &large);
    let check = small_crate.cargo(&["check"]);
    let shown = String::from_utf8_lossy(&check.stderr);
    let expected = "error: cannot use `src/large.sysreg`: \
                    a description of more than 4194304 bytes is too large\n";
    assert!(shown.contains(expected), "{shown}");
    assert!(!check.status.success());
}
