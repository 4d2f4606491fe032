//! Toolchains that build static binaries for arm64 Linux, the programs of the emulated host.

use super::apt::{AptError, DebianArchive, Purpose, Root};
use super::cache::{Cache, CacheError};
use crate::command::{CommandError, run};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const MUSL: &str = "aarch64-unknown-linux-musl";
const GNU: &str = "aarch64-unknown-linux-gnu";

/// Time limit for `rustup` to reach its server, in seconds.
const RUSTUP_LIMIT: &str = "60";

/// Note in the cache: the compiler for which `rustup` could not add the target.
const NO_TARGET: &str = "no-rustup-target";

/// Path of the compiler of Debian's package, which is not the one on the `PATH`.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// Debian's package of a current Rust compiler.
const COMPILER: &str = "rustc-web";

/// Debian's packages for the cross build, each with a file that exists if it is installed.
const PACKAGES: [(&str, &str); 3] = [
    (COMPILER, "/usr/share/doc/rustc-web/copyright"),
    ("gcc-aarch64-linux-gnu", "/usr/bin/aarch64-linux-gnu-gcc"),
    ("libc6-dev-arm64-cross", "/usr/aarch64-linux-gnu/lib/libc.a"),
];

/// A way to build for the emulated host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The machine's Rust toolchain with the musl target, which needs no other linker.
    Musl,
    /// The machine's Rust toolchain on an arm64 machine.
    Native,
    /// Debian's compiler and cross linker, with the standard library for arm64 from this directory.
    Debian {
        /// A directory in which `lib/rustlib` has the target.
        sysroot: PathBuf,
    },
}

/// Errors of finding a toolchain for the emulated host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolchainError {
    /// The compiler or the package tools failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The package tools failed.
    #[error(
        "cannot fetch the Rust standard library for arm64 that belongs to the installed `rustc-web`"
    )]
    Std(#[source] AptError),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl Toolchain {
    /// The toolchain, or `None` if something must be fetched for it.
    ///
    /// # Errors
    ///
    /// [`ToolchainError::Command`] if there is no Rust compiler.
    pub fn cached(cache: &Cache) -> Result<Option<Self>, ToolchainError> {
        if let Some(toolchain) = installed()? {
            return Ok(Some(toolchain));
        }
        if rustup_failed(cache, &compiler()?) && Self::missing_packages().is_empty() {
            return Self::debian_cached(cache);
        }
        Ok(None)
    }

    /// The toolchain that needs no package from Debian, or `None`. Runs `rustup` to add the target
    /// unless that failed before for this compiler.
    ///
    /// # Errors
    ///
    /// [`ToolchainError::Command`] if there is no Rust compiler, [`ToolchainError::Cache`].
    pub fn of_machine(cache: &Cache, again: bool) -> Result<Option<Self>, ToolchainError> {
        if let Some(toolchain) = installed()? {
            return Ok(Some(toolchain));
        }
        let compiler = compiler()?;
        if !again && rustup_failed(cache, &compiler) {
            return Ok(None);
        }
        let rustup = ["rustup", "target", "add", MUSL];
        if run(Command::new("timeout").arg(RUSTUP_LIMIT).args(rustup)).is_ok()
            && let Some(toolchain) = installed()?
        {
            return Ok(Some(toolchain));
        }
        cache.remember(NO_TARGET, &compiler)?;
        Ok(None)
    }

    /// Debian's packages that are missing or too old for [`Toolchain::Debian`].
    #[must_use]
    pub fn missing_packages() -> Vec<&'static str> {
        let too_old = |package: &str| {
            package == COMPILER && debian_version().is_ok_and(|version| !is_recent(&version))
        };
        let missing = PACKAGES
            .into_iter()
            .filter(|(package, file)| !Path::new(file).exists() || too_old(package));
        missing.map(|(package, _)| package).collect()
    }

    /// All of Debian's packages for [`Toolchain::Debian`].
    #[must_use]
    pub fn packages() -> Vec<&'static str> {
        PACKAGES.into_iter().map(|(package, _)| package).collect()
    }

    /// Debian's toolchain, or `None` if the cache lacks the standard library of its compiler.
    ///
    /// # Errors
    ///
    /// [`ToolchainError::Command`] if the compiler's version cannot be read.
    pub fn debian_cached(cache: &Cache) -> Result<Option<Self>, ToolchainError> {
        let sysroot = sysroot(cache, &debian_version()?);
        Ok(sysroot.is_dir().then_some(Self::Debian { sysroot }))
    }

    /// Fetches the standard library of Debian's compiler. It is unpacked into the cache, so that
    /// this machine needs no packages of another architecture.
    ///
    /// # Errors
    ///
    /// [`ToolchainError::Std`] or [`ToolchainError::Cache`].
    pub fn fetch_debian(cache: &Cache, archive: &DebianArchive) -> Result<Self, ToolchainError> {
        let version = debian_version()?;
        let sysroot = sysroot(cache, &version);
        let scratch = cache.scratch()?;
        let unpacked = scratch.path().join("package");
        let unpack = || {
            let sources = archive.own()?;
            let root = Root::first(&scratch.path().join("apt"), Purpose::Unpack, &sources)?;
            root.unpack(&format!("libstd-rust-web-dev={version}"), &unpacked)
        };
        unpack().map_err(ToolchainError::Std)?;
        cache.replace(&unpacked.join("usr"), &sysroot, &scratch)?;
        Ok(Self::Debian { sysroot })
    }

    /// The target's name.
    #[must_use]
    pub fn target(&self) -> &'static str {
        match self {
            Self::Musl => MUSL,
            Self::Native | Self::Debian { .. } => GNU,
        }
    }

    /// The compiler flags for the target. They pass through the environment, so that programs that
    /// run during the build do not get them.
    fn flags(&self) -> Vec<String> {
        let flags: &[&str] = match self {
            Self::Musl => &["-Clinker=rust-lld", "-Clink-self-contained=yes"],
            Self::Native => &["-Ctarget-feature=+crt-static"],
            Self::Debian { .. } => &[
                "-Ctarget-feature=+crt-static",
                "-Clinker=aarch64-linux-gnu-gcc",
            ],
        };
        let mut flags: Vec<_> = flags.iter().map(ToString::to_string).collect();
        if let Self::Debian { sysroot } = self {
            flags.push(format!("--sysroot={}", sysroot.display()));
        }
        flags
    }

    /// Configures `cargo` for this toolchain and removes variables that select another.
    pub fn configure(&self, cargo: &mut Command) {
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(steers_builds) {
                cargo.env_remove(name);
            }
        }
        cargo.env("CARGO_ENCODED_RUSTFLAGS", self.flags().join("\x1f"));
        if let Self::Debian { .. } = self {
            cargo.env("RUSTC", DEBIAN_RUSTC);
        }
    }
}

