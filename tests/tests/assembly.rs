//! Release code of the macro's types, compared with shifts and masks written by hand.
//!
//! The test for arm64 fails without a compiler for it.

#![allow(
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod small_crate;

use idreg_tests::artifacts::cache::Cache;
use idreg_tests::artifacts::toolchain::Toolchain;
use small_crate::SmallCrate;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const X86_64: &str = "x86_64-unknown-linux-gnu";

/// Directory of the small crates, the same as in `small_crate`.
const CRATES: &str = env!("CARGO_TARGET_TMPDIR");

#[test]
fn x86_64_instructions_are_those_of_shifts_and_masks() {
    // A machine of that architecture has the target, or the build fails with the cause.
    if !cfg!(target_arch = "x86_64") && !is_installed(X86_64) {
        // The test harness captures println!.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: the target {X86_64} is not installed"
        );
        return;
    }
    compare("assembly-x86-64", X86_64, |_| {});
}

#[test]
fn arm64_instructions_are_those_of_shifts_and_masks() {
    let cache = Cache::of_user().unwrap_or_else(|error| panic!("{error}"));
    let toolchain = Toolchain::cached(&cache).unwrap_or_else(|error| panic!("{error}"));
    let toolchain = toolchain.expect("no compiler for arm64 is set up: run `cargo xtest`");
    compare("assembly-arm64", toolchain.target(), |cargo| {
        toolchain.configure(cargo);
    });
}

fn is_installed(target: &str) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", target]);
    let output = rustc.output().expect("rustc starts");
    let folder = String::from_utf8(output.stdout).expect("text");
    output.status.success() && Path::new(folder.trim()).is_dir()
}

/// Compiles the pairs in a crate of this name and compares the code of each.
fn compare(name: &str, target: &str, configure: impl FnOnce(&mut Command)) {
    let small_crate = SmallCrate::new(name, "");
    small_crate.write("src/lib.rs", include_str!("assembly/shapes.rs"));
    small_crate.write("src/shapes.sysreg", include_str!("assembly/shapes.sysreg"));
    let file: PathBuf = Path::new(CRATES).join(name).join("shapes.s");
    let emit = format!("--emit=asm={}", file.display());
    // Each codegen unit has a file of its own; one holds all code.
    let options = ["--", &emit, "-Ccodegen-units=1"];
    let arguments = [&["rustc", "--release", "--target", target][..], &options].concat();
    let mut cargo = small_crate.command(&arguments);
    configure(&mut cargo);
    let build = cargo.output().expect("cargo starts");
    let shown = String::from_utf8_lossy(&build.stderr);
    assert!(build.status.success(), "{shown}");

    let text = fs::read_to_string(file).expect("the compiler has written it");
    let functions = functions(&text);
    let pairs = pairs(&functions);
    assert!(!pairs.is_empty(), "no pairs in:\n{text}");
    for (name, typed, hand) in pairs {
        assert!(
            typed == hand,
            "{name} on {target}, with types:\n{typed}by hand:\n{hand}"
        );
    }
}

/// The instructions of each function, by its name.
fn functions(text: &str) -> BTreeMap<&str, String> {
    let mut functions = BTreeMap::new();
    let mut aliases = Vec::new();
    let mut current = None;
    for line in text.lines().map(str::trim) {
        if let Some(names) = alias(line) {
            aliases.push(names);
        } else if line.starts_with(".Lfunc_end") {
            current = None;
        } else if let Some(name) = line.strip_suffix(':').filter(|name| is_paired(name)) {
            current = Some(name);
        } else if let Some(name) = current
            && (line.starts_with(".LBB") || !line.starts_with('.'))
        {
            let instructions: &mut String = functions.entry(name).or_default();
            *instructions += &["    ", &without_function(line), "\n"].concat();
        }
    }
    for (name, other) in aliases {
        let instructions = functions.get(other).expect("an alias of a function");
        functions.insert(name, instructions.clone());
    }
    functions
}

/// Names of an alias and of the function whose code it shares, or `None`.
fn alias(line: &str) -> Option<(&str, &str)> {
    let (name, other) = match line.strip_prefix(".set") {
        Some(names) => names.split_once(',')?,
        None => line.split_once(" = ")?,
    };
    Some((name.trim(), other.trim())).filter(|(name, _)| is_paired(name))
}

fn is_paired(name: &str) -> bool {
    name.starts_with("typed_") || name.starts_with("hand_")
}

/// A line without the function's number in its labels, such as `.LBB7_1`.
fn without_function(line: &str) -> String {
    let mut parts = line.split(".LBB");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |line, part| {
        let label = part.trim_start_matches(|c: char| c.is_ascii_digit());
        line + ".L" + label
    })
}

/// The name of each pair, the code with types and the code by hand.
fn pairs<'t>(functions: &'t BTreeMap<&str, String>) -> Vec<(&'t str, &'t str, &'t str)> {
    let typed = functions.iter().filter_map(|(name, instructions)| {
        let name = name.strip_prefix("typed_")?;
        let hand = functions.get(format!("hand_{name}").as_str());
        let hand = hand.unwrap_or_else(|| panic!("no code of {name} by hand"));
        Some((name, instructions.as_str(), hand.as_str()))
    });
    let pairs: Vec<_> = typed.collect();
    assert_eq!(pairs.len() * 2, functions.len(), "each is one of a pair");
    pairs
}
