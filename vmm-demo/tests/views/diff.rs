//! `idreg diff`.

use super::program::{Directory, host_file};
use expect_test::expect_file;

#[test]
fn kernel_update_is_compared_with_its_guests() {
    let directory = Directory::new();
    directory.write("old.json", host_file("neoverse-n1-lts"));
    directory.write("new.json", host_file("neoverse-n1-latest"));
    directory.view("guests/db.json", "neoverse-n1-lts", "host");
    directory.view(
        "guests/web.json",
        "neoverse-n1-latest",
        "host,midr=0x410fd4f1",
    );
    let arguments = ["diff", "old.json", "new.json", "--views", "guests"];
    let output = directory.idreg(&arguments);
    expect_file!["expected/diff-update.txt"].assert_eq(&output.golden());
    let output = directory.idreg(&["diff", "new.json", "old.json", "--views", "guests"]);
    expect_file!["expected/diff-rollback.txt"].assert_eq(&output.golden());
    let output = directory.idreg(&[&arguments[..], &["--json"]].concat());
    expect_file!["expected/diff.json"].assert_eq(&output.stdout);
}

#[test]
fn same_host_has_no_changes() {
    let directory = Directory::new();
    directory.hosts("hosts", &["max-latest"]);
    let host = "hosts/max-latest.json";
    let output = directory.idreg(&["diff", host, host]);
    assert_eq!(
        output.golden(),
        "0 fields differ: 0 in their value, 0 only in the allowed values, 0 are new, 0 are gone\n\
         --- standard error\n--- exit code 0\n"
    );
}

/// A host whose firmware, options and caches have changed, and a guest that no longer fits.
#[test]
fn every_kind_of_change_is_listed() {
    let directory = Directory::new();
    let old = host_file("neoverse-n1-latest");
    let mut new: serde_json::Value = serde_json::from_str(&old).expect("JSON");
    new["timer_frequency"] = 25_000_000.into();
    new["capabilities"]["pmu"] = false.into();
    new["vcpu"]["pmu"] = false.into();
    let members = new.as_object_mut().expect("members");
    members.remove("pmu_counters").expect("a number");
    new["physical_address_bits"] = 40.into();
    new["firmware"] = serde_json::json!({ "KVM_REG_ARM_PSCI_VERSION": "0x10003" });
    let registers = new["registers"].as_object_mut().expect("registers");
    registers.remove("ID_AA64ZFR0_EL1").expect("a register");
    registers["ID_AA64ISAR0_EL1"]["value"] = "0x0000100010201120".into();
    registers["ID_AA64ISAR2_EL1"]["value"] = "0x8000000000000000".into();
    registers["ID_AA64ISAR1_EL1"]["writable"] = "0x0".into();
    registers["ID_AA64DFR0_EL1"]["value"] = "0x0000000010305008".into();
    directory.write("old.json", old);
    directory.write("new.json", new.to_string());
    directory.view("guests/db.json", "neoverse-n1-latest", "host");
    let arguments = ["diff", "old.json", "new.json", "--views", "guests"];
    let output = directory.idreg(&arguments);
    expect_file!["expected/diff-all.txt"].assert_eq(&output.golden());
}
