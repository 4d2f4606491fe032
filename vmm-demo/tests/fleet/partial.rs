//! `baseline --partial` and `--merge`: parts of a fleet, and their common model.

use crate::hosts::{HOSTS, idreg_in, json, text};
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Hosts of five kinds, of which the last shares no model with the others.
const FLEET: [&str; 5] = [
    "cortex-a55-latest.json",
    "cortex-a76-latest.json",
    "cortex-a76-lts.json",
    "neoverse-n1-latest.json",
    "neoverse-v1-latest.json",
];

/// A directory with the recorded hosts in `hosts`.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("hosts")).expect("a directory");
    for name in FLEET {
        let to = directory.path().join("hosts").join(name);
        fs::copy(Path::new(HOSTS).join(name), to).expect("a copy");
    }
    directory
}

fn succeeds(directory: &Path, arguments: &[&str]) {
    let output = idreg_in(directory, arguments);
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), error.as_str()), (Some(0), ""));
}

/// Writes a part of the fleet with these hosts to a file.
fn part(directory: &Path, file: &str, hosts: &[&str]) {
    let hosts: Vec<String> = hosts.iter().map(|host| format!("hosts/{host}")).collect();
    let mut arguments = vec!["baseline", "--partial", "-o", file];
    arguments.extend(hosts.iter().map(String::as_str));
    succeeds(directory, &arguments);
}

/// Runs the program with this standard input.
fn with_input(directory: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_idreg"))
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("a child")
}

#[test]
fn merged_parts_answer_as_the_whole_fleet() {
    let directory = directory();
    let path = directory.path();
    fs::create_dir(path.join("parts")).expect("a directory");
    part(path, "parts/1.json", &[FLEET[4], FLEET[0]]);
    part(path, "parts/2.json", &[FLEET[2]]);
    part(path, "parts/3.json", &[FLEET[3], FLEET[1]]);
    succeeds(
        path,
        &[
            "baseline",
            "--partial",
            "-o",
            "12.json",
            "--merge",
            "parts/2.json",
            "parts/1.json",
        ],
    );
    let field = "SYSREG_ID_AA64MMFR2_EL1_IDS";
    for question in [
        &[][..],
        &["--json"],
        &["--tolerate", "el2", "--json"],
        &["--drop-worst", "1"],
        &[
            "--drop-worst",
            "1",
            "--impl-cpu",
            "--guest",
            "linux-5.10",
            "--json",
        ],
        &[
            "--drop-worst",
            "1",
            "--midr",
            "hosts/neoverse-n1-latest.json",
        ],
        &["--explain", field, "--json"],
        &["--add", "hosts/cortex-a55-latest.json"],
        &["--coverage"],
        &["--coverage", "--json"],
        &["--partial"],
    ] {
        let ask = |place: &[&str]| idreg_in(path, &[&["baseline"], question, place].concat());
        let whole = ask(&["hosts"]);
        assert!(!whole.stdout.is_empty() || !whole.stderr.is_empty());
        for merged in [
            &["--merge", "parts"][..],
            &["--merge", "parts/3.json", "12.json"],
            &["--merge", "12.json", "--merge", "parts/3.json"],
        ] {
            assert_eq!(ask(merged), whole, "{question:?} {merged:?}");
        }
    }
}

#[test]
fn hosts_are_added_to_merged_ones() {
    let directory = directory();
    let path = directory.path();
    part(path, "part.json", &FLEET[..2]);
    let both = idreg_in(
        path,
        &[
            "baseline",
            "hosts/neoverse-n1-latest.json",
            "--merge",
            "part.json",
        ],
    );
    let heading = "The greatest CPU model for 3 hosts of 3 kinds\n";
    assert!(text(&both.stdout).starts_with(heading), "{both:?}");
}