/// Variables that change the result of `cargo build` or its tools. The library path is one of them
/// because `cargo run` sets it to that of the running toolchain.
const STEERING: [&str; 7] = [
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "LD_LIBRARY_PATH",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
];

/// Prefixes of further such variables.
const STEERING_PREFIXES: [&str; 3] = ["CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_AARCH64_"];

fn steers_builds(name: &str) -> bool {
    STEERING.contains(&name)
        || STEERING_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// The machine's own toolchain, or `None` if it does not build for the emulated host.
fn installed() -> Result<Option<Toolchain>, CommandError> {
    let mut rustc = Command::new("rustc");
    let directory = run(rustc.args(["--print", "target-libdir", "--target", MUSL]))?;
    if Path::new(directory.trim()).is_dir() {
        return Ok(Some(Toolchain::Musl));
    }
    Ok((env::consts::ARCH == "aarch64").then_some(Toolchain::Native))
}

/// Version text of the machine's compiler.
fn compiler() -> Result<String, CommandError> {
    run(Command::new("rustc").arg("-vV"))
}

fn rustup_failed(cache: &Cache, compiler: &str) -> bool {
    cache
        .recall(NO_TARGET)
        .is_some_and(|known| known == compiler)
}

fn debian_version() -> Result<String, CommandError> {
    run(Command::new("dpkg-query").args(["-W", "-f", "${Version}", COMPILER]))
}

/// Checks that a compiler's version meets the minimum of this workspace.
fn is_recent(version: &str) -> bool {
    let parts = |text: &str| -> Vec<u32> {
        text.split('.')
            .map_while(|part| part.parse().ok())
            .take(2)
            .collect()
    };
    parts(version) >= parts(env!("CARGO_PKG_RUST_VERSION"))
}

fn sysroot(cache: &Cache, version: &str) -> PathBuf {
    cache.path().join("rust-std").join(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_below_the_minimum_are_too_old() {
        assert!(is_recent(env!("CARGO_PKG_RUST_VERSION")));
        assert!(is_recent("2.0.0+dfsg1-1"));
        assert!(is_recent("1.296.0+dfsg1-1~deb12u2"));
        assert!(!is_recent("1.85.0+dfsg3-1~deb12u3"));
        assert!(!is_recent(""));
    }

    #[test]
    fn only_what_steers_builds_is_taken_away() {
        for name in [
            "RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_TARGET_DIR",
            "RUSTC_WRAPPER",
        ] {
            assert!(steers_builds(name), "{name}");
        }
        for name in [
            "CARGO_HOME",
            "PATH",
            "RUSTUP_TOOLCHAIN",
            "CARGO_NET_OFFLINE",
        ] {
            assert!(!steers_builds(name), "{name}");
        }
    }
}
