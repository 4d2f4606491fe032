//! A private set of sources and indexes, and the package tools with it.

use super::archive::Source;
use super::error::AptError;
use crate::command::run;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The keys of the Debian archive, under its old and its new name.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];

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
