//! `baseline`.

use crate::hosts::{HOSTS, idreg, idreg_in, json, text, transcript, with_masks};
use expect_test::expect_file;
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const N1_GROUP: [&str; 3] = [
    "cortex-a55-latest.json",
    "cortex-a76-latest.json",
    "neoverse-n1-latest.json",
];

fn shown(arguments: &[&str]) -> String {
    transcript(Path::new(HOSTS), &[&["baseline"], arguments].concat())
}

fn report(arguments: &[&str]) -> (Value, Option<i32>) {
    json(
        Path::new(HOSTS),
        &[&["baseline", "--json"], arguments].concat(),
    )
}

/// A directory with these files of the emulated hosts.
fn directory(names: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for name in names {
        fs::copy(Path::new(HOSTS).join(name), directory.path().join(name)).expect("a copy");
    }
    directory
}

#[test]
fn model_is_shown_once_with_its_form_for_each_host() {
    let text = shown(&[&N1_GROUP[..], &["--impl-cpu"]].concat());
    expect_file!["golden/baseline-n1.txt"].assert_eq(&text);
}

#[test]
fn options_and_vector_lengths_belong_to_the_model() {
    let text = shown(&["neoverse-n2-latest.json", "neoverse-v1-latest.json"]);
    expect_file!["golden/baseline-n2-v1.txt"].assert_eq(&text);
}

#[test]
fn one_host_has_its_own_model() {
    expect_file!["golden/baseline-one-host.txt"].assert_eq(&shown(&["cortex-a57-latest.json"]));
}

#[test]
fn equal_hosts_are_one_kind() {
    let a57 = "cortex-a57-latest.json";
    expect_file!["golden/baseline-equal-hosts.txt"]
        .assert_eq(&shown(&[a57, a57, a57, a57, a57, a57]));
}

#[test]
fn tolerated_fields_are_named() {
    let hosts = ["max-old.json", "max-latest.json"];
    let refused = shown(&hosts);
    let tolerated = shown(&[&["--tolerate", "el2"], &hosts[..]].concat());
    expect_file!["golden/baseline-tolerate.txt"].assert_eq(&(refused + "\n" + &tolerated));
}

#[test]
fn facts_of_real_machines_have_remedies() {
    let directory = tempfile::tempdir().expect("a directory");
    for name in [
        "graviton3-kvm-6.1.json",
        "graviton4-kvm-6.1.json",
        "graviton2-kvm-6.1.json",
    ] {
        with_masks(name, directory.path());
    }
    let text = transcript(directory.path(), &["baseline", "."]);
    expect_file!["golden/baseline-graviton.txt"].assert_eq(&text);
}

/// The lines of the model are those that `check` accepts, and its registers are those of the model.
#[test]
fn every_line_makes_the_registers_of_the_model() {
    for hosts in [
        &N1_GROUP[..],
        &[
            "neoverse-n2-latest.json",
            "neoverse-v1-latest.json",
            "cortex-a710-latest.json",
        ],
        &[
            "cortex-a35-latest.json",
            "cortex-a57-latest.json",
            "cortex-a72-latest.json",
        ],
    ] {
        let (baseline, code) = report(hosts);
        assert_eq!(code, Some(0));
        for entry in baseline["hosts"].as_array().expect("a list") {
            let [host, cpu] = ["host", "cpu"].map(|member| entry[member].as_str().expect("text"));
            let (mut plan, code) = json(
                Path::new(HOSTS),
                &["check", "--json", "--host", host, "--cpu", cpu],
            );
            assert_eq!(code, Some(0), "{host}");
            let expected = plan["expected"].as_object_mut().expect("registers");
            expected.remove("MPIDR_EL1");
            assert_eq!(plan["expected"], baseline["model"], "{host}");
        }
    }
}

