//! libvirt's schema of domains, from Debian's package.
//!
//! ```no_run
//! use idreg_tests::libvirt::DomainSchema;
//!
//! if let Some(schema) = DomainSchema::or_skip("domains") {
//!     schema.validate(&["domain.xml".into()]).expect("a valid domain");
//! }
//! ```

use crate::artifacts::cache::{Cache, CacheError};
use crate::command::{CommandError, run};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// The packages that have the schema, in Debian 13 and later, and before.
const SCHEMA_PACKAGES: [&str; 2] = ["libvirt-common", "libvirt0"];

/// The packages of `xmllint`.
const LINT_PACKAGES: [&str; 2] = ["libxml2-utils", "libxml2"];

/// The schema in its package.
const SCHEMA: &str = "usr/share/libvirt/schemas/domain.rng";

/// The program in its package.
const XMLLINT: &str = "usr/bin/xmllint";

/// The directory of all packages in the cache.
const PLACE: &str = "libvirt";

/// Time limit for fetching a package, in seconds.
const LIMIT: &str = "120";

/// The schema, and the program that reads it.
#[derive(Clone, Debug)]
pub struct DomainSchema {
    root: PathBuf,
}

/// Errors of fetching the schema.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A package cannot be fetched.
    #[error("Debian's packages of libvirt and xmllint cannot be fetched")]
    Fetch(#[from] CommandError),
    /// The packages have no schema or no program that runs here.
    #[error("Debian's packages have no `{0}`")]
    NoFile(&'static str),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The packages cannot be listed.
    #[error("cannot read the downloads")]
    Downloads(#[from] io::Error),
}

impl DomainSchema {
    /// The schema, which is fetched once and then taken from the cache.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] if it is not in the cache and this machine has no packages of Debian.
    pub fn fetched() -> Result<Self, SchemaError> {
        let cache = Cache::of_user()?;
        let root = cache.path().join(PLACE);
        let schema = Self { root };
        if schema.root.join(SCHEMA).is_file() {
            return Ok(schema);
        }
        let _lock = cache.lock(|| eprintln!("testbed: waiting for another process to set up"))?;
        if !schema.root.join(SCHEMA).is_file() {
            schema.fetch(&cache)?;
        }
        Ok(schema)
    }

    /// The schema, or `None` after the line `skipped: TEST: CAUSE`.
    #[must_use]
    pub fn or_skip(test: &str) -> Option<Self> {
        let report = |error: SchemaError| {
            let cause = error.source().map(|cause| format!(": {cause}"));
            let message = format!("{error}{}", cause.unwrap_or_default());
            let line: Vec<&str> = message.split_whitespace().collect();
            eprintln!("skipped: {test}: {}", line.join(" "));
        };
        Self::fetched().map_err(report).ok()
    }

    fn fetch(&self, cache: &Cache) -> Result<(), SchemaError> {
        let scratch = cache.scratch()?;
        let new = scratch.path().join("new");
        for package in SCHEMA_PACKAGES {
            if !new.join(SCHEMA).is_file() {
                unpack(package, scratch.path(), &new)?;
            }
        }
        for package in LINT_PACKAGES {
            unpack(package, scratch.path(), &new)?;
        }
        let there = Self { root: new };
        for file in [SCHEMA, XMLLINT] {
            if !there.root.join(file).is_file() {
                return Err(SchemaError::NoFile(file));
            }
        }
        run(there.xmllint().arg("--version"))?;
        Ok(cache.replace(&there.root, &self.root, &scratch)?)
    }

    fn xmllint(&self) -> Command {
        let mut command = Command::new(self.root.join(XMLLINT));
        let libraries = Path::new("usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH));
        command.env("LD_LIBRARY_PATH", self.root.join(libraries));
        command
    }

    /// Checks domains in files.
    ///
    /// # Errors
    ///
    /// [`CommandError::Failed`] with the mistakes of those that are not valid.
    pub fn validate(&self, files: &[PathBuf]) -> Result<(), CommandError> {
        let mut command = self.xmllint();
        command.args(["--noout", "--relaxng"]);
        command.arg(self.root.join(SCHEMA)).args(files);
        run(&mut command).map(drop)
    }
}

/// Downloads a package and adds its files to `root`. A package that Debian does not have is left
/// out.
fn unpack(package: &str, scratch: &Path, root: &Path) -> Result<(), SchemaError> {
    let downloads = scratch.join(package);
    fs::create_dir_all(&downloads)?;
    let known = run(Command::new("apt-cache").args(["show", "--no-all-versions", package]));
    if known.is_err() {
        return Ok(());
    }
    let mut download = Command::new("timeout");
    download.args([LIMIT, "apt-get", "download", package]);
    run(download.current_dir(&downloads))?;
    for file in fs::read_dir(&downloads)? {
        run(Command::new("dpkg-deb")
            .arg("-x")
            .arg(file?.path())
            .arg(root))?;
    }
    Ok(())
}
