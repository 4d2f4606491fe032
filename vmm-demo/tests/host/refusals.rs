//! Tests of refused runs and of guest crashes: each has a message and an exit code.

use crate::bare::{self, LDP, LDR, STR_WORD, guest, load};
use crate::program::vmm_demo;
use std::fs;
use std::path::Path;

/// Runs to the end, and checks the exit code and the message.
fn check(arguments: &[&str], code: i32, expected: &str) {
    let output = vmm_demo(["run"])
        .args(arguments)
        .output()
        .expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert!(
        stderr.starts_with("error: ") && stderr.contains(expected),
        "{arguments:?}: {stderr}"
    );
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

/// Runs a guest that executes `then` with this address in x0, and checks its message.
fn check_guest(name: &str, address: u32, then: u32, expected: &str) {
    let code = [&load(0, address)[..], &[then], &bare::IDLE].concat();
    let path = guest(name, &code);
    check(&["--kernel", path.to_str().expect("a name")], 1, expected);
}

#[test]
fn guest_that_reads_an_unmapped_address() {
    check_guest(
        "reads",
        0x1000,
        LDR,
        "vCPU 0 read 8 bytes at 0x1000, where there is neither",
    );
}

#[test]
fn guest_that_writes_past_its_memory() {
    // RAM is 512 MiB from 2 GiB on.
    check_guest(
        "writes",
        0xa000_0000,
        STR_WORD,
        "vCPU 0 wrote 4 bytes at 0xa0000000",
    );
}

#[test]
fn guest_that_reads_a_pair_at_an_unmapped_address() {
    check_guest("pairs", 0x1000, LDP, "vCPU 0 accessed");
}

#[test]
fn files_that_are_no_images() {
    let image = fs::read("Image").expect("a kernel");
    let write = |name: &str, bytes: &[u8]| fs::write(name, bytes).expect("a file");
    write("bad-empty", b"");
    write("bad-gzip", b"\x1f\x8b\x08 and so on");
    write("bad-short", &image[..1 << 20]);
    let mut corrupt = image;
    corrupt.truncate(1 << 16);
    corrupt[56] ^= 0xff;
    write("bad-corrupt", &corrupt);
    for (name, expected) in [
        (
            "bad-missing",
            "cannot use the kernel `bad-missing`: cannot read it: No such file",
        ),
        ("bad-empty", "it has 0 bytes"),
        ("bad-gzip", "its gzip data is damaged or truncated"),
        ("bad-short", "it is truncated: its sections need"),
        ("bad-corrupt", "not an arm64 kernel image"),
        ("/", "cannot read it: it is not a regular file"),
    ] {
        check(&["--kernel", name], 2, expected);
    }
}

#[test]
fn truncated_initial_ram_disks() {
    let initrd = fs::read("initrd.cpio.gz").expect("an archive");
    fs::write("bad-initrd", &initrd[..initrd.len() / 2]).expect("a file");
    fs::write("bad-initrd-empty", b"").expect("a file");
    let idle = guest("waits", &bare::IDLE);
    let idle = idle.to_str().expect("a name");
    for (name, expected) in [
        ("bad-initrd", "it is truncated: gzip data ends early"),
        ("bad-initrd-empty", "it is empty"),
        ("bad-initrd-missing", "No such file"),
    ] {
        check(&["--kernel", idle, "--initrd", name], 2, expected);
    }
}

#[test]
fn impossible_memory_sizes() {
    for (size, code, expected) in [
        ("1M", 2, "of memory are too little"),
        ("2T", 3, "are more than a guest can have on this machine"),
    ] {
        check(&["--kernel", "Image", "--mem", size], code, expected);
    }
    let model = "host,SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x0";
    check(
        &["--kernel", "Image", "--mem", "6G", "--cpu", model],
        2,
        "6G of memory end at 0x200000000, beyond the 32-bit physical addresses",
    );
    for size in ["0", "1K", "x", "99999999999T", "-1"] {
        let output = vmm_demo(["run", "--kernel", "Image", &format!("--mem={size}")]).output();
        assert_eq!(output.expect("it starts").status.code(), Some(2), "{size}");
    }
}

#[test]
fn impossible_models() {
    check(
        &[
            "--kernel",
            "Image",
            "--cpu",
            "host,SYSREG_ID_AA64ISAR0_EL1_DP=2",
        ],
        1,
        "above the host's value",
    );
}

/// Every firmware register that KVM would refuse is named before anything is written.
#[test]
fn impossible_firmware_registers() {
    let path = guest("firmware", &bare::IDLE);
    let kernel = path.to_str().expect("a name");
    let asked = [
        "--firmware",
        "KVM_REG_ARM_PSCI_VERSION=9.0",
        "--firmware",
        "KVM_REG_ARM_STD_BMAP=0x100",
    ];
    for built_in_or_not in [&[][..], &["--kernel", kernel]] {
        let arguments = [built_in_or_not, &asked].concat();
        let expected = "2 firmware registers cannot have their values on this host; nothing was \
                        written:\nKVM_REG_ARM_PSCI_VERSION=9.0: above the version of this host's \
                        KVM; 0.2 and 1.0 to 1.";
        check(&arguments, 1, expected);
    }
    for (settings, expected) in [
        (
            &[
                "KVM_REG_ARM_PSCI_VERSION=1.1",
                "KVM_REG_ARM_PSCI_VERSION=1.0",
            ][..],
            "--firmware KVM_REG_ARM_PSCI_VERSION=1.1 and --firmware KVM_REG_ARM_PSCI_VERSION=1.0 \
             exclude each other; leave one out",
        ),
        (
            &["KVM_REG_ARM_PSCI=1.1"],
            "no firmware register is named `KVM_REG_ARM_PSCI`",
        ),
    ] {
        let settings = settings.iter().flat_map(|setting| ["--firmware", setting]);
        check(&settings.collect::<Vec<_>>(), 2, expected);
    }
    let hidden = ["--impl-cpu", "midr=0x411fd401", "--firmware"];
    let hidden = [
        &["--kernel", kernel],
        &hidden[..],
        &["KVM_REG_ARM_VENDOR_HYP_BMAP_2=1"],
    ];
    check(
        &hidden.concat(),
        2,
        "--firmware KVM_REG_ARM_VENDOR_HYP_BMAP_2=0x1 hides the hypercalls",
    );
}

#[test]
fn refused_runs_leave_no_socket() {
    check(
        &[
            "--kernel",
            "Image",
            "--mem",
            "2T",
            "--qmp",
            "unix:refused.sock",
        ],
        3,
        "are more than",
    );
    assert!(!Path::new("refused.sock").exists());
}

#[test]
fn unwritable_report_is_an_error_before_the_guest_runs() {
    let path = guest("unreported", &bare::say("too late\n"));
    let kernel = path.to_str().expect("a name");
    let expected = "cannot write `missing/report.json`: No such file";
    check(
        &["--kernel", kernel, "--report", "missing/report.json"],
        4,
        expected,
    );
}

#[test]
fn refused_run_leaves_no_report() {
    let path = guest("refused", &bare::IDLE);
    let kernel = path.to_str().expect("a name");
    let arguments = ["--kernel", kernel, "--report", "refused.json", "--cpu"];
    check(
        &[&arguments[..], &["host,FEAT_NONE=off"]].concat(),
        1,
        "FEAT_NONE",
    );
    assert!(!Path::new("refused.json").exists());
    fs::write("refused.json", "of another run").expect("a file");
    check(
        &[&arguments[..], &["host,FEAT_NONE=off"]].concat(),
        1,
        "FEAT_NONE",
    );
    assert_eq!(fs::read("refused.json").expect("a file"), b"of another run");
}
