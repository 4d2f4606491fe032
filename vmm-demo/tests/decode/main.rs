//! `idreg decode`: what it prints for each line that it knows, and for others.

use expect_test::expect_file;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const HOST: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/data/hosts/neoverse-n1-latest.json"
);
const LINES: &str = include_str!("lines.txt");

/// The standard output, the standard error and the exit code.
fn decode(arguments: &[&str], input: &[u8]) -> (String, String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_idreg"))
        .arg("decode")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // With arguments it reads nothing.
    let _unread = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

fn stdout(arguments: &[&str]) -> String {
    let (stdout, stderr, code) = decode(arguments, b"");
    assert_eq!((stderr.as_str(), code), ("", Some(0)));
    stdout
}

#[test]
fn each_line_is_explained() {
    assert!(LINES.lines().count() > 90);
    let mut all = String::new();
    for line in LINES.lines() {
        let (stdout, stderr, code) = decode(&[line], b"");
        assert_eq!(stderr, "", "{line}");
        let code = code.expect("an exit code");
        // Writing to a String cannot fail.
        let _ = write!(all, "$ idreg decode '{line}'  # {code}\n{stdout}\n");
    }
    expect_file!["expected/lines.txt"].assert_eq(&all);
}

#[test]
fn a_host_says_what_it_allows() {
    let mut all = String::new();
    for line in [
        "Could not set register op0:3 op1:0 crn:0 crm:6 op2:0 to 1221111110212120 (is 0)",
        "Failed to set register 0x603000000013c03a to value 0x0211222110102011: Invalid argument",
        "SYSREG_ID_AA64PFR0_EL1_SVE=1",
        "ID_AA64PFR1_EL1",
        "0x6030000000140000=0x10003",
        "load of migration failed: Invalid argument",
    ] {
        let text = stdout(&["--host", HOST, line]);
        let _ = write!(
            all,
            "$ idreg decode --host neoverse-n1.json '{line}'\n{text}\n"
        );
    }
    expect_file!["expected/host.txt"].assert_eq(&all);
}

#[test]
fn json_has_what_the_text_has() {
    let line = "Could not set register op0:3 op1:0 crn:0 crm:7 op2:2 to 211 (is 11)";
    expect_file!["expected/line.json"].assert_eq(&stdout(&["--json", "--host", HOST, line]));
    let (text, _, code) = decode(&["--json"], LINES.as_bytes());
    let report: Value = serde_json::from_str(&text).expect("one JSON object");
    assert_eq!(code, Some(0));
    assert_eq!(report.get("schema"), Some(&"idreg-decode/1".into()));
    let lines = report
        .get("lines")
        .and_then(Value::as_array)
        .expect("lines");
    assert_eq!(lines.len(), LINES.lines().count());
    let unknown = lines
        .iter()
        .filter(|line| line.get("event") == Some(&Value::Null));
    assert_eq!(
        report.get("unrecognized").and_then(Value::as_u64),
        Some(unknown.count() as u64)
    );
}

#[test]
fn lines_that_are_not_recognized_are_reported() {
    let (stdout, stderr, code) = decode(&[], b"hello\nID_AA64PFR9_EL1=1\n\n");
    assert_eq!(
        stdout,
        "hello: not recognised\n\n\
         ID_AA64PFR9_EL1=1: not recognised; did you mean ID_AA64PFR2_EL1?\n"
    );
    assert_eq!((stderr.as_str(), code), ("", Some(1)));
    let (_, _, code) = decode(&[], b"hello\nMIDR_EL1=1\n");
    assert_eq!(code, Some(0));
}

#[test]
fn nothing_to_decode_is_an_error() {
    let (stdout, stderr, code) = decode(&[], b"\n \n");
    assert_eq!(stdout, "");
    assert_eq!(
        stderr,
        "error: no line to decode; write it as an argument or to the standard input\n"
    );
    assert_eq!(code, Some(1));
}

#[test]
fn arguments_are_one_line_if_they_make_one() {
    let one = stdout(&["op0:3", "op1:0", "crn:0", "crm:4", "op2:0"]);
    assert_eq!(one, stdout(&["op0:3 op1:0 crn:0 crm:4 op2:0"]));
    let two = stdout(&["ID_AA64PFR0_EL1=0x11", "ID_AA64PFR1_EL1=0x20"]);
    let [first, second] = [
        stdout(&["ID_AA64PFR0_EL1=0x11"]),
        stdout(&["ID_AA64PFR1_EL1=0x20"]),
    ];
    assert_eq!(two, format!("{first}\n{second}"));
    let lines = stdout(&["ID_AA64PFR0_EL1=0x11\nID_AA64PFR1_EL1=0x20"]);
    assert_eq!(lines, two);
}

#[test]
fn long_lines_and_other_bytes_do_not_matter() {
    let mut input = vec![b'x'; 8 << 20];
    input.extend(b"\nMIDR_EL1=0x1\r\n\xff\xfe\x1b[31m\0\nMIDR_EL1=0x2");
    let started = Instant::now();
    let (stdout, stderr, code) = decode(&[], &input);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!((stderr.as_str(), code), ("", Some(0)));
    assert_eq!(stdout.matches("MIDR_EL1").count(), 2, "{stdout}");
    let is_shown = |character: char| character == '\n' || !character.is_control();
    assert!(stdout.chars().all(is_shown));
    let longest = stdout.lines().map(str::len).max();
    assert!(longest < Some(200), "{longest:?}");
}

#[test]
fn a_host_file_must_be_usable() {
    let (stdout, stderr, code) = decode(&["--host", "/nonexistent", "MIDR_EL1"], b"");
    assert_eq!((stdout.as_str(), code), ("", Some(2)));
    assert!(stderr.contains("cannot use the host file"), "{stderr}");
}