#[test]
fn json_has_the_model_and_a_line_for_each_host() {
    let (report, code) = report(&["cortex-a35-latest.json", "cortex-a57-latest.json"]);
    assert_eq!(code, Some(0));
    assert_eq!(report["model"]["MIDR_EL1"], "0x00000000411fd040");
    assert_eq!(report["model"].get("MPIDR_EL1"), None);
    let options = json!({
        "sve": false, "pauth": false, "pmu": true, "mte": false, "aarch64": true, "el2": false,
    });
    assert_eq!(report["options"], options);
    let b = "host,midr=0x411fd040,SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x2,SYSREG_CTR_EL0_L1Ip=0x2";
    let b = json!({"host": "cortex-a57-latest.json", "cpu": b});
    assert_eq!(report["hosts"][1], b);
    let csv2 = json!([{"property": "SYSREG_ID_AA64PFR0_EL1_CSV2", "value": "0x0"}]);
    assert_eq!(report["mitigations"], csv2);
    for member in ["impossible", "tolerated", "inconsistent"] {
        assert_eq!(report[member], json!([]), "{member}");
    }
    let addresses = json!({
        "property": "physical-address-bits",
        "hosts_by_value": {
            "40": ["cortex-a35-latest.json"],
            "44": ["cortex-a57-latest.json"],
        },
        "remedy": "equal with VMs of at most 40 bits",
    });
    assert_eq!(report["machine"][0], addresses);
    assert_eq!(report["error"], Value::Null);
}

#[test]
fn json_without_a_model_has_the_hosts_on_each_side() {
    let hosts = ["max-old.json", "max-latest.json", "max-latest.json"];
    let (report, code) = report(&hosts);
    assert_eq!(code, Some(1));
    assert_eq!(
        (&report["model"], &report["options"]),
        (&Value::Null, &Value::Null)
    );
    let nv = json!([{
        "property": "SYSREG_ID_AA64MMFR2_EL1_NV",
        "hosts_by_value": {"0x0": [hosts[1], hosts[2]], "0x2": [hosts[0]]},
    }]);
    assert_eq!(report["impossible"], nv);
    let error = report["error"].as_str().expect("text");
    assert!(
        error.starts_with("these hosts have no CPU model in common"),
        "{error}"
    );
}

#[test]
fn cpu_of_the_model_can_be_chosen() {
    let hosts = ["cortex-a35-latest.json", "cortex-a57-latest.json"];
    for (midr, expected) in [
        ("first", "0x00000000411fd040"),
        (hosts[1], "0x00000000411fd070"),
        ("0x410fd0b1", "0x00000000410fd0b1"),
    ] {
        let (report, code) = report(&[&["--midr", midr], &hosts[..]].concat());
        assert_eq!(code, Some(0), "{midr}");
        assert_eq!(report["model"]["MIDR_EL1"], expected);
    }
}

#[test]
fn model_for_an_old_guest_is_lower() {
    let (report, code) = report(&["--guest", "linux-5.10", "max-latest.json"]);
    assert_eq!(code, Some(0));
    let cpu = "host,SYSREG_ID_AA64MMFR0_EL1_TGRAN4=0x0,SYSREG_ID_AA64MMFR0_EL1_TGRAN16=0x1";
    assert_eq!(report["hosts"][0]["cpu"], cpu);
    assert_eq!(
        report["guests"],
        json!([{"guest": "linux-5.10", "exceeded": []}])
    );
}

#[test]
fn guest_that_no_host_can_be_kept_for_is_named() {
    let text = shown(&["--guest", "linux-5.10", "max-old.json"]);
    expect_file!["golden/baseline-guest.txt"].assert_eq(&text);
    let (report, code) = report(&["--guest", "edk2-202511", "max-old.json"]);
    assert_eq!(code, Some(1));
    let exceeded = json!([{
        "properties": ["SYSREG_ID_AA64MMFR0_EL1_TGRAN4"],
        "most": "0x0",
        "failure": "it hangs if LPA2 is visible",
        "source": "tianocore/edk2#11962, tianocore/edk2#12545",
    }]);
    assert_eq!(
        report["guests"],
        json!([{"guest": "edk2-202511", "exceeded": exceeded}])
    );
}

