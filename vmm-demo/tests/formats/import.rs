//! `import`: files of other tools, and what is wrong with malformed ones.

use super::program::{Directory, Output, host_file};
use idreg_runtime::description::RegisterDescription;
use idreg_runtime::host::Host;
use idreg_runtime::view::View;
use std::fmt::Write as _;

fn import(format: &str, text: impl AsRef<[u8]>) -> Output {
    Directory::new().idreg_with(&["import", format, "-"], text.as_ref())
}

/// The fingerprint of a vCPU with the registers of a recorded host, without SVE.
fn fingerprint(kernel: &str) -> String {
    let host: Host = serde_json::from_str(&host_file("neoverse-n1-latest")).expect("a host");
    let mut registers = String::new();
    for (register, value) in host.values().iter() {
        let RegisterDescription { encoding, .. } = register;
        let id = encoding.kvm_id();
        let _ = write!(
            registers,
            r#"{{"addr": "{id:#x}", "bitmap": "0b{value:0128b}"}}, "#
        );
    }
    // PMCR_EL0, which a vCPU with a PMU has.
    let zero = "0".repeat(128);
    let _ = write!(
        registers,
        r#"{{"addr": "0x603000000013dce0", "bitmap": "0b{zero}"}}"#
    );
    format!(
        r#"{{"firecracker_version": "1.16.0", "kernel_version": "{kernel}", "microcode_version":
        "0xff", "bios_version": "1.0", "bios_revision": "1.0", "guest_cpu_config":
        {{"reg_modifiers": [{registers}]}}}}"#
    )
}

