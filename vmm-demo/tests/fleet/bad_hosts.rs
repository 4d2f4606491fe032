//! Host files that cannot be used: each is named, and the others are processed.

use crate::hosts::{HOSTS, idreg_in, text};
use serde_json::Value;
use std::fs;
use std::path::Path;

const GOOD: &str = "neoverse-n1-latest.json";

/// A host file with another value at a place.
fn edited(place: &str, value: Value) -> Vec<u8> {
    let file = fs::read_to_string(Path::new(HOSTS).join(GOOD)).expect(GOOD);
    let mut host: Value = serde_json::from_str(&file).expect("JSON");
    *host.pointer_mut(place).expect(place) = value;
    host.to_string().into_bytes()
}

/// Unusable documents with a part of the message about each.
fn documents() -> Vec<(Vec<u8>, &'static str)> {
    let utf16: Vec<u8> = "{\"schema\"".bytes().flat_map(|byte| [byte, 0]).collect();
    let good = fs::read(Path::new(HOSTS).join(GOOD)).expect(GOOD);
    let half = good[..good.len() / 2].to_vec();
    let two = [good.as_slice(), b"x"].concat();
    vec![
        (Vec::new(), "EOF while parsing a value"),
        (b"{}".to_vec(), "missing field `schema`"),
        (b"[]".to_vec(), "invalid type: sequence"),
        (b"null".to_vec(), "invalid type: null"),
        (b"\x00\x01\x02".to_vec(), "UTF-16"),
        (b"\xff\xfe{".to_vec(), "UTF-16"),
        (utf16, "UTF-16"),
        (b"\xef\xbb\xbf{}".to_vec(), "byte order mark"),
        (vec![b' '; (4 << 20) + 1], "longer than 4 MiB"),
        (half, "EOF while parsing"),
        (two, "trailing characters"),
        (edited("/schema", "idreg-host/2".into()), "schema"),
        (edited("/schema", "idreg-view/1".into()), "schema"),
        (
            edited("/registers/MIDR_EL1/value", 1.into()),
            "register MIDR_EL1",
        ),
        (
            edited("/registers/MIDR_EL1/value", "0xg".into()),
            "register MIDR_EL1",
        ),
        (
            edited("/registers/CTR_EL0", Value::Null),
            "register CTR_EL0",
        ),
        (edited("/vcpu/sve", "on".into()), "vcpu.sve"),
        (edited("/timer_frequency", (-1).into()), "timer_frequency"),
    ]
}

#[test]
fn each_unusable_file_is_named_and_the_others_are_used() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::copy(
        Path::new(HOSTS).join(GOOD),
        directory.path().join("good.json"),
    )
    .expect("a copy");
    let documents = documents();
    for (number, (bytes, _)) in documents.iter().enumerate() {
        fs::write(directory.path().join(format!("{number:02}.json")), bytes).expect("a file");
    }
    let output = idreg_in(directory.path(), &["baseline", "--keep-going", "."]);
    assert_eq!(output.status.code(), Some(2));
    let (out, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(
        out.starts_with("The greatest CPU model for 1 host of 1 kind\n"),
        "{out}"
    );
    let errors: Vec<&str> = errors.lines().collect();
    assert_eq!(errors.len(), documents.len(), "{errors:#?}");
    for ((number, (_, part)), error) in documents.iter().enumerate().zip(errors) {
        let start = format!("error: cannot use the host file `./{number:02}.json`: ");
        assert!(
            error.starts_with(&start) && error.contains(part),
            "{part}: {error}"
        );
    }
}

#[test]
fn first_unusable_file_ends_a_comparison_or_a_baseline() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    fs::copy(Path::new(HOSTS).join(GOOD), path.join("good.json")).expect("a copy");
    for (bytes, part) in documents() {
        fs::write(path.join("bad.json"), bytes).expect("a file");
        for arguments in [
            &["compare", "good.json", "bad.json"][..],
            &["compare", "bad.json", "good.json"],
            &["baseline", "good.json", "bad.json", "gone.json"],
            &["baseline", "good.json", "--add", "bad.json"],
        ] {
            let output = idreg_in(path, arguments);
            let error = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{error}");
            assert!(output.stdout.is_empty());
            assert!(
                error.starts_with("error: cannot use the host file `bad.json`: "),
                "{error}"
            );
            assert!(error.contains(part), "{part}: {error}");
        }
    }
}

#[test]
fn places_without_hosts_are_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    fs::create_dir(path.join("empty")).expect("a directory");
    fs::write(path.join("empty/host.txt"), "{}").expect("a file");
    for (place, part) in [
        ("gone.json", "No such file or directory"),
        ("gone/", "No such file or directory"),
        ("empty", "the directory has no file `*.json`"),
        ("empty/host.txt/x", "Not a directory"),
    ] {
        let output = idreg_in(path, &["baseline", place]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.contains(&format!("`{place}`")) && error.contains(part),
            "{error}"
        );
    }
    let output = idreg_in(path, &["baseline"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn line_without_end_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = fs::read_to_string(Path::new(HOSTS).join(GOOD)).expect(GOOD);
    let host: Value = serde_json::from_str(&file).expect("JSON");
    let lines = format!("{host}\n{}\n{host}\n", " {".repeat(5 << 20));
    fs::write(directory.path().join("lines.json"), lines).expect("a file");
    let output = idreg_in(
        directory.path(),
        &["baseline", "--keep-going", "lines.json"],
    );
    assert_eq!(
        text(&output.stderr),
        "error: cannot use the host file `lines.json:2`: the line is longer than 4 MiB: not a \
         host; the lines after it are not read\n"
    );
    assert!(text(&output.stdout).starts_with("The greatest CPU model for 1 host of 1 kind\n"));
}

#[test]
fn failed_command_with_json_prints_the_failure() {
    let directory = tempfile::tempdir().expect("a directory");
    for arguments in [
        &["baseline", "--json", "gone.json"][..],
        &["compare", "--json", "gone.json", "gone.json"],
    ] {
        let output = idreg_in(directory.path(), arguments);
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let error = report["error"].as_str().expect("text");
        assert!(
            error.starts_with("cannot use the host file `gone.json`"),
            "{error}"
        );
        assert_eq!(output.status.code(), Some(2));
    }
}

/// A name from a directory can hold anything but `/`.
#[test]
#[cfg(unix)]
fn names_of_files_cannot_control_the_terminal() {
    let directory = tempfile::tempdir().expect("a directory");
    let name = "a\x1b[31m\nb.json";
    fs::copy(Path::new(HOSTS).join(GOOD), directory.path().join(name)).expect("a copy");
    let other = "cortex-a76-latest.json";
    fs::copy(Path::new(HOSTS).join(other), directory.path().join(other)).expect("a copy");
    for arguments in [
        &["baseline", "."][..],
        &["baseline", "--drop-worst", "1", "."],
        &["baseline", "--explain", "SYSREG_CTR_EL0_IDC", "."],
        &["baseline", "--add", name, other],
        &["compare", name, other],
    ] {
        let output = idreg_in(directory.path(), arguments);
        let shown = text(&output.stdout);
        assert!(shown.contains(r"a\u{1b}[31m\nb.json"), "{shown}");
        assert!(!shown.contains('\x1b'), "{shown}");
    }
}
