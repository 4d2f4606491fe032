//! Crates that depend on the packages of the libraries.

use super::toolchain::{self, Builder};
use idreg_tests::artifacts::build::Workspace;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The package of the library and those that it depends on.
const PACKAGES: [&str; 3] = ["sysreg", "idreg-macros", "idreg-runtime"];
const TESTS: &str = env!("CARGO_MANIFEST_DIR");
/// Directory of everything here that is made.
const MADE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/outside");

/// A crate outside the workspace.
pub(super) struct OutsideCrate {
    root: PathBuf,
}

impl OutsideCrate {
    /// A crate in `tests/outside`.
    pub(super) fn existing(name: &str) -> Self {
        let root = Path::new(TESTS).join("outside").join(name);
        Self { root }
    }

    /// Makes a crate as `cargo new` does, with the library as `cargo add` adds it, and
    /// `serde_json`.
    pub(super) fn new(name: &str, features: &str) -> Self {
        let root = Path::new(MADE).join(name);
        let outside = Self { root };
        outside.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n\
                 [dependencies]\nidreg-runtime = {{ version = \"*\", {features} }}\n\
                 serde_json = \"1\"\n\n[workspace]\n"
            ),
        );
        // The locked versions of this workspace are available without a network.
        let lock = fs::read_to_string(Path::new(TESTS).join("../Cargo.lock"));
        outside.write("Cargo.lock", &lock.expect("a locked workspace"));
        outside
    }

    /// Writes a file of the crate.
    pub(super) fn write(&self, path: &str, text: &str) {
        write_if_new(&self.root.join(path), text.as_bytes());
    }

    /// The text of the crate's lock file.
    pub(super) fn lock(&self) -> String {
        fs::read_to_string(self.root.join("Cargo.lock")).expect("a lock file")
    }

    /// Builds the crate for the host, and returns the path of its program.
    pub(super) fn build(&self, program: &str) -> PathBuf {
        let unpacked = packages();
        let target = Path::new(MADE).join("target");
        let builder = toolchain::oldest();
        with_network_if_need_be(|| {
            let mut cargo = builder.cargo(&["build", "--quiet", "--release"]);
            cargo.arg("--target-dir").arg(&target);
            for package in PACKAGES {
                let folder = unpacked.join(package);
                let patch = format!("patch.crates-io.{package}.path='{}'", folder.display());
                cargo.arg("--config").arg(patch);
            }
            cargo.current_dir(&self.root);
            cargo
        });
        target.join(builder.target()).join("release").join(program)
    }
}

/// Builds an example of the library for the host.
pub(super) fn example(name: &str) -> PathBuf {
    let target = Workspace::find().expect("this workspace").output();
    let builder = Builder::of_testbed();
    with_network_if_need_be(|| {
        let mut cargo = builder.cargo(&["build", "--quiet", "--release"]);
        cargo.arg("--target-dir").arg(&target);
        cargo.args(["--package=idreg-runtime", "--example", name]);
        cargo.current_dir(Path::new(TESTS).join(".."));
        cargo
    });
    let release = target.join(builder.target()).join("release");
    release.join("examples").join(name)
}

/// Packages the libraries, and returns the directory of the unpacked packages.
fn packages() -> &'static Path {
    static UNPACKED: OnceLock<PathBuf> = OnceLock::new();
    UNPACKED.get_or_init(|| {
        let target = Path::new(MADE).join("package");
        with_network_if_need_be(|| {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["package", "--quiet", "--no-verify", "--allow-dirty"]);
            cargo.arg("--target-dir").arg(&target);
            cargo.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
            cargo.current_dir(Path::new(TESTS).join(".."));
            cargo
        });
        let new = tempfile::tempdir_in(MADE).expect("a writable target");
        let unpacked = Path::new(MADE).join("unpacked");
        for package in PACKAGES {
            let file = format!("package/{package}-{}.crate", env!("CARGO_PKG_VERSION"));
            let mut tar = Command::new("tar");
            tar.arg("-xzf")
                .arg(target.join(file))
                .arg("-C")
                .arg(new.path());
            assert!(tar.status().expect("tar starts").success());
            let folder = format!("{package}-{}", env!("CARGO_PKG_VERSION"));
            mirror(&new.path().join(folder), &unpacked.join(package));
        }
        unpacked
    })
}

/// Makes `to` equal to `from`. Files that are equal keep their times, and new ones have the present
/// one, since cargo goes by it and a package has no times.
fn mirror(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a writable target");
    for entry in fs::read_dir(to).expect("a directory") {
        let old = entry.expect("an entry");
        if !from.join(old.file_name()).exists() {
            let removed = if old.path().is_dir() {
                fs::remove_dir_all(old.path())
            } else {
                fs::remove_file(old.path())
            };
            removed.expect("a writable target");
        }
    }
    for entry in fs::read_dir(from).expect("a directory") {
        let new = entry.expect("an entry");
        let place = to.join(new.file_name());
        if new.path().is_dir() {
            mirror(&new.path(), &place);
        } else {
            write_if_new(&place, &fs::read(new.path()).expect("a file"));
        }
    }
}

fn write_if_new(path: &Path, content: &[u8]) {
    if fs::read(path).is_ok_and(|old| old == content) {
        return;
    }
    let folder = path.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).expect("a writable target");
    fs::write(path, content).expect("a writable target");
}

/// Runs cargo with the crates that are here, and if that fails with the network.
fn with_network_if_need_be(command: impl Fn() -> Command) {
    let run = |cargo: &mut Command| cargo.output().expect("cargo starts");
    if run(command().arg("--offline")).status.success() {
        return;
    }
    let output = run(&mut command());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}
