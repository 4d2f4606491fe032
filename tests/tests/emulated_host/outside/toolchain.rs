//! The Rust toolchains that build crates for the host.

use idreg_tests::artifacts::cache::Cache;
use idreg_tests::artifacts::toolchain::Toolchain;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The oldest toolchain that the library supports (`rust-version` in its manifest).
const OLDEST: &str = "1.88.0";

/// A toolchain for the host, of one version of Rust.
pub(super) struct Builder {
    toolchain: Toolchain,
    /// A toolchain of rustup's, or `None` for the one that runs the tests.
    rustup: Option<&'static str>,
}

/// The oldest toolchain if rustup has it with the target of the host, else that of the testbed.
pub(super) fn oldest() -> &'static Builder {
    static OLDEST_BUILDER: OnceLock<Builder> = OnceLock::new();
    OLDEST_BUILDER.get_or_init(|| {
        let oldest = Builder {
            toolchain: Toolchain::Musl,
            rustup: Some(OLDEST),
        };
        if oldest.is_installed() {
            return oldest;
        }
        eprintln!(
            "note: built with the Rust of the testbed: {OLDEST} is not installed for the host"
        );
        Builder::of_testbed()
    })
}

impl Builder {
    /// The toolchain that builds the programs of the testbed.
    pub(super) fn of_testbed() -> Self {
        let cache = Cache::of_user().expect("a cache");
        let toolchain = Toolchain::cached(&cache).expect("a Rust compiler");
        Self {
            toolchain: toolchain.expect("`cargo xtest` sets it up"),
            rustup: None,
        }
    }

    /// The name of the target.
    pub(super) fn target(&self) -> &'static str {
        self.toolchain.target()
    }

    /// Prepares cargo for the target; the first argument is its command.
    pub(super) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = match self.rustup {
            Some(version) => rustup(version, "cargo"),
            None => Command::new(env!("CARGO")),
        };
        self.toolchain.configure(&mut cargo);
        cargo.args(arguments).args(["--target", self.target()]);
        cargo
    }

    fn is_installed(&self) -> bool {
        let Some(version) = self.rustup else {
            return true;
        };
        let mut rustc = rustup(version, "rustc");
        rustc.args(["--print", "target-libdir", "--target", self.target()]);
        let Ok(output) = rustc.output() else {
            return false;
        };
        let directory = String::from_utf8_lossy(&output.stdout);
        output.status.success() && Path::new(directory.trim()).is_dir()
    }
}

fn rustup(version: &str, program: &str) -> Command {
    let mut rustup = Command::new("rustup");
    rustup.args(["run", version, program]);
    rustup
}
