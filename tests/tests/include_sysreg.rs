//! `include_sysreg!` as its users meet it: what compiles, and what a mistake looks like.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

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
        cases.pass("ui/kernel_files.rs");
    } else {
        // Not println!, which the test harness keeps to itself.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: no kernel file `{}`",
            kernel.display()
        );
    }
}

/// Builds a crate, edits only its description, and builds again.
#[test]
fn edited_description_is_compiled_anew() {
    let crate_root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("edited-description");
    let description = crate_root.join("src/one.sysreg");
    let write = |path: &Path, text: &str| std::fs::write(path, text).expect("a writable target");
    std::fs::create_dir_all(crate_root.join("src")).expect("a writable target");
    write(
        &crate_root.join("Cargo.toml"),
        &MANIFEST.replace("RUNTIME", RUNTIME),
    );
    write(
        &crate_root.join("src/main.rs"),
        "idreg_runtime::include_sysreg!(\"one.sysreg\");\n\
         fn main() { println!(\"{:#x}\", OneEl1::RES1); }\n",
    );
    // The versions that this workspace is locked to are there without a network.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    std::fs::copy(lock, crate_root.join("Cargo.lock")).expect("a writable target");

    for (entry, expected) in [("Res0", "0x0\n"), ("Res1", "0xffffffffffffffff\n")] {
        write(
            &description,
            &format!("Sysreg ONE_EL1 3 0 0 0 1\n{entry} 63:0\nEndSysreg\n"),
        );
        let run = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--offline"])
            .current_dir(&crate_root)
            .output()
            .expect("cargo starts");
        let shown = String::from_utf8_lossy(&run.stdout);
        assert_eq!(shown, expected, "{}", String::from_utf8_lossy(&run.stderr));
    }
}

const RUNTIME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../idreg-runtime");

const MANIFEST: &str = "[package]
name = \"edited-description\"
version = \"0.0.0\"
edition = \"2024\"

[dependencies]
idreg-runtime = { path = \"RUNTIME\", default-features = false }

[workspace]
";
