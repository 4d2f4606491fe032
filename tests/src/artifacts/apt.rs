//! Debian's package tools with sources of their own.
//!
//! A [`Root`] has its own list of sources and its own indexes, so those of this machine stay
//! unchanged. Signatures are checked. The age of an index is not: an archive mirror that lags
//! behind still serves its packages.

use super::cache::CacheError;
use crate::command::{CommandError, run};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The keys of the Debian archive, under its old and its new name.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/// Errors of the package tools.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AptError {
    /// One of the package tools failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// This machine is not set up for packages from Debian.
    #[error(
        "no package source of this machine carries Debian's `{codename}`: run \
         `apt-get update` as root if its indexes are missing, or name an archive with \
         `cargo testbed setup --archive ADDRESS`"
    )]
    NoArchive {
        /// The machine's own release.
        codename: String,
    },
    /// The archive's signatures cannot be checked.
    #[error("the keys of the Debian archive are missing: install `debian-archive-keyring`")]
    NoKeyring,
    /// A download succeeded without leaving a file.
    #[error("`apt-get download {package}` left no package file")]
    NoFile {
        /// The package.
        package: String,
    },
    /// The list of choices is empty.
    #[error("no package sources are given")]
    NoSources,
    /// A file of the private root cannot be written or read.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// Debian's archive: its base address and suites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebianArchive {
    /// The base address of the main archive.
    pub base: String,
    /// The suites of the main archive that this machine uses.
    pub suites: Vec<String>,
    /// The base address of the archive with security updates, if this machine uses one.
    pub security: Option<String>,
}

/// One suite of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The archive's base address.
    pub base: String,
    /// The suite.
    pub suite: String,
}

impl DebianArchive {
    /// The archive that this machine's own packages come from, or the one at `base`.
    ///
    /// # Errors
    ///
    /// [`AptError::NoArchive`] if this machine has none, [`AptError::Command`].
    pub fn find(base: Option<&str>) -> Result<Self, AptError> {
        let codename = codename()?;
        if let Some(base) = base {
            return Ok(Self {
                base: base.to_owned(),
                suites: vec![codename],
                security: None,
            });
        }
        if let Some(archive) = Self::configured(&codename)? {
            return Ok(archive);
        }
        // A machine without indexes, such as a fresh container, lists no sources.
        if rustix::process::geteuid().is_root() {
            run(Command::new("apt-get").arg("update"))?;
        }
        Self::configured(&codename)?.ok_or(AptError::NoArchive { codename })
    }

    /// The archive as the machine's package tools know it.
    fn configured(codename: &str) -> Result<Option<Self>, AptError> {
        let targets = run(Command::new("apt-get").args([
            "indextargets",
            "--format",
            "$(REPO_URI) $(RELEASE)",
            "Created-By: Packages",
        ]))?;
        Ok(Self::from_targets(&targets, codename))
    }

    /// Reads lines of base address and suite. The archive is Debian's if a suite has the name of
    /// this machine's release, or one of Debian's names for its current releases.
    fn from_targets(targets: &str, codename: &str) -> Option<Self> {
        let sources: Vec<_> = targets
            .lines()
            .filter_map(|line| line.split_once(' '))
            .collect();
        let names = [
            codename,
            "stable",
            "oldstable",
            "testing",
            "unstable",
            "sid",
        ];
        let (base, _) = sources.iter().find(|(_, suite)| names.contains(suite))?;
        let mut suites: Vec<String> = Vec::new();
        for (_, suite) in sources.iter().filter(|(found, _)| found == base) {
            if !suites.iter().any(|known| known == suite) {
                suites.push((*suite).to_owned());
            }
        }
        let security = sources
            .iter()
            .find(|(_, suite)| suite.ends_with("-security"));
        Some(Self {
            base: (*base).to_owned(),
            suites,
            security: security.map(|(base, _)| (*base).to_owned()),
        })
    }

    /// A suite of the main archive.
    #[must_use]
    pub fn suite(&self, suite: &str) -> Source {
        Source {
            base: self.base.clone(),
            suite: suite.to_owned(),
        }
    }

    /// The security updates of a release.
    #[must_use]
    pub fn security(&self, codename: &str) -> Source {
        Source {
            base: self.security_base(),
            suite: format!("{codename}-security"),
        }
    }

