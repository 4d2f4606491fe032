//! `vmm-demo migrate --plan`.

use super::program::Directory;
use expect_test::expect_file;
use serde_json::json;

const A710: &str = "cortex-a710-latest";
const MAX: &str = "max-latest";

/// A directory with a host and the view of a guest of another one.
fn with_files(guest: &str, host: &str) -> Directory {
    let directory = Directory::new();
    directory.view("guest.json", guest, "host");
    directory.host(host);
    directory
}

const PLAN: [&str; 4] = ["migrate", "--plan", "guest.json", "host.json"];

#[test]
fn accepted_guest_has_a_line() {
    let output = with_files(A710, A710).vmm_demo(&PLAN);
    expect_file!["expected/migration-accepted.txt"].assert_eq(&output.golden());
}

#[test]
fn refused_guest_has_every_reason_and_the_model_that_fits_both_hosts() {
    let output = with_files(A710, "neoverse-n2-latest").vmm_demo(&PLAN);
    expect_file!["expected/migration-refused.txt"].assert_eq(&output.golden());
}

#[test]
fn tolerated_fields_are_named() {
    let directory = Directory::new();
    let model = "host,SYSREG_ID_AA64DFR0_EL1_DoubleLock=0xf,pmu=off";
    directory.view("guest.json", "neoverse-n1-latest", model);
    directory.host("neoverse-v1-latest");
    let tolerate = ["--tolerate=el2,SYSREG_ID_AA64MMFR2_EL1_IDS"];
    let output = directory.vmm_demo(&[PLAN.as_slice(), &tolerate].concat());
    expect_file!["expected/migration-tolerated.txt"].assert_eq(&output.golden());
}

#[test]
fn json_has_reasons_and_remedies() {
    let directory = with_files(MAX, "max-lts");
    let output = directory.vmm_demo(&[PLAN.as_slice(), &["--json"]].concat());
    expect_file!["expected/migration.json"].assert_eq(&output.stdout);
    assert_eq!((output.code, output.stderr.as_str()), (Some(1), ""));
    let accepted = with_files(MAX, MAX).vmm_demo(&[PLAN.as_slice(), &["--json"]].concat());
    let report = accepted.json();
    assert_eq!(report["fits"], true);
    assert_eq!(report["remedies"], json!([]));
    assert_eq!(accepted.code, Some(0));
}

#[test]
fn unusable_file_is_an_error_of_its_own() {
    let directory = with_files(A710, A710);
    let swapped = ["migrate", "--plan", "host.json", "guest.json"];
    for arguments in [swapped, ["migrate", "--plan", "guest.json", "absent.json"]] {
        let output = directory.vmm_demo(&arguments);
        assert_eq!(output.code, Some(2), "{}", output.stderr);
        assert!(output.stderr.starts_with("error: "), "{}", output.stderr);
        assert!(output.stdout.is_empty());
    }
}

/// The same judgement as on the command line of `idreg where`.
#[test]
fn judgement_is_that_of_where() {
    for host in ["cortex-a710-lts", "neoverse-n2-latest", A710] {
        let directory = with_files(A710, host);
        let place = directory.idreg(&["where", "guest.json", "host.json"]);
        assert_eq!(directory.vmm_demo(&PLAN).code, place.code, "{host}");
    }
}

/// A guest that boots here has nothing that could differ.
#[test]
fn tolerance_of_a_run_needs_a_guest_from_another_process() {
    let directory = with_files(A710, A710);
    let output = directory.vmm_demo(&["run", "--tolerate", "el2"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(output.stderr.contains("--incoming"), "{}", output.stderr);
}

#[test]
fn arguments_of_a_migration_exclude_the_judgement() {
    let directory = with_files(A710, A710);
    let to = ["migrate", "--to", "unix:a", "--qmp", "unix:b"];
    for other in [["--tolerate", "el2"].as_slice(), &["--json"], &PLAN[1..]] {
        let output = directory.vmm_demo(&[to.as_slice(), other].concat());
        assert_eq!(output.code, Some(2), "{}", output.stderr);
        assert!(
            output.stderr.contains("cannot be used with"),
            "{}",
            output.stderr
        );
    }
    let channels = directory.vmm_demo(&[PLAN.as_slice(), &["--channels", "2"]].concat());
    assert_eq!(channels.code, Some(2));
}
