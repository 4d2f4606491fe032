//! The kernels of the emulated host.

use super::apt::{AptError, DebianArchive, Purpose, Root, Source};
use super::cache::{Cache, CacheError};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The package that follows the newest kernel of each suite.
const PACKAGE: &str = "linux-image-cloud-arm64";

/// Limit for the steps from that package to the one with the image; more than Debian ever needed.
const STEPS: usize = 5;

/// Header with the macros of all system registers, written by the kernel's own generator.
const HEADER: &str = "arch/arm64/include/generated/asm/sysreg-defs.h";

/// The name that [`HEADER`] has in the cache.
const KEPT_HEADER: &str = "sysreg-defs.h";

/// The checksums of a cached kernel's files, in the form of `sha256sum`.
const CHECKSUMS: &str = "SHA256SUMS";

/// Drivers of the port to the testbed, in the order of their dependencies: modules in Linux 6.1,
/// built in since.
const MODULES: [&str; 6] = [
    "drivers/virtio/virtio_ring.ko",
    "drivers/virtio/virtio.ko",
    "drivers/virtio/virtio_pci_legacy_dev.ko",
    "drivers/virtio/virtio_pci_modern_dev.ko",
    "drivers/virtio/virtio_pci.ko",
    "drivers/char/virtio_console.ko",
];

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
}

/// A kernel in the cache.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Its image.
    pub path: PathBuf,
    /// Its release, as `uname -r` prints it.
    pub release: String,
    /// The modules for the port to the testbed. Their names begin with the load order.
    pub modules: Vec<PathBuf>,
    /// The header with its system registers; only for the newest kernel.
    pub header: Option<PathBuf>,
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
    /// All of them, oldest first.
    pub const ALL: [Self; 3] = [Self::Old, Self::Lts, Self::Latest];

    /// The name on the command line and in the cache.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::Lts => "lts",
            Self::Latest => "latest",
        }
    }

    /// The cached kernel, or `None` if it was not fetched, or if a file has changed since; that is
    /// reported on standard error.
    #[must_use]
    pub fn cached(self, cache: &Cache) -> Option<Fetched> {
        let directory = self.directory(cache);
        let fetched = Fetched::read(&directory).ok()?;
        if let Err(damage) = check(&directory) {
            eprintln!("testbed: the kernel `{self}` is fetched again: {damage}");
            return None;
        }
        (fetched.header.is_some() || !self.has_header()).then_some(fetched)
    }

    /// Fetches the current kernel of this kind into the cache.
    ///
    /// # Errors
    ///
    /// Every variant of [`KernelError`].
    pub fn fetch(self, cache: &Cache, archive: &DebianArchive) -> Result<Fetched, KernelError> {
        let scratch = cache.scratch()?;
        let unpacked = scratch.path().join("package");
        let root = Root::first(
            &scratch.path().join("apt"),
            Purpose::Unpack,
            &self.sources(archive),
        )?;
        let package = image_package(&root)?;
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
        cache.replace(&new, &place, &scratch)?;
        Fetched::read(&place).map_err(at(&place))
    }

    /// True if its [`HEADER`] is cached too: this project's description follows the newest kernel.
    fn has_header(self) -> bool {
        self == Self::Latest
    }

    fn directory(self, cache: &Cache) -> PathBuf {
        cache.path().join("kernels").join(self.name())
    }

    /// Package sources of the kernel, the best choice first.
    fn sources(self, archive: &DebianArchive) -> Vec<Vec<Source>> {
        match self {
            Self::Old => {
                let main = vec![archive.suite("bookworm")];
                let security = vec![archive.security("bookworm")];
                vec![[main.clone(), security].concat(), main]
            }
            Self::Lts => vec![vec![archive.suite("bookworm-backports")]],
            Self::Latest => vec![vec![archive.suite("testing")]],
        }
    }
}

