//! `include_sysreg!` as its users meet it: what compiles, and what a mistake looks like.

use std::path::Path;

/// The `.stderr` files hold the text of the pinned toolchain, see `rust-version`.
#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/ok_*.rs");
    for case in [
        "missing_file",
        "not_a_literal",
        "overlap",
        "gap",
        "duplicate_register",
        "unterminated_block",
        "several_errors",
        "name_collision",
    ] {
        cases.compile_fail(format!("ui/{case}.rs"));
    }
    let kernel = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/kernel/sysreg-7.2");
    if kernel.is_file() {
        cases.pass("ui/kernel_7_2.rs");
    } else {
        println!("no kernel file beside the project: its registers are not compiled here");
    }
}
