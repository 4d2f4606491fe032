//! Malformed models and host files: each has its own message and exit code 1 or 2; none panics.

use std::fs;
use std::process::{Command, Output};

const HOST: &str = include_str!("../../tests/data/hosts/max-latest.json");

/// A model, the exit code and a part of the message.
type BadModel = (&'static str, i32, &'static str);

const MODELS: &[BadModel] = &[
    ("", 2, "no CPU model ``"),
    (",", 2, "no CPU model ``"),
    ("hots", 2, "no CPU model `hots`"),
    ("Host", 2, "no CPU model `Host`"),
    (" host", 2, "no CPU model ` host`"),
    ("host;sve=off", 2, "no CPU model `host;sve=off`"),
    (
        "host,",
        1,
        "an override without a property; remove the extra `,`",
    ),
    ("host,,sve=off", 1, "an override without a property"),
    ("host,=", 1, "an override without a property"),
    ("host,=1", 1, "an override without a property"),
    (
        "host,sve",
        1,
        "sve: no value given: the form is `sve=on` or `=off`",
    ),
    (
        "host,sve=",
        1,
        "sve: no value given: the form is `sve=on` or `=off`",
    ),
    ("host,sve=ON", 1, "`ON` is neither `on` nor `off`"),
    ("host,sve=1", 1, "`1` is neither `on` nor `off`"),
    ("host,sve=off=on", 1, "`off=on` is neither `on` nor `off`"),
    (
        "host,sve =off",
        1,
        "sve =off: no such property; did you mean sve?",
    ),
    (
        "host,Sve=off",
        1,
        "Sve=off: no such property; did you mean sve?",
    ),
    ("host,paut=off", 1, "did you mean pauth?"),
    ("host,el3=on", 1, "el3=on: no such property"),
    ("host,sve=off,sve=off", 1, "given twice, first as sve=off"),
    ("host,sve=off,sve256=on", 1, "contradicts sve=off"),
    (
        "host,sve129=on",
        1,
        "does not have this vector length; it has 128, 256",
    ),
    ("host,sve4096=on", 1, "does not have this vector length"),
    ("host,sve0=off", 1, "does not have this vector length"),
    (
        "host,sve128=off",
        1,
        "every SVE guest has the shortest vector length",
    ),
    ("host,sve512=off,sve1024=on", 1, "contradicts sve512=off"),
    ("host,sve99999999999=on", 1, "no such property"),
    ("host,mte=on", 1, "no KVM_CAP_ARM_MTE"),
    ("host,el2=on", 1, "no KVM_CAP_ARM_EL2"),
    ("host,midr", 1, "no value given"),
    ("host,midr=on", 1, "midr=on: `on` is not a number"),
    (
        "host,midr=0xfffffffff",
        1,
        "the register's other bits are reserved; maximum: 0xffffffff",
    ),
    ("host,midr=1,midr=2", 1, "given twice, first as midr=0x1"),
    (
        "host,midr=0x410fd0c1,SYSREG_MIDR_EL1_PartNum=1",
        1,
        "contradicts midr=0x410fd0c1",
    ),
    (
        "host,mpidr=1",
        1,
        "mpidr=0x1: no such property; did you mean midr?",
    ),
    ("host,FEAT_=off", 1, "FEAT_=off: no such property"),
    (
        "host,FEAT_DotProd",
        1,
        "the form is `FEAT_DotProd=on` or `=off`",
    ),
    ("host,FEAT_DotProd=0", 1, "`0` is neither `on` nor `off`"),
    ("host,FEAT_dotprod=off", 1, "did you mean FEAT_DotProd?"),
    ("host,DotProd=off", 1, "did you mean FEAT_DotProd?"),
    (
        "host,FEAT_SVE=off",
        1,
        "the option sve sets this field; use sve=off",
    ),
    ("host,FEAT_SHA512=on,FEAT_SHA256=off", 1, "FEAT_SHA256=off"),
    ("host,FEAT_SHA512=off,enforce", 1, "SHA3 needs SHA512"),
    (
        "host,enforce=maybe",
        1,
        "enforce=maybe: `maybe` is neither `on` nor `off`",
    ),
    ("host,SYSREG_=1", 1, "SYSREG_=0x1: no such property"),
    ("host,SYSREG_ID_AA64ISAR0_EL1=1", 1, "no such property"),
    ("host,SYSREG_ID_AA64ISAR0_EL1_=1", 1, "no such property"),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_dp=0",
        1,
        "did you mean SYSREG_ID_AA64ISAR0_EL1_DP?",
    ),
    (
        "host,sysreg_ID_AA64ISAR0_EL1_DP=0",
        1,
        "did you mean SYSREG_ID_AA64ISAR0_EL1_DP?",
    ),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP",
        1,
        "no value given: the form is `PROPERTY=VALUE`; named values are 0x0 (NI)",
    ),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=off",
        1,
        "`off` is not a number",
    ),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=NI",
        1,
        "`NI` is not a number",
    ),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=-1",
        1,
        "`-1` is not a number",
    ),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=+0",
        1,
        "`+0` is not a number",
    ),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x",
        1,
        "`0x` is not a number",
    ),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=0b1",
        1,
        "`0b1` is not a number",
    ),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=1 ",
        1,
        "`1 ` is not a number",
    ),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=18446744073709551616",
        1,
        "is not a number",
    ),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=16",
        1,
        "too wide: the field has 4 bits; maximum: 0xf",
    ),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=2",
        1,
        "above the host's value 0x1 (IMP); allowed: 0x0-0x1",
    ),
    (
        "host,SYSREG_ID_AA64PFR0_EL1_FP=0",
        1,
        "does not allow changes of this field",
    ),
    (
        "host,SYSREG_ID_AA64PFR0_EL1_EL0=0",
        1,
        "KVM refuses this value",
    ),
    (
        "host,SYSREG_ID_AA64DFR0_EL1_DebugVer=5",
        1,
        "KVM refuses this value",
    ),
    ("host,SYSREG_ID_AA64DFR0_EL1_PMUVer=0", 1, "use pmu=off"),
    (
        "host,SYSREG_ID_AA64PFR0_EL1_GIC=0",
        1,
        "from the VM's interrupt controller",
    ),
    ("host,SYSREG_MPIDR_EL1_Aff0=1", 1, "which the VMM sets"),
    (
        "host,SYSREG_SMIDR_EL1_AFFINITY=0",
        1,
        "KVM does not have the register",
    ),
    (
        "host,a\nerror: b=1",
        1,
        "\n  a\\nerror: b=0x1: no such property",
    ),
    (
        "h\u{202e}st\nerror: x",
        2,
        r"invalid value 'h\u{202e}st\nerror: x' for '--cpu <MODEL>': no CPU model `h\u{202e}st\n",
    ),
    ("host,enforce=1", 1, "`1` is neither `on` nor `off`"),
    ("host,enforce=true", 1, "`true` is neither `on` nor `off`"),
    ("host,Enforce", 1, "no such property; did you mean enforce?"),
    (
        "host,enforce=on,enforce=off",
        1,
        "given twice, first as enforce=on",
    ),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=01",
        1,
        "`01` has a leading zero",
    ),
    ("host,\u{1b}[31m=1", 1, "\\u{1b}[31m=0x1: no such property"),
    (
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=\u{202e}1",
        1,
        "is not a number",
    ),
];

