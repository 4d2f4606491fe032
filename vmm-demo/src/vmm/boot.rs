//! The boot files of a guest: checks and loads a kernel, its initial RAM disk and its command line.

mod addresses;
pub mod command_line;
mod error;
pub mod image;
mod image_error;
pub mod initrd;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod load;
mod unpack;

pub use self::addresses::LoadAddresses;
pub use self::error::KernelError;
pub use self::image_error::ImageError;

use self::image::{Image, PageSize};
use self::initrd::InitrdError;
use idreg_runtime::regs::IdAa64mmfr0El1;
use idreg_runtime::regs::id_aa64mmfr0_el1::{Tgran4, Tgran16, Tgran64};
use idreg_runtime::values::RegisterValues;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A kernel and its boot files. The files stay open, so that the guest starts with the same ones
/// after a reset.
#[derive(Debug)]
pub struct Kernel {
    path: PathBuf,
    file: File,
    image: Image,
    /// The unpacked image, or `None` if the file is a plain one.
    unpacked: Option<Vec<u8>>,
    /// The initial RAM disk, or `None` without one.
    pub initrd: Option<Initrd>,
    /// The command line.
    pub command_line: String,
}

/// An initial RAM disk.
#[derive(Debug)]
pub struct Initrd {
    path: PathBuf,
    /// Its file.
    pub file: File,
    length: u64,
}

impl Kernel {
    /// Opens the files and checks the kernel's header and the command line.
    ///
    /// # Errors
    ///
    /// [`KernelError`].
    pub fn open(
        path: &Path,
        initrd: Option<&Path>,
        command_line: Option<&str>,
    ) -> Result<Self, KernelError> {
        let failed = |source| KernelError::Image {
            path: path.to_owned(),
            source,
        };
        let mut file = open_file(path).map_err(|error| failed(error.into()))?;
        let (image, unpacked) = Image::open(&mut file).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            image,
            unpacked,
            initrd: initrd.map(Initrd::open).transpose()?,
            command_line: command_line::check(command_line)?.to_owned(),
        })
    }

    /// Checks the files again: one that was overwritten in place starts as it is now.
    ///
    /// # Errors
    ///
    /// [`KernelError`].
    pub fn read_again(&mut self) -> Result<(), KernelError> {
        let opened = Image::open(&mut self.file).map_err(|source| KernelError::Image {
            path: self.path.clone(),
            source,
        });
        (self.image, self.unpacked) = opened?;
        match &mut self.initrd {
            Some(initrd) => initrd.measure(),
            None => Ok(()),
        }
    }

    /// Opens the initial RAM disk a second time, so that it can be read to its end while the guest
    /// starts. Returns `None` without one.
    #[must_use]
    pub fn initrd_to_check(&self) -> Option<Result<(File, PathBuf), KernelError>> {
        let path = &self.initrd.as_ref()?.path;
        let file = File::open(path).map_err(|error| initrd_failed(path, error.into()));
        Some(file.map(|file| (file, path.clone())))
    }

    /// Checks that vCPUs with these ID registers have the page size that the kernel was built for.
    /// Without it, a kernel stops in its first instructions and cannot report the cause.
    ///
    /// # Errors
    ///
    /// [`KernelError`].
    pub fn check_pages(&self, guest: &RegisterValues) -> Result<(), KernelError> {
        let (Some(size), Some(register)) = (self.image.page_size, guest.get_as::<IdAa64mmfr0El1>())
        else {
            return Ok(());
        };
        let (size, has, property, value) = match size {
            PageSize::Kib4 => {
                let field = register.tgran4();
                ("4 KiB", field != Tgran4::NI, Tgran4::PROPERTY, field.bits())
            }
            PageSize::Kib16 => {
                let field = register.tgran16();
                (
                    "16 KiB",
                    field != Tgran16::NI,
                    Tgran16::PROPERTY,
                    field.bits(),
                )
            }
            PageSize::Kib64 => {
                let field = register.tgran64();
                (
                    "64 KiB",
                    field != Tgran64::NI,
                    Tgran64::PROPERTY,
                    field.bits(),
                )
            }
        };
        if has {
            return Ok(());
        }
        Err(KernelError::NoSuchPages {
            path: self.path.clone(),
            size,
            property,
            value: format!("{value:#x}"),
        })
    }

    /// The addresses of the boot files in this number of bytes of RAM: the kernel first, then the
    /// device tree, then the initial RAM disk. The kernel requires them to be near each other
    /// (`booting.rst`, 3).
    ///
    /// # Errors
    ///
    /// [`KernelError`].
    pub fn load_addresses(&self, ram: u64) -> Result<LoadAddresses, KernelError> {
        addresses::assign_addresses(
            self.image,
            self.initrd.as_ref().map(|initrd| initrd.length),
            ram,
        )
    }
}

