//! The header of an arm64 kernel image (Linux 7.2, `Documentation/arch/arm64/booting.rst`, 4),
//! checked before a guest is started: a kernel that cannot run here stops without a message.

use super::image_error::{HEADER, ImageError};
use super::unpack;
use object::LittleEndian;
use object::read::pe::PeFile64;
use std::io::{Cursor, Read, Seek, SeekFrom};

/// The bytes read from a file: the header, and the PE header behind it in kernels with an EFI stub.
const HEAD: u64 = 4096;
const MAGIC: &[u8] = b"ARM\x64";

/// Magic numbers of other kinds of files, with a hint for each.
const OTHERS: [(&[u8], &str); 10] = [
    (
        b"\xfd7zXZ",
        "it is compressed with xz: `xzcat FILE > Image` unpacks it",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "it is compressed with zstd: `zstdcat FILE > Image` unpacks it",
    ),
    (
        b"\x04\x22\x4d\x18",
        "it is compressed with lz4: `lz4cat FILE > Image` unpacks it",
    ),
    (
        b"\x02\x21\x4c\x18",
        "it is compressed with lz4: `lz4cat FILE > Image` unpacks it",
    ),
    (
        b"\x7fELF",
        "it is an ELF file: `objcopy -O binary FILE Image` makes an image of an arm64 `vmlinux`",
    ),
    (
        b"BZh",
        "it is compressed with bzip2: `bzcat FILE > Image` unpacks it",
    ),
    (
        b"\x5d\0\0",
        "it is compressed with lzma: `xzcat --format=lzma FILE > Image` unpacks it",
    ),
    (
        b"\x27\x05\x19\x56",
        "it is a uImage of U-Boot: `tail -c +65 FILE > Image` unpacks one without compression",
    ),
    (b"07070", "it is a cpio archive: pass it with `--initrd`"),
    (
        b"\xd0\x0d\xfe\xed",
        "it is a device tree, which this program generates itself, or an image in that form (FIT): \
         `dumpimage -T flat_dt -p 0 -o Image FILE` unpacks the latter",
    ),
];

/// The page size that a kernel was built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageSize {
    /// 4 KiB.
    Kib4,
    /// 16 KiB.
    Kib16,
    /// 64 KiB.
    Kib64,
}

/// The header of a kernel image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// The required offset from a 2 MiB boundary in bytes.
    pub text_offset: u64,
    /// The memory that it uses from there on, in bytes: at least the file's length.
    pub size: u64,
    /// The page size, or `None` if the header has none.
    pub page_size: Option<PageSize>,
}

impl Image {
    /// Reads and checks the header of a file, and unpacks one in a form of distributions. Returns
    /// the image's bytes then, and `None` for a plain image.
    ///
    /// # Errors
    ///
    /// [`ImageError`].
    pub fn open(file: &mut (impl Read + Seek)) -> Result<(Self, Option<Vec<u8>>), ImageError> {
        let mut head = Vec::new();
        file.rewind()?;
        file.by_ref().take(HEAD).read_to_end(&mut head)?;
        if !unpack::is_packed(&head) {
            return Ok((Self::read(file)?, None));
        }
        let mut packed = head;
        file.take(unpack::LIMIT).read_to_end(&mut packed)?;
        // `vmlinuz.efi.gz` is packed twice.
        let mut unpacked = packed;
        for _ in 0..2 {
            match unpack::unpack(&unpacked, unpack::LIMIT)? {
                Some(inner) => unpacked = inner,
                None => break,
            }
        }
        let image = Self::read(&mut Cursor::new(&unpacked))?;
        Ok((image, Some(unpacked)))
    }

    /// Reads and checks the header of a plain image.
    ///
    /// # Errors
    ///
    /// [`ImageError`].
    pub fn read(file: &mut (impl Read + Seek)) -> Result<Self, ImageError> {
        let length = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let mut head = Vec::new();
        file.by_ref().take(HEAD).read_to_end(&mut head)?;
        let image = Self::parse(&head, length)?;
        if let Some(needed) = end_of_sections(&head)
            && needed > length
        {
            return Err(ImageError::Truncated { needed, length });
        }
        Ok(image)
    }