/// A text in a valid host file, its replacement, and a part of the message.
type BadFile = (&'static str, &'static str, &'static str);

const FILES: &[BadFile] = &[
    (
        "{\n  \"schema\"",
        "[\n  \"schema\"",
        "invalid type: sequence, expected an object",
    ),
    ("{\n  \"schema\"", "\"schema\"", "expected"),
    (
        "\"schema\": \"idreg-host/1\",",
        "",
        "missing field `schema`",
    ),
    ("idreg-host/1", "idreg-host/2", "newer than `idreg-host/1`"),
    ("idreg-host/1", "idreg-host/0", "not a host file"),
    (
        "idreg-host/1",
        "idreg-host/99999999999999999999",
        "not a host file",
    ),
    ("idreg-host/1", "idreg-plan/1", "not a host file"),
    ("\"schema\": \"idreg-host/1\"", "\"schema\": 1", "expected"),
    (
        "\"kernel_release\": \"7.2.12+deb14-cloud-arm64\",",
        "",
        "missing field `kernel_release`",
    ),
    (
        "\"kernel_release\": \"7.2.12+deb14-cloud-arm64\"",
        "\"kernel_release\": null",
        "kernel_release: invalid type: null, expected a string",
    ),
    (
        "\"writable_masks\": true",
        "\"writable_masks\": 1",
        "capabilities.writable_masks: invalid type: integer `1`, expected a boolean",
    ),
    (
        "\"capabilities\": {",
        "\"capability\": {",
        "missing field `capabilities`",
    ),
    (
        "\"gic\": \"v3\"",
        "\"gic\": \"v9\"",
        "vcpu.gic: unknown variant `v9`",
    ),
    ("\"gic\": \"v3\"\n", "\"gic\": \"v3\",\n", "trailing comma"),
    (
        "\"cpu\": 0",
        "\"cpu\": -1",
        "implementations[0].cpu: invalid value",
    ),
    ("\"cpu\": 0", "\"cpu\": 4294967296", "expected u32"),
    ("\"midr\": \"0x", "\"midr\": \"1x", "is not a number"),
    (
        "\"midr\": \"0x00000000000f0510\"",
        "\"midr\": 7",
        "expected",
    ),
    (
        "\"timer_frequency\": 1000000000",
        "\"timer_frequency\": 1e9",
        "timer_frequency: invalid type: floating point `1000000000.0`, expected u64",
    ),
    (
        "\"timer_frequency\": 1000000000,",
        "",
        "missing field `timer_frequency`",
    ),
    (
        "    128,",
        "    \"128\",",
        "sve_vector_lengths[0]: invalid type",
    ),
    (
        "\"registers\": {",
        "\"registers\": [{",
        "a map of register names",
    ),
    (
        "\"registers\": {",
        "\"registry\": {",
        "missing field `registers`",
    ),
    ("\"value\": \"0x", "\"value\": \"", "is not a number"),
    ("\"value\": \"0x", "\"value\": \"0x1", "is not a number"),
    ("\"value\": \"0x", "\"value\": \"0xg", "is not a number"),
    (
        "\"writable\": \"0x",
        "\"writable\": \"-0x",
        "is not a number",
    ),
    (
        "\"writable\":",
        "\"writeable\":",
        "expected `value` and `writable`",
    ),
    (
        "\"MPIDR_EL1\"",
        "\"MIDR_EL1\"",
        "register MIDR_EL1 appears twice; keep one",
    ),
    (
        "7.2.12+deb14",
        "7.2\\n12",
        r"`kernel_release` is `7.2\n12-cloud-arm64`, expected a release of up to 64 bytes",
    ),
    (
        "    128,\n",
        "    100,\n",
        "`sve_vector_lengths` is not made of multiples of 128 up to 2048, ascending",
    ),
    (
        "\"0x00000000000f0510\"",
        "\"0017\"",
        "implementations[0].midr: `0017` has a leading zero",
    ),
    (
        "\"gic\": \"v3\"",
        "\"gic\": \"v\\n9\"",
        r"unknown variant `v\n9`",
    ),
    (
        "\"gic\": \"v3\"",
        "\"gic\": \"\\u202e9\"",
        r"unknown variant `\u{202e}9`",
    ),
    (
        "\"mte\": false,\n    \"el2\": false,\n    \"aarch32\"",
        "\"mte\": true,\n    \"el2\": false,\n    \"aarch32\"",
        "`vcpu.mte` is true, but `capabilities.mte` is false",
    ),
    (
        "\"schema\"",
        "\"a\\nb\": 1, \"schema\": 2, \"x\"",
        "schema: invalid type: integer `2`",
    ),
];

fn check(model: &str, host: &std::path::Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_idreg"))
        .args(["check", "--cpu", model, "--host"])
        .arg(host)
        .output()
        .expect("idreg starts")
}

/// Checks that only the message is printed, on the standard error; a panic has another exit code.
#[track_caller]
fn fails(output: &Output, code: i32, part: &str, case: &str) {
    let error = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    assert_eq!(output.status.code(), Some(code), "{case}: {error}");
    assert!(output.stdout.is_empty(), "{case}");
    assert!(error.starts_with("error: "), "{case}: {error}");
    assert!(error.contains(part), "{case}: `{part}` is not in: {error}");
}

#[test]
fn malformed_models() {
    let directory = tempfile::tempdir().expect("a directory");
    let host = directory.path().join("host.json");
    fs::write(&host, HOST).expect("a file");
    for (model, code, part) in MODELS {
        fails(&check(model, &host), *code, part, model);
    }
}

#[test]
fn malformed_host_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("host.json");
    for (good, bad, part) in FILES {
        assert!(HOST.contains(good), "{good}");
        fs::write(&path, HOST.replacen(good, bad, 1)).expect("a file");
        let output = check("host", &path);
        fails(&output, 2, part, &format!("{good} -> {bad}"));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains("host.json"), "{error}");
    }
}

