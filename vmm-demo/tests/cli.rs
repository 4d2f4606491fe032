//! The command line on any machine: files, usage, and exit codes.

use std::process::{Command, Output};

const HOST: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/data/hosts/max-latest.json"
);

const IDREG: &str = env!("CARGO_BIN_EXE_idreg");
const VMM_DEMO: &str = env!("CARGO_BIN_EXE_vmm-demo");

fn idreg(arguments: &[&str]) -> Output {
    output(IDREG, arguments)
}

fn vmm_demo(arguments: &[&str]) -> Output {
    output(VMM_DEMO, arguments)
}

fn output(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// Checks exit code, standard output and standard error of `idreg`, whole.
fn check(arguments: &[&str], code: i32, stdout: &str, stderr: &str) {
    let output = idreg(arguments);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(
        (output.status.code(), out.as_str(), err.as_str()),
        (Some(code), stdout, stderr)
    );
}

#[test]
#[cfg(not(target_arch = "aarch64"))]
fn run_needs_an_arm_machine() {
    for (program, command) in [
        (VMM_DEMO, &["run"][..]),
        (IDREG, &["dump"]),
        (IDREG, &["props"]),
        (IDREG, &["check", "--cpu", "host"]),
    ] {
        let output = output(program, command);
        assert_eq!(output.status.code(), Some(3));
        assert!(output.stdout.is_empty());
        let error = text(&output.stderr);
        assert!(
            error.contains("guests need arm64 Linux with KVM"),
            "{error}"
        );
        assert!(error.contains("cargo testbed exec"), "{error}");
    }
}

#[test]
fn check_with_a_host_file() {
    check(
        &[
            "check",
            "--host",
            HOST,
            "--cpu",
            "host,SYSREG_ID_AA64ISAR0_EL1_DP=0",
        ],
        0,
        "PROPERTY                    HOST       OVERRIDE\n\
         SYSREG_ID_AA64ISAR0_EL1_DP  0x1 (IMP)  0x0 (NI)\n\
         to write: ID_AA64ISAR0_EL1 0x1221111110212120 -> 0x1221011110212120\n\
         vCPUs are created with: SVE, pointer authentication, PMU, GICv3\n\
         the host (kernel 7.2.12+deb14-cloud-arm64) supports this model; not tried on KVM\n",
        "",
    );
}

#[test]
fn check_that_changes_nothing() {
    check(
        &[
            "check",
            "--host",
            HOST,
            "--cpu",
            "host,SYSREG_ID_AA64ISAR0_EL1_DP=1",
        ],
        0,
        "vCPUs are created with: SVE, pointer authentication, PMU, GICv3\n\
         the host (kernel 7.2.12+deb14-cloud-arm64) supports this model without register writes; \
         not tried on KVM\n",
        "",
    );
}

#[test]
fn check_as_json() {
    let arguments = [
        "check",
        "--json",
        "--host",
        HOST,
        "--cpu",
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=0",
    ];
    let output = idreg(&arguments);
    let mut report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let registers = report["expected"].take();
    assert_eq!(registers["ID_AA64ISAR0_EL1"], "0x1221011110212120");
    assert_eq!(registers["MIDR_EL1"], "0x00000000000f0510");
    let expected = serde_json::json!({
        "schema": "idreg-plan/1",
        "vcpu": {
            "sve": true,
            "pauth": true,
            "pmu": true,
            "mte": false,
            "el2": false,
            "aarch32": false,
            "gic": "v3"
        },
        "warnings": [],
        "expected": null,
        "tried": "no",
        "cpu": "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0",
        "kernel_release": "7.2.12+deb14-cloud-arm64",
        "changes": [{"property": "SYSREG_ID_AA64ISAR0_EL1_DP", "old": "0x1", "new": "0x0"}],
        "writes": [{
            "register": "ID_AA64ISAR0_EL1",
            "old": "0x1221111110212120",
            "new": "0x1221011110212120"
        }],
    });
    assert_eq!((output.status.code(), report), (Some(0), expected));
}

#[test]
fn refused_model() {
    check(
        &[
            "check",
            "--host",
            HOST,
            "--cpu",
            "host,SYSREG_ID_AA64ISAR0_EL1_DPP=0,x",
        ],
        1,
        "",
        "error: 2 overrides are not possible on this host; nothing was written:\n  \
         SYSREG_ID_AA64ISAR0_EL1_DPP=0x0: no such property; did you mean \
         SYSREG_ID_AA64ISAR0_EL1_DP?\n  \
         x: no such property; the form is SYSREG_<REGISTER>_<FIELD>=<VALUE>, FEAT_<NAME>=on|off or \
         <OPTION>=on|off\n",
    );
}

#[test]
fn refused_model_as_json() {
    let arguments = [
        "check",
        "--json",
        "--host",
        HOST,
        "--cpu",
        "host,SYSREG_ID_AA64PFR0_EL1_FP=15",
    ];
    let output = idreg(&arguments);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(1));
    let rejection = &report["rejections"][0];
    assert_eq!(rejection["property"], "SYSREG_ID_AA64PFR0_EL1_FP");
    assert_eq!(rejection["requested"], "0xf");
    assert_eq!(rejection["host"], "0x1");
    assert_eq!(rejection["reason"], "not-writable");
}