#[test]
fn unknown_guest_is_refused() {
    let output = idreg(&["baseline", "--guest", "linux", "max-old.json"]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(
        error.contains("write `linux-MAJOR.MINOR` or `edk2-YYYYMM`"),
        "{error}"
    );
}

#[test]
fn unknown_cpu_of_the_model_is_refused() {
    for (midr, message) in [
        (
            "gone.json",
            "error: no host is named `gone.json`, whose CPU guests were to be told of; the names \
             are those of the files, such as `cortex-a57-latest.json`\n",
        ),
        (
            "0xg",
            "error: invalid value '0xg' for '--midr <first|HOST|0xN>': `0xg` is not a number",
        ),
        (
            "0x100000000",
            "error: invalid value '0x100000000' for '--midr <first|HOST|0xN>': MIDR_EL1 has 32 \
             bits; give a number of at most 0xffffffff",
        ),
    ] {
        let output = idreg(&["baseline", "--midr", midr, "cortex-a57-latest.json"]);
        assert_eq!(output.status.code(), Some(2));
        let error = text(&output.stderr);
        assert!(error.starts_with(message), "{error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn lines_of_the_standard_input_are_hosts() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_idreg"))
        .args(["baseline", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let lines = N1_GROUP.map(|name| {
        let file = fs::read_to_string(Path::new(HOSTS).join(name)).expect(name);
        let host: Value = serde_json::from_str(&file).expect("JSON");
        host.to_string()
    });
    let mut input = child.stdin.take().expect("a pipe");
    input
        .write_all(lines.join("\n").as_bytes())
        .expect("a reader");
    drop(input);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let names = report["hosts"].as_array().expect("a list").iter();
    let names: Vec<&Value> = names.map(|host| &host["host"]).collect();
    assert_eq!(names, ["-:1", "-:2", "-:3"]);
}

#[test]
fn unusable_file_ends_the_command_unless_it_is_to_go_on() {
    let directory = directory(&N1_GROUP);
    fs::write(directory.path().join("broken.json"), "{").expect("a file");
    let stopped = idreg_in(directory.path(), &["baseline", "."]);
    let message = "error: cannot use the host file `./broken.json`: EOF while parsing an object at \
                   line 1 column 1\n";
    assert_eq!(text(&stopped.stderr), message);
    assert_eq!(stopped.status.code(), Some(2));
    assert!(stopped.stdout.is_empty());
    let went_on = idreg_in(directory.path(), &["baseline", "--keep-going", "."]);
    assert_eq!(text(&went_on.stderr), message);
    assert_eq!(went_on.status.code(), Some(2));
    assert!(text(&went_on.stdout).starts_with("The greatest CPU model for 3 hosts of 3 kinds\n"));
}

#[test]
fn hosts_that_all_cannot_be_used_have_no_model() {
    let output = idreg(&["baseline", "--keep-going", "gone.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stdout),
        "there is no host, and so no model: give at least one host file\n"
    );
}
#[test]
fn names_beyond_those_that_are_kept_are_counted() {
    const HOSTS_IN_ALL: usize = 20_000;
    let file = fs::read_to_string(Path::new(HOSTS).join(N1_GROUP[0])).expect("a host");
    let host: Value = serde_json::from_str(&file).expect("JSON");
    let directory = tempfile::tempdir().expect("a directory");
    let lines = format!("{host}\n").repeat(HOSTS_IN_ALL);
    fs::write(directory.path().join("many.json"), lines).expect("a file");
    let (report, code) = json(directory.path(), &["baseline", "--json", "many.json"]);
    assert_eq!(code, Some(0));
    let hosts = report["hosts"].as_array().expect("a list");
    let more = hosts.last().expect("a host")["more"]
        .as_u64()
        .expect("a number");
    assert!(more > 0);
    assert_eq!(hosts.len() as u64 + more, HOSTS_IN_ALL as u64);
}

/// The line of an error is that of the file, also after lines that are known.
#[test]
fn wrong_line_after_equal_lines_is_named() {
    let file = fs::read_to_string(Path::new(HOSTS).join(N1_GROUP[0])).expect("a host");
    let host: Value = serde_json::from_str(&file).expect("JSON");
    let directory = tempfile::tempdir().expect("a directory");
    let lines = format!("{host}\n{host}\n\n{{\"schema\":\n{host}\n");
    fs::write(directory.path().join("lines.json"), lines).expect("a file");
    let output = idreg_in(
        directory.path(),
        &["baseline", "--keep-going", "lines.json"],
    );
    assert_eq!(
        text(&output.stderr),
        "error: cannot use the host file `lines.json:4`: schema: EOF while parsing a value at \
         line 4 column 10\n"
    );
    assert!(text(&output.stdout).starts_with("The greatest CPU model for 3 hosts of 1 kind\n"));
}

/// Linux 6.12 has PSCI 1.1 and Linux 7.2 has 1.3: guests start with what both have.
#[test]
fn firmware_registers_that_all_hosts_take_are_in_the_json() {
    let hosts = ["neoverse-n1-lts.json", "neoverse-n1-latest.json"];
    let arguments = [&["baseline", "--json"], &hosts[..]].concat();
    let (report, code) = json(Path::new(HOSTS), &arguments);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(report["firmware"][0], "KVM_REG_ARM_PSCI_VERSION=1.1");
    let (report, _) = json(Path::new(HOSTS), &["baseline", "--json", hosts[0]]);
    assert_eq!(report.get("firmware"), None);
}
