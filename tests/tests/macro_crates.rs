//! `include_sysreg!` in crates of their own: renamed runtimes, and changes that rebuild a crate.

mod small_crate;

use small_crate::{RUNTIME, SmallCrate};

/// The lints that other people's crates may deny.
#[test]
fn no_lint_of_clippy_fires_in_emitted_code() {
    let small_crate = SmallCrate::new("lints", "");
    small_crate.write(
        "src/lib.rs",
        "//! Registers.\n\nidreg_runtime::include_sysreg!(\"all.sysreg\");\n",
    );
    let all = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/ok_all_forms.sysreg");
    small_crate.write(
        "src/all.sysreg",
        std::fs::read(all).expect("a case of `ui`"),
    );
    let lints = ["all", "pedantic", "nursery", "cargo"].map(|group| format!("-Dclippy::{group}"));
    // The manifest of the small crate is no subject here.
    let allowed = [
        "-Aclippy::cargo_common_metadata",
        "-Aclippy::multiple_crate_versions",
    ];
    let mut arguments = vec!["clippy", "--", "-Dwarnings"];
    arguments.extend(lints.iter().map(String::as_str).chain(allowed));
    let clippy = small_crate.cargo(&arguments);
    let errors = String::from_utf8_lossy(&clippy.stderr);
    assert!(clippy.status.success(), "{errors}");
}

#[test]
fn runtime_under_another_name() {
    let small_crate = SmallCrate::new("runtime-renamed", "");
    small_crate.write(
        "Cargo.toml",
        format!(
            r#"
            package = {{ name = "runtime-renamed", version = "0.0.0", edition = "2024" }}
            workspace = {{}}

            [dependencies.idreg]
            package = "idreg-runtime"
            path = "{RUNTIME}"
            default-features = false
            "#
        ),
    );
    small_crate.write("src/one.sysreg", one("Field 63:0 ALL"));
    small_crate.write(
        "src/main.rs",
        r#"
        idreg::include_sysreg!("one.sysreg", crate = ::idreg);

        fn main() {
            let two = one_el1::All::new(2).unwrap();
            println!("{:?}", OneEl1::from_bits(1).with_all(two));
        }
        "#,
    );
    assert_eq!(run(&small_crate), "ONE_EL1(0x2) {ALL: 0x2}\n");
}

