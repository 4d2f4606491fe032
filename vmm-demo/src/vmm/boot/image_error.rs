//! Errors of kernel images.

use std::io;
use thiserror::Error;

/// The length of an image's header (Linux 7.2, `Documentation/arch/arm64/booting.rst`, 4).
pub(super) const HEADER: usize = 64;

/// A file that is not a kernel for this VMM.
#[derive(Debug, Error)]
pub enum ImageError {
    /// It cannot be read.
    #[error("cannot read it")]
    Read(#[from] io::Error),
    /// It is shorter than a header.
    #[error("it has {length} bytes, less than the header of an arm64 kernel image ({HEADER})")]
    Short {
        /// The file's length in bytes.
        length: u64,
    },
    /// It is another kind of file.
    #[error("it is not an arm64 kernel image: {hint}")]
    NotAnImage {
        /// The kind, and the remedy.
        hint: &'static str,
    },
    /// It is packed in a known form, and its data is damaged.
    #[error("its {format} data is damaged or truncated")]
    Unpack {
        /// The compression.
        format: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// It is packed, and larger than any kernel.
    #[error(
        "its {format} data unpacks to more than {limit} bytes, the limit of this program: \
         no kernel is that large"
    )]
    TooLarge {
        /// The compression.
        format: &'static str,
        /// The limit in bytes.
        limit: u64,
    },
    /// It is an EFI zboot image in a compression that this program does not unpack.
    #[error(
        "it is an EFI zboot image compressed with {compression}{}",
        match command {
            Some(command) => format!(": `{command}` unpacks it"),
            None => ", which this program cannot unpack".to_owned(),
        }
    )]
    Compression {
        /// The compression.
        compression: String,
        /// The command that unpacks it, or `None` if none is known.
        command: Option<String>,
    },
    /// It is a kernel for big-endian CPUs.
    #[error("it is a kernel image for big-endian CPUs; only little-endian kernels are supported")]
    BigEndian,
    /// Its header does not give its size.
    #[error("its header has no image size: a kernel since Linux 3.17 is needed")]
    NoSize,
    /// Its header has a size that exceeds any address space.
    #[error("its header claims {size} bytes at offset {offset:#x}, more than an address space has")]
    Absurd {
        /// The size in bytes.
        size: u64,
        /// The offset of its start.
        offset: u64,
    },
    /// It ends before its sections do.
    #[error("it is truncated: its sections need {needed} bytes, and it has {length}")]
    Truncated {
        /// The bytes that its sections need.
        needed: u64,
        /// The file's length in bytes.
        length: u64,
    },
}