/// Each partition of Spark's `pipe` is one standard input, and its output one line.
#[test]
fn fleets_of_lines_are_merged_from_the_standard_input() {
    let directory = directory();
    let path = directory.path();
    let line = |name: &str| {
        let file = fs::read_to_string(path.join("hosts").join(name)).expect(name);
        let host: Value = serde_json::from_str(&file).expect("JSON");
        format!("{host}\n")
    };
    let partial = |input: &str| {
        let output = with_input(path, &["baseline", "--partial", "-"], input.as_bytes());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(text(&output.stdout).lines().count(), 1);
        text(&output.stdout)
    };
    let empty = partial("");
    assert_eq!(empty, "{\"schema\":\"idreg-fleet/1\",\"kinds\":[]}\n");
    let parts = [
        partial(&line(FLEET[0])),
        empty,
        partial(&(line(FLEET[1]) + &line(FLEET[3]))),
    ];
    let merge = |parts: &[String]| {
        with_input(
            path,
            &["baseline", "--merge", "-"],
            parts.concat().as_bytes(),
        )
    };
    let merged = merge(&parts);
    let heading = "The greatest CPU model for 3 hosts of 3 kinds\n";
    assert!(text(&merged.stdout).starts_with(heading), "{merged:?}");
    let [a, b, c] = parts;
    assert_eq!(merge(&[c, a, b]), merged);
}

#[test]
fn unusable_fleet_files_are_named() {
    let directory = directory();
    let path = directory.path();
    part(path, "good.json", &FLEET[..2]);
    let good = fs::read_to_string(path.join("good.json")).expect("a file");
    let good_line = good.trim_end();
    for (bad, part) in [
        (String::new(), "it is empty"),
        (
            good_line[..good_line.len() / 2].to_owned(),
            "EOF while parsing",
        ),
        (
            good.replace("fleet/1", "fleet/2"),
            "`idreg-fleet/2` is newer than `idreg-fleet/1`",
        ),
        (good.replace("fleet/1", "host/1"), "not a fleet file"),
        (
            good.replace("\"count\":1", "\"count\":0"),
            "`kinds[0]`: `count` is 0",
        ),
        (format!("{good}{{}}"), "missing field `schema`"),
        (good.replace("0x", "0y"), "is not a number"),
        ("\u{feff}".to_owned() + &good, "expected value"),
    ] {
        fs::write(path.join("bad.json"), bad).expect("a file");
        let output = idreg_in(path, &["baseline", "--merge", "good.json", "bad.json"]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        let start = "error: cannot use the fleet file `bad.json`: ";
        assert!(
            error.starts_with(start) && error.contains(part),
            "{part}: {error}"
        );
        assert_eq!(error.lines().count(), 1);

        let merge = [
            "baseline",
            "--keep-going",
            "--merge",
            "bad.json",
            "gone.json",
            "good.json",
        ];
        let output = idreg_in(path, &merge);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stderr).lines().count(), 2);
        assert!(text(&output.stdout).starts_with("The greatest CPU model for"));
    }
}

#[test]
fn a_host_may_join_if_it_costs_nothing() {
    let directory = directory();
    let path = directory.path();
    part(
        path,
        "fleet.json",
        &["cortex-a55-latest.json", "cortex-a76-latest.json"],
    );
    let add = |host: &str| {
        json(
            path,
            &["baseline", "--json", "--merge", "fleet.json", "--add", host],
        )
    };
    let (report, code) = add("hosts/cortex-a55-latest.json");
    assert_eq!((&report["unchanged"], code), (&json!(true), Some(0)));
    let host = fs::read(path.join("hosts/cortex-a76-latest.json")).expect("a host");
    let arguments = ["baseline", "--merge", "fleet.json", "--add", "-"];
    assert_eq!(with_input(path, &arguments, &host).status.code(), Some(0));
    let arguments = ["compare", "-", "hosts/cortex-a76-latest.json"];
    assert_eq!(with_input(path, &arguments, &host).status.code(), Some(0));
    let (report, code) = add("hosts/neoverse-v1-latest.json");
    assert_eq!((&report["unchanged"], code), (&json!(false), Some(1)));
    assert_eq!(report["common_model"], false);

    let file = fs::read_to_string(path.join("hosts/cortex-a55-latest.json")).expect("a host");
    let mut smaller: Value = serde_json::from_str(&file).expect("JSON");
    smaller["physical_address_bits"] = 36.into();
    fs::write(path.join("smaller.json"), smaller.to_string()).expect("a file");
    let mut larger = smaller.clone();
    larger["physical_address_bits"] = 40.into();
    fs::write(path.join("larger.json"), larger.to_string()).expect("a file");
    succeeds(
        path,
        &["baseline", "--partial", "-o", "fleet.json", "larger.json"],
    );
    let (report, code) = add("smaller.json");
    let machine = json!([{
        "property": "physical-address-bits",
        "remedy": "equal with VMs of at most 36 bits",
    }]);
    assert_eq!((&report["machine"], code), (&machine, Some(1)));
    assert_eq!(
        (&report["fields"], &report["common_model"]),
        (&json!([]), &json!(true))
    );
}

