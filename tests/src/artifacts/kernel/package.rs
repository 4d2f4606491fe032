//! The package with a kernel's image, and the image in it.

use super::files::entries;
use crate::artifacts::apt::{AptError, Root};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Limit for the steps from a package to the one with the image; more than Debian ever needed.
const STEPS: usize = 5;

/// Follows a package, such as that of the newest release, to the one that holds the image itself.
pub(super) fn image_package(root: &Root, mut package: String) -> Result<String, AptError> {
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
pub(super) fn find_image(package: &Path) -> Option<(PathBuf, String)> {
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
    use std::fs;

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