    /// Sources of this machine's packages, in order of preference: with the security updates of its
    /// release, and without them where they are not available.
    ///
    /// Only the security updates have a `rustc-web` that is new enough; a minimal machine may lack
    /// them in its own sources.
    ///
    /// # Errors
    ///
    /// [`AptError::File`] if this machine's release cannot be read.
    pub fn own(&self) -> Result<[Vec<Source>; 2], AptError> {
        let main: Vec<_> = self.suites.iter().map(|suite| self.suite(suite)).collect();
        let with_security = [main.clone(), vec![self.security(&codename()?)]].concat();
        Ok([with_security, main])
    }

    /// Address of the security updates: beside the main archive unless this machine names another.
    fn security_base(&self) -> String {
        let beside = || format!("{}-security/", self.base.trim_end_matches('/'));
        self.security.clone().unwrap_or_else(beside)
    }
}

/// The name of this machine's release, such as `bookworm`; empty if it has none.
///
/// # Errors
///
/// [`AptError::File`] if `/etc/os-release` cannot be read.
pub fn codename() -> Result<String, AptError> {
    let path = PathBuf::from("/etc/os-release");
    let text = fs::read_to_string(&path).map_err(|source| AptError::File { path, source })?;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    Ok(value.unwrap_or_default().trim_matches('"').to_owned())
}

/// Purpose of a [`Root`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Unpack packages for arm64, without installing them.
    Unpack,
    /// Install packages on this machine.
    Install,
}

/// A private set of sources and indexes.
#[derive(Debug)]
pub struct Root {
    directory: PathBuf,
    config: PathBuf,
    suites: Vec<String>,
}

impl Root {
    /// Makes a root in an empty directory and fetches the indexes of `sources`.
    ///
    /// # Errors
    ///
    /// [`AptError::NoKeyring`], [`AptError::File`], or [`AptError::Command`] if a source cannot be
    /// read.
    pub fn new(directory: &Path, purpose: Purpose, sources: &[Source]) -> Result<Self, AptError> {
        let keyring = KEYRINGS.into_iter().find(|path| Path::new(path).exists());
        let keyring = keyring.ok_or(AptError::NoKeyring)?;
        let config = directory.join("apt.conf");
        for part in ["state/lists/partial", "cache/archives/partial"] {
            let path = directory.join(part);
            fs::create_dir_all(&path).map_err(|source| AptError::File { path, source })?;
        }
        let list = sources_list(purpose, sources, keyring);
        let files = [
            (directory.join("sources.list"), list),
            (directory.join("status"), String::new()),
            (config.clone(), configuration(directory, purpose)),
        ];
        for (path, text) in files {
            fs::write(&path, text).map_err(|source| AptError::File { path, source })?;
        }
        let root = Self {
            directory: directory.to_owned(),
            config,
            suites: sources.iter().map(|source| source.suite.clone()).collect(),
        };
        run(root.apt("apt-get").arg("update"))?;
        Ok(root)
    }