    fn parse(head: &[u8], length: u64) -> Result<Self, ImageError> {
        if let Some((_, hint)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Err(ImageError::NotAnImage { hint });
        }
        let Some(header) = head.first_chunk::<HEADER>() else {
            return Err(ImageError::Short { length });
        };
        if header.get(56..60) != Some(MAGIC) {
            return Err(ImageError::NotAnImage {
                hint: hint_without_magic(head),
            });
        }
        let word = |at: usize| {
            let bytes = header.get(at..).and_then(<[u8]>::first_chunk);
            bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        let (text_offset, size, flags) = (word(8), word(16), word(24));
        if flags & 1 != 0 {
            return Err(ImageError::BigEndian);
        }
        if size == 0 {
            return Err(ImageError::NoSize);
        }
        if text_offset
            .checked_add(size)
            .is_none_or(|end| end > 1 << 48)
        {
            return Err(ImageError::Absurd {
                size,
                offset: text_offset,
            });
        }
        Ok(Self {
            text_offset,
            size: size.max(length),
            page_size: match flags >> 1 & 3 {
                1 => Some(PageSize::Kib4),
                2 => Some(PageSize::Kib16),
                3 => Some(PageSize::Kib64),
                _ => None,
            },
        })
    }
}

/// The kind of a file that lacks the magic number of an image, and the remedy.
fn hint_without_magic(head: &[u8]) -> &'static str {
    /// The magic number of x86's boot protocol (Linux 7.2, `Documentation/arch/x86/boot.rst`).
    const BZ_IMAGE: &[u8] = b"HdrS";
    if head.get(0x202..0x206) == Some(BZ_IMAGE) {
        return "it is a kernel for x86 (bzImage): a guest needs one for arm64";
    }
    let Ok(pe) = PeFile64::parse(head) else {
        return "the four bytes \"ARM\\x64\" are not at offset 56";
    };
    let mut sections = pe.section_table().iter();
    if sections.any(|section| section.raw_name() == b".linux") {
        "it is a unified kernel image (UKI): `objcopy -O binary -j .linux FILE Image` unpacks its \
         kernel, `-j .initrd` its initial RAM disk"
    } else {
        "it is an EFI program and no kernel"
    }
}

/// The end in the file of the last section of a kernel with an EFI stub, or `None` without a PE
/// header.
fn end_of_sections(head: &[u8]) -> Option<u64> {
    let pe = PeFile64::parse(head).ok()?;
    let sections = pe.section_table();
    let ends = sections.iter().map(|section| {
        let start: u64 = section.pointer_to_raw_data.get(LittleEndian).into();
        start + u64::from(section.size_of_raw_data.get(LittleEndian))
    });
    ends.max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn header(flags: u64, size: u64) -> Vec<u8> {
        let mut header = vec![0; 64];
        header[16..24].copy_from_slice(&size.to_le_bytes());
        header[24..32].copy_from_slice(&flags.to_le_bytes());
        header[56..60].copy_from_slice(MAGIC);
        header
    }

    fn read(bytes: &[u8]) -> Result<Image, String> {
        Image::read(&mut Cursor::new(bytes)).map_err(|error| error.to_string())
    }

    #[test]
    fn header_has_size_and_page_size() {
        for (flags, page_size) in [
            (0xa, Some(PageSize::Kib4)),
            (0xc, Some(PageSize::Kib16)),
            (0xe, Some(PageSize::Kib64)),
            (0x8, None),
        ] {
            let expected = Image {
                text_offset: 0,
                size: 0x10000,
                page_size,
            };
            assert_eq!(read(&header(flags, 0x10000)), Ok(expected));
        }
    }

    #[test]
    fn kernel_needs_at_least_its_file_size() {
        assert_eq!(read(&header(0xa, 1)).unwrap().size, 64);
    }

    #[test]
    fn other_kinds_of_files_are_named() {
        for (file, hint) in [
            (&b"\xfd7zXZ"[..], "xzcat"),
            (b"\x7fELF", "objcopy -O binary FILE Image"),
            (b"BZh9", "bzcat"),
            (b"\x27\x05\x19\x56", "tail -c +65"),
            (b"\xd0\x0d\xfe\xed", "dumpimage"),
            (b"070701", "--initrd"),
            (b"MZ\0\0zimg", "less than the header"),
            (b"", "it has 0 bytes"),
            (&[0; 4096], "not at offset 56"),
        ] {
            let error = read(file).unwrap_err();
            assert!(error.contains(hint), "{error}");
        }
        let mut x86 = vec![0; 4096];
        x86[0x202..0x206].copy_from_slice(b"HdrS");
        assert!(read(&x86).unwrap_err().contains("bzImage"));
    }

    #[test]
    fn impossible_headers_are_refused() {
        assert!(read(&header(0xb, 4096)).unwrap_err().contains("big-endian"));
        assert!(read(&header(0xa, 0)).unwrap_err().contains("Linux 3.17"));
        assert!(
            read(&header(0xa, u64::MAX))
                .unwrap_err()
                .contains("more than an address space has")
        );
    }
}
