//! The macro and the runtime without features, which need neither `std` nor an allocator.

mod small_crate;

use small_crate::SmallCrate;
use std::process::Command;

const MANIFEST: &str = "
[features]
alloc = []
std = []

[profile.dev]
panic = \"abort\"
";

/// Runs a program of `core` alone, which does not compile if anything in it needs more.
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

/// Hosts from files, models and plans work without KVM too, as a fleet's scheduler needs them.
#[test]
fn without_its_feature_no_crate_of_kvm_is_needed() {
    let tree = |features: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "tree",
            "--package=idreg-runtime",
            "--edges=normal",
            "--prefix=none",
        ]);
        cargo
            .args(["--target=aarch64-unknown-linux-gnu"])
            .args(features);
        let output = cargo.output().expect("cargo tree");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let of_kvm = ["kvm-ioctls", "kvm-bindings", "vmm-sys-util"];
    let with = tree(&[]);
    assert!(of_kvm.iter().all(|name| with.contains(name)), "{with}");
    assert!(!with.contains("rustix"), "{with}");
    let without = tree(&["--no-default-features", "--features=serde"]);
    assert!(
        without.contains("serde") && !without.contains("kvm"),
        "{without}"
    );
    assert!(
        !of_kvm.iter().any(|name| without.contains(name)),
        "{without}"
    );
    let alone = tree(&["--no-default-features", "--features=std"]);
    assert!(
        !["serde", "kvm"].iter().any(|name| alone.contains(name)),
        "{alone}"
    );
}
