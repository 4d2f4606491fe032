//! The files of a kernel in the cache, with their checksums.

use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The name of the header with the system registers.
pub(super) const KEPT_HEADER: &str = "sysreg-defs.h";

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

impl Fetched {
    pub(super) fn read(directory: &Path) -> io::Result<Self> {
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

/// Moves image, release and modules of an unpacked package into the new directory `kept`.
pub(super) fn select(package: &Path, image: &Path, release: &str, kept: &Path) -> io::Result<()> {
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
pub(super) fn seal(directory: &Path) -> io::Result<()> {
    let mut lines = Vec::new();
    for path in files(directory)? {
        let name = path.strip_prefix(directory).unwrap_or(&path);
        writeln!(lines, "{}  {}", checksum(&path)?, name.display())?;
    }
    fs::write(directory.join(CHECKSUMS), lines)
}

/// Compares a kernel's files with their checksums; returns the damage. Caches of earlier versions
/// have none.
pub(super) fn check(directory: &Path) -> Result<(), String> {
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

/// Paths of a directory's entries, sorted by name.
pub(super) fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

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
}
