//! The corpora of the fuzz targets in `tests/fuzz`, read without a fuzzer.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]
#![allow(unreachable_pub, reason = "the library of another package")]

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::TARGETS;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// The entries of a folder below `tests/fuzz`.
fn entries(folder: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from("fuzz").join(folder);
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

/// The names of files or folders, without their extensions.
fn names(folder: &str) -> BTreeSet<String> {
    let paths = entries(folder);
    let names = paths.iter().filter_map(|path| path.file_stem()?.to_str());
    names.map(str::to_owned).collect()
}

#[test]
fn every_target_has_a_program_and_a_corpus() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("corpus"), targets);
}

#[test]
fn corpora_obey_the_rules() {
    for (name, target) in TARGETS {
        let inputs = entries(&format!("corpus/{name}"));
        assert!(!inputs.is_empty(), "{name}");
        for input in inputs {
            // On failure the last of these lines names the input.
            println!("{}", input.display());
            target(&fs::read(&input).expect("a file"));
        }
    }
}
