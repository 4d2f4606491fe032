//! Crates outside the workspace, like those of the macro's users.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A crate in the target directory that depends on the runtime without its features.
pub(crate) struct SmallCrate {
    root: PathBuf,
}

impl SmallCrate {
    /// Creates a crate; `manifest` is added to its manifest after that dependency.
    pub(crate) fn new(name: &str, manifest: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let small_crate = Self { root };
        small_crate.write(
            "Cargo.toml",
            format!(
                "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
                 [dependencies.idreg-runtime]\npath = \"{RUNTIME}\"\n\
                 default-features = false\n\n\
                 [workspace]\n{manifest}"
            ),
        );
        // The locked versions of this workspace are available without a network.
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        small_crate.write(
            "Cargo.lock",
            std::fs::read(lock).expect("a locked workspace"),
        );
        small_crate
    }

    #[allow(
        dead_code,
        reason = "each test program compiles this module, and only one needs the folder"
    )]
    /// The folder of the crate.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a file of the crate.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        let folder = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(folder).expect("a writable target");
        std::fs::write(path, content).expect("a writable target");
    }

    #[allow(
        dead_code,
        reason = "each test program compiles this module, and only one configures cargo first"
    )]
    /// Runs cargo in the crate. All crates share their built dependencies.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("cargo starts")
    }

    /// Prepares cargo in the crate; the first argument is its command.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let (first, rest) = arguments.split_first().expect("a command of cargo's");
        let mut command = Command::new(env!("CARGO"));
        command
            .args([first, "--quiet", "--offline", "--target-dir"])
            .arg(TARGET)
            .args(rest)
            .current_dir(&self.root);
        command
    }
}

/// Directory of the runtime.
pub(crate) const RUNTIME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../idreg-runtime");

/// Directory of what all these crates build.
pub(crate) const TARGET: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/small-crates");