impl Fetched {
    fn read(directory: &Path) -> io::Result<Self> {
        let release = fs::read_to_string(directory.join("release"))?;
        let header = directory.join(KEPT_HEADER);
        Ok(Self {
            path: directory.join("Image"),
            release: release.trim().to_owned(),
            modules: entries(&directory.join("modules"))?,
            header: header.is_file().then_some(header),
        })
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Moves image, release and modules of an unpacked package into the new directory `kept`.
fn select(package: &Path, image: &Path, release: &str, kept: &Path) -> io::Result<()> {
    let modules = kept.join("modules");
    fs::create_dir_all(&modules)?;
    fs::rename(image, kept.join("Image"))?;
    fs::write(kept.join("release"), format!("{release}\n"))?;
    for (place, module) in MODULES.iter().enumerate() {
        let name = Path::new(module)
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let found = package
            .join("lib/modules")
            .join(release)
            .join("kernel")
            .join(module);
        if found.exists() {
            fs::rename(found, modules.join(format!("{place}-{name}")))?;
        }
    }
    Ok(())
}

/// Writes the checksums of a kernel's files beside them.
fn seal(directory: &Path) -> io::Result<()> {
    let mut lines = Vec::new();
    for path in files(directory)? {
        let name = path.strip_prefix(directory).unwrap_or(&path);
        writeln!(lines, "{}  {}", checksum(&path)?, name.display())?;
    }
    fs::write(directory.join(CHECKSUMS), lines)
}

/// Compares a kernel's files with their checksums; returns the damage. Caches of earlier versions
/// have none.
fn check(directory: &Path) -> Result<(), String> {
    let Ok(lines) = fs::read_to_string(directory.join(CHECKSUMS)) else {
        return Ok(());
    };
    for line in lines.lines() {
        let (expected, name) = line.split_once("  ").unwrap_or((line, ""));
        let path = directory.join(name);
        match checksum(&path) {
            Ok(found) if found == expected => {}
            Ok(_) => return Err(format!("{} is cut short or has changed", path.display())),
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
        }
    }
    Ok(())
}

/// The files of a cached kernel.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let all = [entries(directory)?, entries(&directory.join("modules"))?].concat();
    let is_sealed = |path: &PathBuf| path.is_file() && !path.ends_with(CHECKSUMS);
    Ok(all.into_iter().filter(is_sealed).collect())
}

/// The SHA-256 of a file in hexadecimal.
fn checksum(path: &Path) -> io::Result<String> {
    let digest = Sha256::digest(fs::read(path)?);
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    Ok(digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect())
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

/// Follows [`PACKAGE`] to the package that holds the image itself.
fn image_package(root: &Root) -> Result<String, AptError> {
    let mut package = PACKAGE.to_owned();
    for _ in 0..STEPS {
        match next_package(&root.dependencies(&package)?) {
            Some(next) => package = next,
            None => break,
        }
    }
    Ok(package)
}

/// The next package on the way to the image, or `None` at its end. In bookworm
/// `linux-image-VERSION` holds the image; in testing that is a stub which depends on
/// `linux-binary-VERSION`.
fn next_package(dependencies: &[String]) -> Option<String> {
    let on_the_way =
        |name: &&String| name.starts_with("linux-image-") || name.starts_with("linux-binary-");
    dependencies.iter().find(on_the_way).cloned()
}

/// The image in an unpacked package and its release, or `None`.
fn find_image(package: &Path) -> Option<(PathBuf, String)> {
    let in_boot = |path: PathBuf| {
        let release = path
            .file_name()?
            .to_str()?
            .strip_prefix("vmlinuz-")?
            .to_owned();
        Some((path, release))
    };
    let in_modules = |path: PathBuf| {
        let release = path.file_name()?.to_str()?.to_owned();
        Some((path.join("vmlinuz"), release))
    };
    let boot = entries(&package.join("boot")).unwrap_or_default();
    let modules = entries(&package.join("usr/lib/modules")).unwrap_or_default();
    let candidates = boot.into_iter().filter_map(in_boot);
    candidates
        .chain(modules.into_iter().filter_map(in_modules))
        .find(|(path, _)| is_image(path).unwrap_or(false))
}

/// Paths of a directory's entries, sorted by name.
fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

/// Checks that a file is an uncompressed arm64 image: its header, described in the kernel's
/// `arch/arm64/booting.rst`, has the magic number at byte 56.
fn is_image(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(56))?;
    let mut magic = [0; 4];
    file.read_exact(&mut magic)?;
    Ok(&magic == b"ARM\x64")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_stub_leads_to_the_image() {
        let meta = names(&[
            "linux-base-cloud-arm64",
            "linux-image-7.2.12+deb14-cloud-arm64",
        ]);
        assert_eq!(
            next_package(&meta).unwrap(),
            "linux-image-7.2.12+deb14-cloud-arm64"
        );
        let stub = names(&[
            "dracut",
            "linux-base-7.2.12",
            "linux-binary-7.2.12",
            "linux-modules-7.2.12",
        ]);
        assert_eq!(next_package(&stub).unwrap(), "linux-binary-7.2.12");
        assert_eq!(next_package(&names(&["kmod", "linux-base"])), None);
    }

    #[test]
    fn a_file_that_has_changed_is_named() {
        let kernel = tempfile::tempdir().unwrap();
        let path = |name: &str| kernel.path().join(name);
        fs::create_dir(path("modules")).unwrap();
        fs::write(path("Image"), [7; 4096]).unwrap();
        fs::write(path("modules/0-virtio.ko"), "module").unwrap();
        assert_eq!(
            check(kernel.path()),
            Ok(()),
            "a cache of an earlier version"
        );
        seal(kernel.path()).unwrap();
        assert_eq!(check(kernel.path()), Ok(()));

        File::options()
            .write(true)
            .open(path("Image"))
            .unwrap()
            .set_len(4095)
            .unwrap();
        let damage = check(kernel.path()).unwrap_err();
        assert!(damage.ends_with("/Image is cut short or has changed"));
        fs::write(path("Image"), [7; 4096]).unwrap();
        fs::remove_file(path("modules/0-virtio.ko")).unwrap();
        let damage = check(kernel.path()).unwrap_err();
        assert!(
            damage.contains("/modules/0-virtio.ko cannot be read"),
            "{damage}"
        );
    }

    #[test]
    fn a_checksum_is_that_of_sha256sum() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "abc").unwrap();
        // The example of FIPS 180-4 for messages of one block.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(checksum(file.path()).unwrap(), expected);
    }

    #[test]
    fn an_image_is_known_by_its_header() {
        let package = tempfile::tempdir().unwrap();
        let modules = package
            .path()
            .join("usr/lib/modules/7.2.12+deb14-cloud-arm64");
        let boot = package.path().join("boot");
        fs::create_dir_all(&modules).unwrap();
        fs::create_dir_all(&boot).unwrap();
        fs::write(boot.join("vmlinuz-1.2.3"), [0; 64]).unwrap();
        assert_eq!(find_image(package.path()), None);
        let image = [&[0; 56][..], b"ARM\x64"].concat();
        fs::write(modules.join("vmlinuz"), &image).unwrap();
        let (path, release) = find_image(package.path()).unwrap();
        assert_eq!(
            (path, &*release),
            (modules.join("vmlinuz"), "7.2.12+deb14-cloud-arm64")
        );
        fs::write(boot.join("vmlinuz-6.1.0-56-cloud-arm64"), &image).unwrap();
        assert_eq!(
            find_image(package.path()).unwrap().1,
            "6.1.0-56-cloud-arm64"
        );
    }
}