impl Initrd {
    fn open(path: &Path) -> Result<Self, KernelError> {
        let mut initrd = Self {
            path: path.to_owned(),
            file: open_file(path).map_err(|error| initrd_failed(path, error.into()))?,
            length: 0,
        };
        initrd.measure()?;
        Ok(initrd)
    }

    /// Reads the file's length.
    fn measure(&mut self) -> Result<(), KernelError> {
        let metadata = self.file.metadata();
        self.length = metadata
            .map_err(|error| initrd_failed(&self.path, error.into()))?
            .len();
        if self.length == 0 {
            return Err(initrd_failed(&self.path, InitrdError::Empty));
        }
        Ok(())
    }
}

/// Opens a regular file. Opening a pipe would block until a process writes to it.
fn open_file(path: &Path) -> io::Result<File> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    File::open(path)
}

fn initrd_failed(path: &Path, source: InitrdError) -> KernelError {
    KernelError::Initrd {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vmm::layout;
    use idreg_runtime::host::Host;

    const MIB: u64 = 1 << 20;
    const IMAGE: Image = Image {
        text_offset: 0,
        size: 33 * MIB + 5,
        page_size: None,
    };

    /// A kernel of 4 MiB, as its header says, and an initial RAM disk.
    fn files(directory: &Path) -> (PathBuf, PathBuf) {
        let (kernel, initrd) = (directory.join("Image"), directory.join("initrd"));
        let mut header = vec![0; 64];
        header[16..24].copy_from_slice(&(4 * MIB).to_le_bytes());
        header[56..60].copy_from_slice(b"ARM\x64");
        std::fs::write(&kernel, header).unwrap();
        std::fs::write(&initrd, b"070701 and not much more").unwrap();
        (kernel, initrd)
    }

    #[test]
    fn boot_files_are_opened_and_get_addresses() {
        let directory = tempfile::tempdir().unwrap();
        let (kernel, initrd) = files(directory.path());
        let opened = Kernel::open(&kernel, Some(&initrd), None).unwrap();
        assert_eq!(opened.command_line, "console=ttyS0");
        let start = layout::RAM_START + 6 * MIB;
        assert_eq!(
            opened.load_addresses(8 * MIB).unwrap().initrd,
            Some(start..start + 24)
        );
        let (file, path) = opened.initrd_to_check().unwrap().unwrap();
        assert_eq!(path, initrd);
        initrd::check(file).unwrap_err();
    }

    #[test]
    fn files_overwritten_in_place_are_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let (kernel, initrd) = files(directory.path());
        let mut opened = Kernel::open(&kernel, Some(&initrd), None).unwrap();
        let mut larger = std::fs::read(&kernel).unwrap();
        larger[16..24].copy_from_slice(&(40 * MIB).to_le_bytes());
        std::fs::write(&kernel, larger).unwrap();
        std::fs::write(&initrd, b"070701 and longer than it was before").unwrap();
        opened.read_again().unwrap();
        let addresses = opened.load_addresses(64 * MIB).unwrap();
        assert_eq!(addresses.fdt, layout::RAM_START + 40 * MIB);
        let initrd_range = addresses.initrd.unwrap();
        assert_eq!(initrd_range.end - initrd_range.start, 36);
        std::fs::write(&kernel, b"\x7fELF").unwrap();
        let error = opened.read_again().unwrap_err().to_string();
        assert!(error.starts_with("cannot use the kernel"), "{error}");
    }

    #[test]
    fn packed_kernel_is_unpacked() {
        use flate2::write::GzEncoder;
        use std::io::Write as _;

        let directory = tempfile::tempdir().unwrap();
        let (kernel, _) = files(directory.path());
        let plain = std::fs::read(&kernel).unwrap();
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&plain).unwrap();
        std::fs::write(&kernel, encoder.finish().unwrap()).unwrap();
        let opened = Kernel::open(&kernel, None, None).unwrap();
        assert_eq!(opened.image.size, 4 * MIB);
        assert!(opened.unpacked == Some(plain));
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let (kernel, initrd) = files(directory.path());
        let missing = directory.path().join("missing");
        let error = |kernel: &Path, initrd: &Path, words: &str| {
            let result = Kernel::open(kernel, Some(initrd), Some(words));
            result.unwrap_err().to_string()
        };
        assert!(error(&missing, &initrd, "").ends_with("missing`"));
        assert!(error(&kernel, &missing, "").ends_with("missing`"));
        let lines = directory.path().join("a\n\x1b[31mb");
        assert!(error(&lines, &initrd, "").ends_with("/a\\n\\u{1b}[31mb`"));
        assert!(error(&kernel, &lines, "").ends_with("/a\\n\\u{1b}[31mb`"));
        assert!(error(&initrd, &initrd, "").starts_with("cannot use the kernel"));
        for other in ["/", "/dev/null"] {
            let other = Path::new(other);
            assert!(error(other, &initrd, "").starts_with("cannot use the kernel `/"));
            assert!(error(&kernel, other, "").starts_with("cannot use the initial RAM disk `/"));
        }
        for words in ["a\0b", &"x".repeat(2048)] {
            assert!(
                error(&kernel, &initrd, words).contains("command line"),
                "{words:?}"
            );
        }
        Kernel::open(&kernel, None, Some("")).unwrap();
        Kernel::open(&kernel, None, Some(&"x".repeat(2047))).unwrap();
    }

    #[test]
    fn pages_that_the_model_hides_are_missed() {
        let file = include_str!("../../../tests/data/hosts/max-latest.json");
        let host: Host = serde_json::from_str(file).unwrap();
        let mut guest = host.values().clone();
        let kernel = |page_size| Kernel {
            path: "Image".into(),
            file: File::open("/dev/null").unwrap(),
            image: Image {
                page_size: Some(page_size),
                ..IMAGE
            },
            unpacked: None,
            initrd: None,
            command_line: String::new(),
        };
        for size in [PageSize::Kib4, PageSize::Kib16, PageSize::Kib64] {
            kernel(size).check_pages(&guest).unwrap();
        }
        guest.set_field(Tgran4::NI);
        guest.set_field(Tgran16::NI);
        guest.set_field(Tgran64::NI);
        for (size, told) in [
            (
                PageSize::Kib4,
                "4 KiB, which this guest's CPUs do not have (SYSREG_ID_AA64MMFR0_EL1_TGRAN4=0xf)",
            ),
            (
                PageSize::Kib16,
                "16 KiB, which this guest's CPUs do not have (SYSREG_ID_AA64MMFR0_EL1_TGRAN16=0x0)",
            ),
            (
                PageSize::Kib64,
                "64 KiB, which this guest's CPUs do not have (SYSREG_ID_AA64MMFR0_EL1_TGRAN64=0xf)",
            ),
        ] {
            let error = kernel(size).check_pages(&guest).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