#[test]
fn files_without_valid_text() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("host.json");
    let half = HOST.split_at(HOST.len() / 2).0;
    for (bytes, part) in [
        (&b""[..], "EOF while parsing"),
        (b"\0\0\0\0", "expected value"),
        (b"\xff\xfe{\0}\0", "the file is UTF-16"),
        (b"\xfe\xff\0{\0}", "the file is UTF-16"),
        (b"{\0}\0", "the file is UTF-16"),
        (b"\0{\0}", "the file is UTF-16"),
        (b"\xef\xbb\xbf{}", "begins with a byte order mark"),
        (b"{\"\xff\"", "invalid unicode code point"),
        (b"null", "invalid type: null, expected an object"),
        (half.as_bytes(), "EOF while parsing"),
        (&b"[".repeat(1 << 20), "invalid type: sequence"),
        (&b" ".repeat(5 << 20), "longer than 4 MiB: not a host file"),
    ] {
        fs::write(&path, bytes).expect("a file");
        fails(&check("host", &path), 2, part, part);
    }
    fails(
        &check("host", directory.path()),
        2,
        "directory",
        "a directory",
    );
    fails(
        &check("host", &directory.path().join("none")),
        2,
        "No such file",
        "no file",
    );
}

/// `host` would be read for ever from one, and waited for at the other.
#[test]
#[cfg(target_os = "linux")]
fn endless_files() {
    use rustix::fs::{CWD, Mode, mkfifoat};
    let zero = check("host", std::path::Path::new("/dev/zero"));
    fails(&zero, 2, "`/dev/zero`: longer than 4 MiB", "/dev/zero");

    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("fifo");
    mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).expect("a FIFO");
    let mut waiting = Command::new(env!("CARGO_BIN_EXE_idreg"))
        .args(["check", "--host"])
        .arg(&path)
        .spawn()
        .expect("idreg starts");
    let pid = rustix::process::Pid::from_child(&waiting);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
    let status = waiting.wait().expect("it ends");
    assert!(!status.success(), "{status}");
}

#[test]
fn path_of_a_file_stays_on_its_line() {
    let output = check("host", std::path::Path::new("no\nsuch\u{202e}"));
    fails(&output, 2, r"`no\nsuch\u{202e}`: No such file", "a path");
}