#[test]
fn a_fingerprint_is_a_host_that_says_that_it_has_no_masks() {
    let directory = Directory::new();
    directory.write("fingerprint.json", fingerprint("6.18.1"));
    let imported = directory.idreg(&["import", "auto", "fingerprint.json", "-o", "host.json"]);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    let first = "warning: the writable bits (masks) are not in a dump: the host has none, and no \
                 field of it can be changed\n";
    assert!(imported.stderr.starts_with(first), "{}", imported.stderr);
    let host: Host = serde_json::from_str(&directory.read("host.json")).expect("a host");
    let recorded: Host = serde_json::from_str(&host_file("neoverse-n1-latest")).expect("a host");
    assert_eq!(host.values(), recorded.values());
    let check = |model: &str| directory.idreg(&["check", "--cpu", model, "--host", "host.json"]);
    assert_eq!(check("host").code, Some(0));
    let refused = check("host,FEAT_DotProd=off");
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("has no writable ID registers"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_dump_is_a_view_for_where() {
    let directory = Directory::new();
    directory.host("neoverse-n1-latest");
    directory.write("fingerprint.json", fingerprint("7.2.0"));
    let imported = directory.idreg(&[
        "import",
        "auto",
        "fingerprint.json",
        "--view",
        "-o",
        "view.json",
    ]);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    let view: View = serde_json::from_str(&directory.read("view.json")).expect("a view");
    assert_eq!(view.info().kernel_release, "7.2.0");
    let found = directory.idreg(&["where", "view.json", "host.json"]);
    assert_eq!(found.code, Some(0), "{}{}", found.stdout, found.stderr);
}

#[test]
fn exported_lines_import_as_the_same_model() {
    let directory = Directory::new();
    directory.host("neoverse-n2-latest");
    let model = "host,sve=on,pauth=off,pmu=on,SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x2";
    for dialect in ["kernel", "kunpeng", "arm"] {
        let arguments = ["--cpu", model, "--host", "host.json", "--dialect", dialect];
        for format in ["qemu", "libvirt"] {
            let mut all = vec!["export", format, "-o", "line"];
            all.extend(arguments);
            let exported = directory.idreg(&all);
            assert_eq!(exported.code, Some(0), "{}", exported.stderr);
            let imported = directory.idreg(&["import", "auto", "line"]);
            assert_eq!(imported.stdout, format!("{model}\n"), "{}", imported.stderr);
        }
    }
    let template = [
        "export",
        "firecracker",
        "-o",
        "template",
        "--host",
        "host.json",
    ];
    let mut all = template.to_vec();
    all.extend([
        "--cpu",
        "host,sve=on,pauth=off,pmu=off,SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x2",
    ]);
    assert_eq!(directory.idreg(&all).code, Some(0));
    let imported = directory.idreg(&["import", "auto", "template"]);
    let expected = "host,sve=on,pauth=off,SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x2\n";
    assert_eq!(imported.stdout, expected);
}

#[test]
fn each_format_is_told_by_its_content() {
    let expansion = r#"{"return": {"model": {"name": "host", "props": {"sve": false}}}}"#;
    assert_eq!(import("auto", expansion).stdout, "host,sve=off\n");
    assert_eq!(import("qmp", expansion).stdout, "host,sve=off\n");
    let midr = |output: &Output| {
        let host: Host = serde_json::from_str(&output.stdout).expect("a host");
        host.info().implementations.first().and_then(|cpu| cpu.midr)
    };
    let registry = "\"CP 4000\"=hex(b):c1,d0,3f,41,00,00,00,00\r\n";
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(registry.encode_utf16().flat_map(u16::to_le_bytes));
    for text in [
        &utf16[..],
        "\u{feff}CP 4000 REG_QWORD 0x413fd0c1".as_bytes(),
        b"MIDR_EL1 = 0x413fd0c1\n",
        b"[    0.0] Booting Linux on physical CPU 0x0000000000 [0x413fd0c1]\n",
    ] {
        let imported = import("auto", text);
        assert_eq!(midr(&imported), Some(0x413f_d0c1), "{}", imported.stderr);
    }
    let mut lines = String::new();
    for nibble in 0..16 {
        let (msb, lsb) = (4 * nibble + 3, 4 * nibble);
        let _ = writeln!(lines, "PFR0  | {msb:>2}:{lsb:<2} |  0001 | text");
    }
    let imported = import("auto", &lines);
    assert!(
        imported.stdout.contains("0x1111111111111111"),
        "{}",
        imported.stderr
    );
}

/// A format, a file and a part of the message.
type MalformedFile = (&'static str, &'static [u8], &'static str);

const MALFORMED_FILES: &[MalformedFile] = &[
    ("auto", b"", "there is no ID register of a CPU in the text"),
    ("auto", b"\xff", "the file is neither UTF-8 nor UTF-16"),
    (
        "auto",
        b"\xff\xfe\x00",
        "the file is neither UTF-8 nor UTF-16",
    ),
    (
        "auto",
        b"\xff\xfe\x00\xd8",
        "the file is neither UTF-8 nor UTF-16",
    ),
    (
        "auto",
        b"{",
        "EOF while parsing an object at line 1 column 1",
    ),
    ("auto", b"{}", "there is no modifier"),
    (
        "auto",
        b"{\"reg_modifiers\": [5]}",
        "`reg_modifiers[0]`: invalid type: integer `5`",
    ),
    (
        "auto",
        b"{\"cpuid_modifiers\": []}",
        "unknown field `cpuid_modifiers`",
    ),
    (
        "auto",
        b"{\"guest_cpu_config\": {}}",
        "missing field `kernel_version`",
    ),
    ("firecracker", b"[]", "expected"),
    (
        "firecracker",
        b"host,sve=off",
        "expected value at line 1 column 1",
    ),
    (
        "qmp",
        b"{\"model\": 1}",
        "`model`: invalid type: integer `1`",
    ),
    ("qmp", b"{}", "missing field `model`"),
    ("qemu", b"", "there is no `-cpu VALUE`"),
    (
        "auto",
        b"qemu -cpu max",
        "the CPU `max` has values of QEMU's own",
    ),
    (
        "auto",
        b"host,SYSREG_ID_AA64PFR0_EL1_FPP=1",
        "is no field that this version knows",
    ),
    (
        "auto",
        b"CP 4000 REG_QWORD",
        "line 1: MIDR_EL1 has no value of 64 bits",
    ),
    (
        "windows",
        b"nothing",
        "there is no ID register of a CPU in the text",
    ),
    (
        "armcpuinfo",
        b"PFR1 | 3:0 | 0001 | x",
        "there is no ID register of a CPU in the text",
    ),
    (
        "bootlog",
        b"MIDR=1",
        "there is no ID register of a CPU in the text",
    ),
];

#[test]
fn malformed_files_are_named() {
    for (format, text, message) in MALFORMED_FILES {
        let refused = import(format, text);
        let shown = String::from_utf8_lossy(text);
        assert_eq!(
            (refused.code, refused.stdout.as_str()),
            (Some(2), ""),
            "{shown}"
        );
        assert!(
            refused.stderr.starts_with("error: cannot import `-`: "),
            "{}",
            refused.stderr
        );
        assert!(
            refused.stderr.contains(message),
            "{shown}: {}",
            refused.stderr
        );
    }
    let long = vec![b' '; (4 << 20) + 1];
    assert!(import("auto", long).stderr.contains("longer than 4 MiB"));
    let release = fingerprint(&"x".repeat(65));
    let refused = import("auto", release);
    assert!(
        refused.stderr.contains("`kernel_release` is "),
        "{}",
        refused.stderr
    );
}

#[test]
fn wrong_usage_is_refused() {
    let directory = Directory::new();
    directory.write("line", "host,sve=off");
    for (arguments, message) in [
        (&["import", "xen", "line"][..], "invalid value 'xen'"),
        (&["import", "auto"], "required arguments were not provided"),
        (
            &["import", "auto", "absent"],
            "cannot import `absent`: No such file",
        ),
        (
            &["import", "auto", "."],
            "cannot import `.`: Is a directory",
        ),
        (
            &["import", "auto", "line", "--view"],
            "only a dump of Firecracker is a view",
        ),
    ] {
        let refused = directory.idreg(arguments);
        assert_eq!(refused.code, Some(2), "{arguments:?}");
        assert!(
            refused.stderr.contains(message),
            "{arguments:?}: {}",
            refused.stderr
        );
    }
}
