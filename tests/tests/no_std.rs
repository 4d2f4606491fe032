//! The macro and the runtime without its features need neither `std` nor an allocator.

mod small_crate;

use small_crate::SmallCrate;

const MANIFEST: &str = "
[features]
alloc = []
std = []

[profile.dev]
panic = \"abort\"
";

/// Runs a program of `core` alone, which does not even compile once anything in it is not.
#[test]
fn program_needs_neither_std_nor_an_allocator() {
    let program = SmallCrate::new("no-std", MANIFEST);
    program.write("src/main.rs", include_str!("no_std/program.rs"));
    program.write("src/one.sysreg", include_str!("no_std/one.sysreg"));
    let run = program.cargo(&["run"]);
    let shown = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}: {shown}", run.status);

    for (feature, expected) in [
        ("alloc", "no global memory allocator found"),
        ("std", "duplicate lang item `panic_impl`"),
    ] {
        let check = program.cargo(&["check", "--features", feature]);
        let shown = String::from_utf8_lossy(&check.stderr);
        assert!(shown.contains(expected), "{feature}: {shown}");
    }
}
