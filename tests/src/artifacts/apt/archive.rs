//! Debian's archive, and the sources of this machine's own packages.

use super::error::AptError;
use crate::command::run;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

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
}