    /// Makes a root of the first of `choices` that can be read.
    ///
    /// # Errors
    ///
    /// As for [`Root::new`], of the last choice.
    pub fn first(
        directory: &Path,
        purpose: Purpose,
        choices: &[Vec<Source>],
    ) -> Result<Self, AptError> {
        let (last, earlier) = choices.split_last().ok_or(AptError::NoSources)?;
        for (number, sources) in earlier.iter().enumerate() {
            let root = Self::new(&directory.join(number.to_string()), purpose, sources);
            if root.is_ok() {
                return root;
            }
        }
        Self::new(&directory.join("last"), purpose, last)
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .arg("-c")
            .arg(&self.config)
            .current_dir(&self.directory);
        command
            .env("LC_ALL", "C")
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// The names of the packages that `package` depends on, in its candidate version.
    ///
    /// # Errors
    ///
    /// [`AptError::Command`] if there is no such package.
    pub fn dependencies(&self, package: &str) -> Result<Vec<String>, AptError> {
        let mut show = self.apt("apt-cache");
        Ok(dependencies(&run(show.args([
            "show",
            "--no-all-versions",
            package,
        ]))?))
    }

    /// Downloads `package` (`NAME` or `NAME=VERSION`) and unpacks it into `directory`.
    ///
    /// # Errors
    ///
    /// [`AptError::Command`], [`AptError::NoFile`] or [`AptError::File`].
    pub fn unpack(&self, package: &str, directory: &Path) -> Result<(), AptError> {
        let downloads = self.directory.join("downloads");
        let failed = |source| AptError::File {
            path: downloads.clone(),
            source,
        };
        fs::create_dir_all(&downloads).map_err(failed)?;
        run(self
            .apt("apt-get")
            .args(["download", package])
            .current_dir(&downloads))?;
        let file = fs::read_dir(&downloads).map_err(failed)?.next();
        let file = file.ok_or_else(|| AptError::NoFile {
            package: package.to_owned(),
        })?;
        let file = file.map_err(failed)?.path();
        run(Command::new("dpkg-deb").arg("-x").arg(&file).arg(directory))?;
        fs::remove_file(&file).map_err(|source| AptError::File { path: file, source })
    }

    /// Installs packages on this machine, from `release` if that is among the sources. No
    /// installed package is removed for it.
    ///
    /// # Errors
    ///
    /// [`AptError::Command`].
    pub fn install(&self, packages: &[&str], release: Option<&str>) -> Result<(), AptError> {
        let mut install = self.apt("apt-get");
        install.args(["install", "--yes", "--no-install-recommends", "--no-remove"]);
        if let Some(release) = release
            && self.suites.iter().any(|suite| suite == release)
        {
            install.args(["--target-release", release]);
        }
        run(install.args(packages))?;
        Ok(())
    }
}

fn sources_list(purpose: Purpose, sources: &[Source], keyring: &str) -> String {
    let architecture = match purpose {
        Purpose::Unpack => "arch=arm64 ",
        Purpose::Install => "",
    };
    let line = |Source { base, suite }: &Source| {
        format!("deb [{architecture}targets=Packages signed-by={keyring}] {base} {suite} main\n")
    };
    sources.iter().map(line).collect()
}

/// Text of `apt.conf` for a root, without the machine's own hooks after index updates.
fn configuration(directory: &Path, purpose: Purpose) -> String {
    let place = directory.display();
    let common = format!(
        r#"Dir::State::lists "{place}/state/lists";
Dir::Cache "{place}/cache";
Dir::Etc::sourcelist "{place}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Acquire::Check-Valid-Until "false";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
APT::Sandbox::User "root";
DPkg::Lock::Timeout "600";
#clear APT::Update;
"#
    );
    let foreign = format!(
        r#"Dir::State "{place}/state";
Dir::State::status "{place}/status";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "arm64";
#clear APT::Architectures;
APT::Architectures {{ "arm64"; }};
"#
    );
    match purpose {
        Purpose::Unpack => common + &foreign,
        Purpose::Install => common,
    }
}

/// Names in the `Depends` field that `apt-cache show` prints, alternatives included.
fn dependencies(stanza: &str) -> Vec<String> {
    let field = stanza
        .lines()
        .find_map(|line| line.strip_prefix("Depends:"))
        .unwrap_or_default();
    let names = field
        .split([',', '|'])
        .filter_map(|one| one.split_whitespace().next());
    names
        .map(|name| name.split(':').next().unwrap_or(name).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_found_among_other_sources() {
        let targets = "\
https://packages.example/apt cloud-sdk-bookworm
http://archive.example/debian/ bookworm
http://archive.example/debian/ bookworm
http://archive.example/debian/ bookworm-updates
http://archive.example/debian-security/ bookworm-security
";
        let archive = DebianArchive::from_targets(targets, "bookworm").unwrap();
        assert_eq!(archive.base, "http://archive.example/debian/");
        assert_eq!(archive.suites, ["bookworm", "bookworm-updates"]);
        assert_eq!(
            archive.security.as_deref(),
            Some("http://archive.example/debian-security/")
        );
        assert_eq!(
            archive.security("trixie"),
            Source {
                base: "http://archive.example/debian-security/".into(),
                suite: "trixie-security".into()
            }
        );
    }

    #[test]
    fn security_updates_are_looked_for_beside_the_archive() {
        let archive =
            DebianArchive::from_targets("http://archive.example/debian/ bookworm", "bookworm");
        let source = archive.unwrap().security("bookworm");
        assert_eq!(source.base, "http://archive.example/debian-security/");
    }

    #[test]
    fn a_machine_without_debian_sources_is_noticed() {
        assert_eq!(
            DebianArchive::from_targets("http://archive.example/other/ noble\n", "noble-x"),
            None
        );
        assert_eq!(DebianArchive::from_targets("", ""), None);
    }

    #[test]
    fn dependencies_are_names_only() {
        let stanza = "\
Package: linux-image-7.2.12+deb14-cloud-arm64
Pre-Depends: base
Depends: dracut | initramfs-tools (>= 0.120), \
linux-binary-7.2.12+deb14-cloud-arm64 (= 7.2.12-1), gcc:any
Description: Linux
";
        assert_eq!(
            dependencies(stanza),
            [
                "dracut",
                "initramfs-tools",
                "linux-binary-7.2.12+deb14-cloud-arm64",
                "gcc"
            ]
        );
        assert!(dependencies("Package: alone\n").is_empty());
    }
}
