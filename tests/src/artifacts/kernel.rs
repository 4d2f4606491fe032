//! The kernels of the emulated host.

mod files;
mod package;

pub use files::Fetched;

use super::apt::{AptError, DebianArchive, Purpose, Root, Source};
use super::cache::{Cache, CacheError};
use clap::ValueEnum;
use files::{KEPT_HEADER, check, seal, select};
use package::{find_image, image_package};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Header with the macros of all system registers, written by the kernel's own generator.
const HEADER: &str = "arch/arm64/include/generated/asm/sysreg-defs.h";

/// A kernel of the host; they differ in the registers that KVM lets user space write.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Kernel {
    /// Linux 6.1: no ID register is writable, and no ioctl reports masks.
    Old,
    /// Linux 6.12: KVM reports the writable bits; the implementation registers are read-only.
    Lts,
    /// The newest kernel in Debian testing: the implementation registers are writable too.
    #[default]
    Latest,
    /// Linux 6.12 with pages of 16 KiB. No test needs it.
    #[value(name = "16k")]
    #[serde(rename = "16k")]
    Pages16K,
}

/// Release of a kernel to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The newest one in the archive.
    Newest,
    /// The [recorded](Kernel::recorded_release) one.
    Recorded,
}

/// Errors of fetching a kernel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// The package tools failed.
    #[error(transparent)]
    Apt(#[from] AptError),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The package holds no kernel image.
    #[error("the package `{package}` holds no kernel image that QEMU can boot")]
    NoImage {
        /// The package.
        package: String,
    },
    /// A file from the package cannot be written or read.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Kernel {
    /// Those of the tests, oldest first.
    pub const ALL: [Self; 3] = [Self::Old, Self::Lts, Self::Latest];

    /// The name on the command line and in the cache.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::Lts => "lts",
            Self::Latest => "latest",
            Self::Pages16K => "16k",
        }
    }

    /// The release with which the tests last passed, as `uname -r` prints it: that of the host
    /// files, which `cargo testbed hosts` writes. `None` for a kernel that no test needs.
    #[must_use]
    pub fn recorded_release(self) -> Option<&'static str> {
        let file = match self {
            Self::Old => include_str!("../../data/hosts/max-old.json"),
            Self::Lts => include_str!("../../data/hosts/max-lts.json"),
            Self::Latest => include_str!("../../data/hosts/max-latest.json"),
            Self::Pages16K => return None,
        };
        let (_, rest) = file.split_once("\"kernel_release\": \"")?;
        let (release, _) = rest.split_once('"')?;
        Some(release)
    }

    /// The package in Debian that follows the newest release of this kernel.
    #[must_use]
    pub fn package(self) -> &'static str {
        match self {
            Self::Old | Self::Lts | Self::Latest => "linux-image-cloud-arm64",
            Self::Pages16K => "linux-image-arm64-16k",
        }
    }

    /// The cached kernel, or `None` if it was not fetched, or if a file has changed since; that is
    /// reported on standard error.
    #[must_use]
    pub fn cached(self, cache: &Cache) -> Option<Fetched> {
        self.intact(&self.directory(cache))
    }

    /// Makes the recorded release the cached one again, if it is in the cache still: a newer one
    /// replaced it.
    ///
    /// # Errors
    ///
    /// [`KernelError::Cache`].
    pub fn restore(self, cache: &Cache) -> Result<Option<Fetched>, KernelError> {
        let kept = self.kept(cache);
        let found = self.intact(&kept);
        let is_recorded = |found: Fetched| Some(&*found.release) == self.recorded_release();
        if !found.is_some_and(is_recorded) {
            return Ok(None);
        }
        cache.replace(&kept, &self.directory(cache), &cache.scratch()?)?;
        Ok(self.cached(cache))
    }

    fn intact(self, directory: &Path) -> Option<Fetched> {
        let fetched = Fetched::read(directory).ok()?;
        if let Err(damage) = check(directory) {
            eprintln!("testbed: the kernel `{self}` is fetched again: {damage}");
            return None;
        }
        (fetched.header.is_some() || !self.has_header()).then_some(fetched)
    }

    /// Fetches a release of this kernel into the cache.
    ///
    /// # Errors
    ///
    /// Every variant of [`KernelError`].
    pub fn fetch(
        self,
        cache: &Cache,
        archive: &DebianArchive,
        release: Release,
    ) -> Result<Fetched, KernelError> {
        let scratch = cache.scratch()?;
        let unpacked = scratch.path().join("package");
        let root = Root::first(
            &scratch.path().join("apt"),
            Purpose::Unpack,
            &self.sources(archive),
        )?;
        let first = match (release, self.recorded_release()) {
            (Release::Recorded, Some(recorded)) => format!("linux-image-{recorded}"),
            _ => self.package().to_owned(),
        };
        let package = image_package(&root, first)?;
        root.unpack(&package, &unpacked)?;
        let (image, release) = find_image(&unpacked).ok_or(KernelError::NoImage { package })?;
        let new = scratch.path().join("new");
        select(&unpacked, &image, &release, &new).map_err(at(&new))?;
        if self.has_header() {
            let headers = scratch.path().join("headers");
            root.unpack(&format!("linux-headers-{release}"), &headers)?;
            let header = header_in(&headers, &release);
            fs::rename(&header, new.join(KEPT_HEADER)).map_err(at(&header))?;
        }
        seal(&new).map_err(at(&new))?;
        let place = self.directory(cache);
        self.put(cache, &new)?;
        Fetched::read(&place).map_err(at(&place))
    }

    /// Moves the files of a kernel to their place in the cache. A recorded release there is kept.
    fn put(self, cache: &Cache, new: &Path) -> Result<(), KernelError> {
        let (place, scratch) = (self.directory(cache), cache.scratch()?);
        let release = |directory: &Path| Some(Fetched::read(directory).ok()?.release);
        let recorded = self.recorded_release();
        let is_recorded =
            |directory: &Path| recorded.is_some() && release(directory).as_deref() == recorded;
        if is_recorded(&place) && !is_recorded(new) {
            cache.replace(&place, &self.kept(cache), &scratch)?;
        }
        Ok(cache.replace(new, &place, &scratch)?)
    }

    /// True if its [`HEADER`] is cached too: this project's description follows the newest kernel.
    fn has_header(self) -> bool {
        self == Self::Latest
    }

    fn directory(self, cache: &Cache) -> PathBuf {
        cache.path().join("kernels").join(self.name())
    }

    /// The place of the recorded release while a newer one is in use.
    fn kept(self, cache: &Cache) -> PathBuf {
        let name = format!("{self}-recorded");
        cache.path().join("kernels").join(name)
    }

    /// Package sources of the kernel, the best choice first.
    fn sources(self, archive: &DebianArchive) -> Vec<Vec<Source>> {
        match self {
            Self::Old => {
                let main = vec![archive.suite("bookworm")];
                let security = vec![archive.security("bookworm")];
                vec![[main.clone(), security].concat(), main]
            }
            Self::Lts | Self::Pages16K => vec![vec![archive.suite("bookworm-backports")]],
            Self::Latest => vec![vec![archive.suite("testing")]],
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> KernelError {
    let path = path.to_owned();
    move |source| KernelError::File { path, source }
}

/// Path of [`HEADER`] in an unpacked package of headers.
fn header_in(package: &Path, release: &str) -> PathBuf {
    let directory = format!("usr/src/linux-headers-{release}");
    package.join(directory).join(HEADER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn releases_of_the_host_files_are_recorded() {
        let hosts = concat!(env!("CARGO_MANIFEST_DIR"), "/data/hosts");
        let mut found = BTreeSet::new();
        for entry in fs::read_dir(hosts).unwrap() {
            let file: serde_json::Value =
                serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
            found.insert(file["kernel_release"].as_str().unwrap().to_owned());
        }
        let recorded = Kernel::ALL.map(|kernel| kernel.recorded_release().unwrap().to_owned());
        assert_eq!(found, BTreeSet::from(recorded));
    }

    #[test]
    fn kernel_has_one_name_everywhere() {
        for kernel in Kernel::value_variants() {
            let value = kernel.to_possible_value().unwrap();
            assert_eq!(value.get_name(), kernel.name());
            assert_eq!(serde_json::to_value(kernel).unwrap(), kernel.name());
        }
    }

    fn write_kernel(directory: &Path, release: &str) {
        fs::create_dir_all(directory.join("modules")).unwrap();
        fs::write(directory.join("Image"), release).unwrap();
        fs::write(directory.join("release"), format!("{release}\n")).unwrap();
        seal(directory).unwrap();
    }

    #[test]
    fn recorded_release_is_kept_when_a_newer_one_replaces_it() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::at(directory.path());
        let kernel = Kernel::Lts;
        let recorded = kernel.recorded_release().unwrap();
        assert!(kernel.restore(&cache).unwrap().is_none());
        for release in ["6.12.1", recorded, "6.12.1000", "6.12.1001"] {
            let new = directory.path().join("new");
            write_kernel(&new, release);
            kernel.put(&cache, &new).unwrap();
            assert_eq!(kernel.cached(&cache).unwrap().release, release);
        }
        assert_eq!(kernel.restore(&cache).unwrap().unwrap().release, recorded);
        assert_eq!(kernel.cached(&cache).unwrap().release, recorded);
        assert!(kernel.restore(&cache).unwrap().is_none(), "it is in use");
    }

    #[test]
    fn kernel_without_a_recorded_release_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::at(directory.path());
        let kernel = Kernel::Pages16K;
        for release in ["6.12.1", "6.12.2"] {
            let new = directory.path().join("new");
            write_kernel(&new, release);
            kernel.put(&cache, &new).unwrap();
            assert_eq!(kernel.cached(&cache).unwrap().release, release);
        }
        assert!(kernel.restore(&cache).unwrap().is_none());
    }

    #[test]
    fn damaged_release_is_not_restored() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::at(directory.path());
        let kept = Kernel::Old.kept(&cache);
        write_kernel(&kept, Kernel::Old.recorded_release().unwrap());
        fs::write(kept.join("Image"), "cut").unwrap();
        assert!(Kernel::Old.restore(&cache).unwrap().is_none());
        write_kernel(&kept, "6.1.0-1");
        assert!(Kernel::Old.restore(&cache).unwrap().is_none());
    }
}