#[test]
fn unknown_model_is_wrong_usage() {
    let output = idreg(&["check", "--host", HOST, "--cpu", "hots"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no CPU model `hots`"));
}

#[test]
fn missing_and_malformed_host_files() {
    check(
        &["check", "--host", "no-such.json"],
        2,
        "",
        "error: cannot use the host file `no-such.json`: No such file or directory (os error 2)\n",
    );
    let toml = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = idreg(&["props", "--host", toml]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("line 1 column"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn props_of_a_host_file() {
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0";
    let output = idreg(&["props", "--host", HOST, "--cpu", model]);
    let shown = text(&output.stdout);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = shown.lines().map(words).collect();
    assert_eq!(lines[0], "PROPERTY BITS HOST ALLOWED MODEL FEATURES");
    let dp = "SYSREG_ID_AA64ISAR0_EL1_DP 47:44 0x1 (IMP) 0x0 (NI), 0x1 (IMP) 0x0 (NI) FEAT_DotProd"
        .to_owned();
    assert!(lines.contains(&dp), "{shown}");
    assert!(
        !shown.contains("SYSREG_ID_AA64PFR0_EL1_FP"),
        "read-only, so only with --all"
    );
}

#[test]
fn every_failure_is_json_with_json() {
    for arguments in [
        &["check", "--json", "--host", "no-such.json"][..],
        &["props", "--json", "--host", HOST, "--cpu", "host,x=1"],
    ] {
        let output = idreg(arguments);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let message = report["error"].as_str().expect("a message");
        assert_eq!(text(&output.stderr), format!("error: {message}\n"));
    }
}

#[test]
fn requested_is_the_text_as_given() {
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=IMP,SYSREG_ID_AA64ISAR0_EL1_AES=";
    let output = idreg(&["check", "--json", "--host", HOST, "--cpu", model]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["rejections"][0]["requested"], "IMP");
    assert_eq!(
        report["rejections"][1]["requested"],
        serde_json::Value::Null
    );
}

/// A full standard output or error neither changes the exit code nor causes a panic.
#[test]
fn full_devices() {
    let refused = ["check", "--host", HOST, "--cpu", "host,x"];
    for (arguments, expected) in [(&refused[..], 1), (&["props", "--host", HOST], 4)] {
        let full = || {
            std::fs::File::options()
                .write(true)
                .open("/dev/full")
                .expect("Linux")
        };
        let status = Command::new(IDREG)
            .args(arguments)
            .stdout(full())
            .stderr(full())
            .status();
        assert_eq!(status.expect("idreg starts").code(), Some(expected));
    }
}

#[test]
fn reader_that_closes_the_pipe() {
    let mut child = Command::new(IDREG)
        .args(["props", "--all", "--host", HOST])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("idreg starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("idreg ends").code(), Some(0));
}

#[test]
fn completions_and_manual_have_every_command() {
    for (program, name, command, option) in [
        (IDREG, "idreg", "check", "try"),
        (VMM_DEMO, "vmm-demo", "run", "impl"),
    ] {
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let output = output(program, &["completions", shell]);
            assert_eq!(output.status.code(), Some(0));
            let script = text(&output.stdout);
            assert!(script.contains(option) && script.contains(name), "{shell}");
        }
        let page = text(&output(program, &["man"]).stdout);
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().to_str().expect("a path");
        let written = output(program, &["man", "--directory", path]);
        assert_eq!(written.status.code(), Some(0), "{written:?}");
        assert!(written.stdout.is_empty() && written.stderr.is_empty());
        let page = directory.path().join(format!("{name}-{command}.1"));
        let page = std::fs::read_to_string(page);
        assert!(page.expect("a page").contains(option));
        let missing = directory.path().join("missing");
        let missing = missing.to_str().expect("a path");
        let output = output(program, &["man", "--directory", missing]);
        assert_eq!(output.status.code(), Some(4));
        let page = format!("missing/{name}-");
        assert!(text(&output.stderr).contains(&page), "{output:?}");
    }
}

#[test]
fn help_teaches_by_example() {
    for (program, name, commands) in [
        (
            IDREG,
            "idreg",
            &[
                "props",
                "check",
                "export",
                "import",
                "qmp",
                "completions",
                "man",
            ][..],
        ),
        (
            VMM_DEMO,
            "vmm-demo",
            &["run", "snapshot", "restore", "completions", "man"],
        ),
    ] {
        for command in commands {
            let help = text(&output(program, &[command, "--help"]).stdout);
            let example = format!("\n  {name} {command}");
            assert!(help.contains(&example), "{help}");
        }
        let version = text(&output(program, &["--version"]).stdout);
        let expected = format!("{name} {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(version, expected);
    }
    let help = text(&vmm_demo(&["--help"]).stdout);
    assert!(help.contains("5      stopped by QMP's quit"), "{help}");
    let help = text(&idreg(&["--help"]).stdout);
    assert!(!help.contains("--no-reboot"), "{help}");
}

#[test]
fn linux_guests_need_a_kernel_and_sane_numbers() {
    for arguments in [
        &["run", "--initrd", "x"][..],
        &["run", "--kernel", "x", "--all"],
        &["run", "--kernel", "x", "--mem", "3K"],
        &["run", "--kernel", "x", "--mem", "many"],
        &["run", "--kernel", "x", "--smp", "0"],
        &["run", "--kernel", "x", "--impl-cpu", "revidr=1"],
        &["run", "--kernel", "x", "--log", "loud"],
        &["run", "--kernel", "x", "--log", "info,qmp=loud"],
    ] {
        let output = vmm_demo(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
    }
}

/// A file of two core types; the second one lacks FEAT_IESB.
const TWO_CORE_TYPES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../idreg-runtime/tests/data/two-core-types.json"
);

const CORES_DIFFER: &str = "warning: ID_AA64MMFR2_EL1 is not the same on all cores: \
     0x0000000000001000 on CPU 0, 0x0000000000000000 on CPU 4; run the vCPUs on CPUs with one \
     value, or add SYSREG_ID_AA64MMFR2_EL1_IESB=0x0\n";

#[test]
fn value_of_a_core_type_is_judged_like_the_host() {
    let stdout = "vCPUs are created with: no optional features\n\
                  the host (kernel 6.12) supports this model without register writes; not tried \
                  on KVM\n";
    for model in [
        "host",
        "host,SYSREG_ID_AA64MMFR2_EL1_IESB=1",
        "host,FEAT_IESB=on",
    ] {
        let arguments = ["check", "--host", TWO_CORE_TYPES, "--cpu", model];
        check(&arguments, 0, stdout, CORES_DIFFER);
    }
    let model = "host,SYSREG_ID_AA64MMFR2_EL1_IESB=0";
    let output = idreg(&["check", "--host", TWO_CORE_TYPES, "--cpu", model]);
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
}

#[test]
fn limit_and_features_are_what_all_core_types_have() {
    let arguments = ["props", "--json", "--host", TWO_CORE_TYPES, "*MMFR2*IESB"];
    let output = idreg(&arguments);
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let iesb = &list["properties"][0];
    assert_eq!(
        (&iesb["value"], &iesb["limit"]),
        (&"0x1".into(), &"0x0".into())
    );
    assert_eq!(iesb["allowed"], serde_json::json!(["0x0-0x1"]));
    let arguments = ["props", "--features", "--host", TWO_CORE_TYPES];
    let output = idreg(&arguments);
    assert_eq!(text(&output.stderr), CORES_DIFFER);
    let features = text(&output.stdout);
    assert!(features.contains("FEAT_TGran64K"), "{features}");
    assert!(!features.contains("FEAT_IESB"), "{features}");
}

#[test]
fn host_that_is_no_kvm_guest_is_a_warning_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("host.json");
    let mut host: serde_json::Value =
        serde_json::from_slice(&std::fs::read(HOST).expect("a file")).expect("JSON");
    host["registers"]["ID_AA64PFR0_EL1"]["value"] = "0x1101101121110222".into();
    std::fs::write(&path, host.to_string()).expect("a file");
    let path = path.to_str().expect("text");
    let warning = "warning: the host's registers are not those of a KVM guest: \
                   ID_AA64PFR0_EL1.AMU=0x1 (IMP), which KVM hides; all results are about a \
                   machine that no KVM guest sees; read the host through KVM\n";
    for arguments in [&["props"][..], &["props", "--cpu", "host"], &["check"]] {
        let output = idreg(&[arguments, &["--host", path]].concat());
        assert_eq!(text(&output.stderr), warning);
    }
}

/// Text of an argument cannot imitate a message of its own.
#[test]
fn arguments_stay_on_the_line_of_their_mistake() {
    let text_of = "x\nerror: \u{202e}";
    for (program, arguments) in [
        (IDREG, &["dump", "--cpu", "host,x\nerror: \u{202e}"][..]),
        (IDREG, &["props", "--host", HOST, text_of]),
        (IDREG, &["props", "--host", text_of]),
        (IDREG, &[text_of]),
        (IDREG, &["props", "--log", text_of]),
        (IDREG, &["qmp", "--listen", text_of]),
        (IDREG, &["qmp", "--listen", "unix:a,x\nerror: \u{202e}"]),
        (VMM_DEMO, &["run", "--impl-cpu", text_of]),
        (VMM_DEMO, &["run", "--smp", text_of]),
        (VMM_DEMO, &["run", "--mem", text_of]),
    ] {
        let output = output(program, arguments);
        let shown = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {shown}");
        assert_eq!(
            shown.matches("\nerror").count(),
            0,
            "{arguments:?}: {shown}"
        );
        assert!(!shown.contains('\u{202e}'), "{arguments:?}: {shown}");
        assert!(
            shown.contains(r"x\nerror: \u{202e}"),
            "{arguments:?}: {shown}"
        );
    }
}