#[test]
fn variable_of_the_configuration() {
    let small_crate = SmallCrate::new("variable-configured", "");
    small_crate.write(
        "src/main.rs",
        r#"
        #![no_implicit_prelude]

        ::idreg_runtime::include_sysreg!(concat!(env!("IDREG_DESCRIPTIONS"), "/one.sysreg"));

        fn main() {
            ::std::println!("{:#x}", OneEl1::RES1);
        }
        "#,
    );
    small_crate.write("old/one.sysreg", one("Res0 63:0"));
    small_crate.write("new/one.sysreg", one("Res1 63:0"));
    for (folder, expected) in [("old", ZEROES), ("new", ONES)] {
        let variable = format!(r#"{{ value = "{folder}", relative = true }}"#);
        let configuration = format!("[env]\nIDREG_DESCRIPTIONS = {variable}\n");
        small_crate.write(".cargo/config.toml", configuration);
        assert_eq!(run(&small_crate), expected);
    }
    small_crate.write("new/one.sysreg", one("Res0 63:0"));
    assert_eq!(run(&small_crate), ZEROES);
}

#[test]
fn variable_of_a_build_script() {
    let small_crate = SmallCrate::new("variable-built", "");
    small_crate.write(
        "src/main.rs",
        r#"
        idreg_runtime::include_sysreg!(env!("IDREG_DESCRIPTION", "build.rs sets it"));

        fn main() {
            println!("{:#x}", OneEl1::RES1);
        }
        "#,
    );
    small_crate.write("old.sysreg", one("Res0 63:0"));
    small_crate.write("new.sysreg", one("Res1 63:0"));
    for (name, expected) in [("old", ZEROES), ("new", ONES)] {
        let line = format!("cargo::rustc-env=IDREG_DESCRIPTION=../{name}.sysreg");
        small_crate.write("build.rs", format!("fn main() {{ println!({line:?}); }}\n"));
        assert_eq!(run(&small_crate), expected);
    }
}

#[test]
fn folders_that_cargo_names() {
    let small_crate = SmallCrate::new("folders-named", "");
    small_crate.write(
        "build.rs",
        r#"
        fn main() {
            println!("cargo::rerun-if-changed=two.sysreg");
            let out = std::env::var("OUT_DIR").unwrap();
            std::fs::copy("two.sysreg", out + "/two.sysreg").unwrap();
        }
        "#,
    );
    small_crate.write(
        "src/main.rs",
        r#"
        idreg_runtime::include_sysreg!(
            concat!(env!("CARGO_MANIFEST_DIR"), "/one.sysreg"),
            concat!(env!("OUT_DIR"), "/two.sysreg"),
        );

        fn main() {
            println!("{:#x}", OneEl1::RES1 | TwoEl1::RES1);
        }
        "#,
    );
    small_crate.write("one.sysreg", one("Res0 63:0"));
    for (entry, expected) in [("Res0 63:0", ZEROES), ("Res1 63:0", ONES)] {
        small_crate.write("two.sysreg", two(entry));
        assert_eq!(run(&small_crate), expected);
    }
}

#[test]
fn edit_of_the_second_file() {
    let small_crate = SmallCrate::new("second-file", "");
    small_crate.write(
        "src/main.rs",
        r#"
        idreg_runtime::include_sysreg!("one.sysreg", concat!("two", ".sysreg"));

        fn main() {
            println!("{:#x}", OneEl1::RES1 | TwoEl1::RES1);
        }
        "#,
    );
    small_crate.write("src/one.sysreg", one("Res0 63:0"));
    for (entry, expected) in [("Res0 63:0", ZEROES), ("Res1 63:0", ONES)] {
        small_crate.write("src/two.sysreg", two(entry));
        assert_eq!(run(&small_crate), expected);
    }
}

#[test]
fn path_that_a_macro_of_another_folder_makes() {
    let small_crate = SmallCrate::new("folder-of-a-macro", "");
    small_crate.write(
        "src/wrapper/registers.rs",
        r#"
        macro_rules! registers {
            ($folder:literal, $path:expr) => {
                idreg_runtime::include_sysreg!($path, concat!($folder, "/two", ".sysreg"));
            };
        }
        "#,
    );
    small_crate.write(
        "src/main.rs",
        r#"
        #[macro_use]
        #[path = "wrapper/registers.rs"]
        mod wrapper;

        registers!("descriptions", "descriptions/one.sysreg");

        fn main() {
            println!("{:#x}", OneEl1::RES1 | TwoEl1::RES1);
        }
        "#,
    );
    small_crate.write("src/descriptions/one.sysreg", one("Res0 63:0"));
    for (entry, expected) in [("Res0 63:0", ZEROES), ("Res1 63:0", ONES)] {
        small_crate.write("src/descriptions/two.sysreg", two(entry));
        assert_eq!(run(&small_crate), expected);
    }
}

const ZEROES: &str = "0x0\n";

const ONES: &str = "0xffffffffffffffff\n";

/// Output of the crate's program.
fn run(small_crate: &SmallCrate) -> String {
    let run = small_crate.cargo(&["run"]);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{errors}");
    String::from_utf8(run.stdout).expect("text")
}

fn one(entry: &str) -> String {
    format!("Sysreg ONE_EL1 3 0 0 0 1\n{entry}\nEndSysreg\n")
}

fn two(entry: &str) -> String {
    format!("Sysreg TWO_EL1 3 0 0 0 2\n{entry}\nEndSysreg\n")
}
