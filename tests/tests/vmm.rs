//! The tests of the demo VMM that need a host (`vmm-demo/tests/host`), on real kernels with Linux
//! guests.
//!
//! Every test fails if its host does not boot.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::{Options, Output, shared};

/// Number of rows; a host may skip some.
const ROWS: usize = 65;

/// Checks that all rows pass and none is skipped.
fn rows_pass(kernel: Kernel) {
    let options = Options::emulated("max", kernel);
    let machine = match shared(&options) {
        Ok(machine) => machine,
        Err(error) => panic!("no host for {options:?}: {error:?}"),
    };
    machine.put_linux(None).expect("a guest to boot");
    let output = machine.vmm_tests(["--show-output"]).expect("the tests end");
    let shown = format!("{}{}", output.stdout(), output.stderr());
    assert_eq!(output.code, 0, "{shown}");
    assert!(passed(&output) >= Some(ROWS), "{shown}");
    assert!(!shown.contains("skipped: "), "{shown}");
}

/// The number N in the closing line, `test result: ok. N passed; ...`.
fn passed(output: &Output) -> Option<usize> {
    let stdout = output.stdout();
    let (_, result) = stdout.rsplit_once("test result: ok. ")?;
    result.split_once(" passed")?.0.parse().ok()
}

#[test]
fn rows_on_latest_max() {
    rows_pass(Kernel::Latest);
}

#[test]
fn rows_on_lts_max() {
    rows_pass(Kernel::Lts);
}

/// QEMU does not apply CNTPOFF_EL2 in its CPU `max`: the physical counter moves on other CPUs.
#[test]
fn both_counters_move_without_cntpoff() {
    let options = Options::emulated("neoverse-v1", Kernel::Latest);
    let machine = shared(&options).expect("a host");
    let output = machine.vmm_tests(["clock::"]).expect("the tests end");
    let shown = format!("{}{}", output.stdout(), output.stderr());
    assert_eq!((output.code, passed(&output)), (0, Some(3)), "{shown}");
}