#[test]
fn coverage_follows_the_weights_of_hosts() {
    let directory = directory();
    let path = directory.path();
    let weights = "hosts/cortex-a55-latest.json 10\n\nhosts/neoverse-v1-latest.json\t 90 \n\
                   hosts/elsewhere.json 5\n";
    fs::write(path.join("guests.txt"), weights).expect("a file");
    let arguments = [
        "baseline",
        "--coverage",
        "--json",
        "--weights",
        "guests.txt",
    ];
    let hosts = [
        "hosts/cortex-a55-latest.json",
        "hosts/neoverse-v1-latest.json",
    ];
    let (report, code) = json(path, &[&arguments[..], &hosts].concat());
    assert_eq!(code, Some(1));
    let last = &report["coverage"][1];
    assert_eq!((&last["hosts"], &last["share"]), (&json!(1), &json!(0.9)));
    assert_eq!(last["left_out"], json!(["hosts/cortex-a55-latest.json"]));

    let output = idreg_in(
        path,
        &[
            "baseline",
            "--partial",
            "-o",
            "fleet.json",
            "--weights",
            "guests.txt",
            "hosts",
        ],
    );
    assert_eq!(
        text(&output.stderr),
        "warning: hosts/cortex-a76-latest.json and 2 more: not in the file of weights, so of \
         weight 0\n"
    );
    let (report, _) = json(
        path,
        &["baseline", "--coverage", "--json", "--merge", "fleet.json"],
    );
    let steps = report["coverage"].as_array().expect("a list").iter();
    let shares: Vec<&Value> = steps.map(|step| &step["share"]).collect();
    assert_eq!(
        shares,
        [
            &json!(1.0),
            &json!(0.1),
            &json!(0.1),
            &json!(0.1),
            &json!(0.1)
        ]
    );
}

#[test]
fn unusable_weights_are_named() {
    let directory = directory();
    let path = directory.path();
    for (weights, message) in [
        (
            "a.json 1\nb.json\n",
            "line 2: `b.json` is not a name and a whole number, such as",
        ),
        ("a.json 1.5\n", "line 1: `a.json 1.5` is not a name"),
        ("a.json -1\n", "line 1: `a.json -1` is not a name"),
        (
            "a b.json 1\na b.json 2\n",
            "line 2: `a b.json` has a weight already; keep one",
        ),
    ] {
        fs::write(path.join("weights.txt"), weights).expect("a file");
        let output = idreg_in(
            path,
            &[
                "baseline",
                "--coverage",
                "--weights",
                "weights.txt",
                "hosts",
            ],
        );
        let error = text(&output.stderr);
        let start = "error: cannot use the file of weights `weights.txt`: ";
        assert!(error.starts_with(&(start.to_owned() + message)), "{error}");
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn a_part_is_no_question_about_the_model() {
    let directory = directory();
    for arguments in [
        &["--partial", "--json"][..],
        &["--partial", "--coverage"],
        &["--partial", "--midr", "first"],
        &["-o", "fleet.json"],
    ] {
        let output = idreg_in(
            directory.path(),
            &[&["baseline", "hosts"], arguments].concat(),
        );
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let output = idreg_in(directory.path(), &["baseline", "--partial", "--merge"]);
    assert_eq!(output.status.code(), Some(2));
}
