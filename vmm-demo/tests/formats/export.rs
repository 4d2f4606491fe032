//! `export`: a model on a host in each format.

use super::program::{Directory, Output};
use expect_test::expect_file;

/// A model that lowers a field which the architecture spells otherwise.
const MODEL: &str = "host,sve256=on,SYSREG_ID_AA64MMFR0_EL1_PARANGE=2,FEAT_SHA3=off";

fn export(arguments: &[&str]) -> Output {
    let directory = Directory::new();
    directory.host("max-latest");
    let mut all = vec!["export"];
    all.extend(arguments);
    all.extend(["--host", "host.json"]);
    directory.idreg(&all)
}

#[test]
fn each_format_has_its_document() {
    let golden = |name: &str, arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--cpu", MODEL]);
        let path = format!("expected/{name}.txt");
        expect_file![path].assert_eq(&export(&all).golden());
    };
    golden("export-qemu", &["qemu"]);
    golden("export-qemu-kernel", &["qemu", "--dialect", "kernel"]);
    golden("export-qemu-kunpeng", &["qemu", "--dialect", "kunpeng"]);
    golden("export-qemu-arm", &["qemu", "--dialect", "arm"]);
    golden("export-firecracker", &["firecracker"]);
    golden("export-libvirt", &["libvirt"]);
    golden("export-libvirt-arm", &["libvirt", "--dialect", "arm"]);
    golden("export-nfd", &["nfd"]);
    golden("export-traits", &["traits"]);
}

#[test]
fn a_model_that_is_not_possible_is_refused_as_by_check() {
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=2";
    let refused = export(&["traits", "--cpu", model]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    let directory = Directory::new();
    directory.host("max-latest");
    let checked = directory.idreg(&["check", "--cpu", model, "--host", "host.json"]);
    assert_eq!((checked.code, checked.stderr), (Some(1), refused.stderr));
}

#[test]
fn strict_writes_nothing_that_is_not_whole() {
    let directory = Directory::new();
    directory.host("max-latest");
    let export = |more: &[&str]| {
        let mut all = vec!["export", "qemu", "--cpu", MODEL, "--host", "host.json"];
        all.extend(["-o", "cpu", "--strict"]);
        all.extend(more);
        directory.idreg(&all)
    };
    let refused = export(&[]);
    assert_eq!(refused.code, Some(1));
    let first = "error: the format cannot express parts of the guest; nothing was \
                 written:\nSYSREG_ID_AA64MMFR0_EL1_PARANGE=0x2: QEMU as released";
    assert!(refused.stderr.contains(first), "{}", refused.stderr);
    assert!(!directory.path("cpu").exists());
    let whole = export(&["--dialect", "kernel"]);
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    assert!(directory.read("cpu").starts_with("-cpu host,"));
}

#[test]
fn a_feature_file_can_expire() {
    let exported = export(&["nfd", "--expiry", "2h"]);
    assert_eq!(exported.code, Some(0), "{}", exported.stderr);
    assert!(
        exported.stdout.contains("\n# +expiry-time=20"),
        "{}",
        exported.stdout
    );
    for wrong in [
        "",
        "2",
        "h",
        "0h",
        "-1h",
        "2w",
        "1.5h",
        "99999999999999d",
        "2\u{e9}",
    ] {
        let refused = export(&["nfd", &format!("--expiry={wrong}")]);
        assert_eq!(refused.code, Some(2), "{wrong}");
    }
}

#[test]
fn wrong_usage_is_refused() {
    for arguments in [
        &[][..],
        &["xen"],
        &["nfd", "--dialect", "arm"],
        &["qemu", "--dialect", "stock"],
        &["qemu", "--cpu", "hots"],
        &["traits", "--expiry", "2h"],
    ] {
        assert_eq!(export(arguments).code, Some(2), "{arguments:?}");
    }
}
