//! Kernels that are packed as distributions ship them: gzip, and EFI zboot images with gzip or
//! zstd (Linux 7.2, `drivers/firmware/efi/libstub/zboot-header.S`).

use super::image_error::ImageError;
use flate2::read::GzDecoder;
use ruzstd::decoding::StreamingDecoder;
use std::io::{self, Read};

/// The limit of an unpacked kernel: several times the largest of distributions.
pub(super) const LIMIT: u64 = 256 << 20;

const GZIP: &[u8] = b"\x1f\x8b";

/// The fields of a zboot header, by offset.
const ZBOOT_MAGIC: usize = 4;
const ZBOOT_OFFSET: usize = 8;
const ZBOOT_SIZE: usize = 12;
const ZBOOT_COMPRESSION: usize = 24;
/// The length of the compression's name, with the zero bytes after it.
const ZBOOT_NAME: usize = 32;

/// The compressed kernel in a zboot image.
struct Zboot<'f> {
    offset: usize,
    size: usize,
    compression: &'f str,
}

/// Unpacks a file's bytes to at most `limit` bytes, or returns `None` if they are not packed in a
/// form that this program unpacks.
pub(super) fn unpack(file: &[u8], limit: u64) -> Result<Option<Vec<u8>>, ImageError> {
    if file.starts_with(GZIP) {
        return read("gzip", GzDecoder::new(file), limit).map(Some);
    }
    let Some(zboot) = zboot(file) else {
        return Ok(None);
    };
    let end = zboot.offset.saturating_add(zboot.size);
    let Some(payload) = file.get(zboot.offset..end) else {
        return Err(ImageError::Truncated {
            needed: end as u64,
            length: file.len() as u64,
        });
    };
    match zboot.compression {
        "gzip" => read("gzip", GzDecoder::new(payload), limit).map(Some),
        "zstd" | "zstd22" => {
            let decoder = StreamingDecoder::new_with_max_window_size(payload, LIMIT)
                .map_err(|error| failed("zstd", io::Error::other(error)))?;
            read("zstd", decoder, limit).map(Some)
        }
        _ => Err(other_compression(&zboot)),
    }
}

/// True if a file with this beginning may be packed in a form that [`unpack`] knows.
pub(super) fn is_packed(head: &[u8]) -> bool {
    head.starts_with(GZIP) || zboot(head).is_some()
}

fn zboot(file: &[u8]) -> Option<Zboot<'_>> {
    if !file.starts_with(b"MZ") || file.get(ZBOOT_MAGIC..ZBOOT_OFFSET)? != b"zimg" {
        return None;
    }
    let word = |at: usize| {
        let bytes = file.get(at..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    let name = file.get(ZBOOT_COMPRESSION..ZBOOT_COMPRESSION + ZBOOT_NAME)?;
    let name = name.split(|byte| *byte == 0).next()?;
    Some(Zboot {
        offset: word(ZBOOT_OFFSET)?,
        size: word(ZBOOT_SIZE)?,
        compression: std::str::from_utf8(name).unwrap_or("an unknown compression"),
    })
}

/// The error of a zboot image in a compression that this program does not have, with the command
/// that unpacks it if there is one.
fn other_compression(zboot: &Zboot<'_>) -> ImageError {
    let program = match zboot.compression {
        "lz4" => Some("lz4cat"),
        "xzkern" | "xz" => Some("xzcat"),
        "lzma" => Some("xzcat --format=lzma"),
        "lzo" => Some("lzop -dc"),
        _ => None,
    };
    let command = program.map(|program| {
        let (first, size) = (zboot.offset.saturating_add(1), zboot.size);
        format!("tail -c +{first} FILE | head -c {size} | {program} > Image")
    });
    ImageError::Compression {
        compression: zboot.compression.escape_default().to_string(),
        command,
    }
}

fn read(format: &'static str, decoder: impl Read, limit: u64) -> Result<Vec<u8>, ImageError> {
    let mut unpacked = Vec::new();
    let read = decoder.take(limit + 1).read_to_end(&mut unpacked);
    read.map_err(|source| failed(format, source))?;
    if unpacked.len() as u64 > limit {
        return Err(ImageError::TooLarge { format, limit });
    }
    Ok(unpacked)
}

fn failed(format: &'static str, source: io::Error) -> ImageError {
    ImageError::Unpack { format, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(data: &[u8]) -> Vec<u8> {
        compress_to_vec(data, CompressionLevel::Fastest)
    }

    fn zboot_of(compression: &str, payload: &[u8]) -> Vec<u8> {
        let mut file = vec![0; 512];
        file[..8].copy_from_slice(b"MZ\0\0zimg");
        file[8..12].copy_from_slice(&512_u32.to_le_bytes());
        file[12..16].copy_from_slice(&u32::try_from(payload.len()).unwrap().to_le_bytes());
        file[24..24 + compression.len()].copy_from_slice(compression.as_bytes());
        file.extend(payload);
        // The PE sections behind the payload.
        file.extend([0xaa; 64]);
        file
    }

    fn error(file: &[u8]) -> String {
        let error = unpack(file, LIMIT).unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!(
            "{error}{}",
            source.map_or(String::new(), |source| format!(": {source}"))
        )
    }

    #[test]
    fn forms_of_distributions_are_unpacked() {
        let data: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        for file in [
            gzip(&data),
            zboot_of("gzip", &gzip(&data)),
            zboot_of("zstd", &zstd(&data)),
            zboot_of("zstd22", &zstd(&data)),
        ] {
            assert!(is_packed(&file));
            assert!(unpack(&file, LIMIT).unwrap().unwrap() == data);
            assert!(unpack(&file, data.len() as u64).unwrap().unwrap() == data);
        }
        assert!(unpack(&data, LIMIT).unwrap().is_none() && !is_packed(&data));
    }

    #[test]
    fn bombs_are_refused() {
        let zeros = vec![0; 1 << 20];
        for (file, format) in [
            (gzip(&zeros), "gzip"),
            (zboot_of("gzip", &gzip(&zeros)), "gzip"),
            (zboot_of("zstd", &zstd(&zeros)), "zstd"),
        ] {
            let refused = unpack(&file, (1 << 20) - 1).unwrap_err();
            let expected = format!("its {format} data unpacks to more than 1048575 bytes");
            assert!(refused.to_string().starts_with(&expected), "{refused}");
        }
    }

    #[test]
    fn damage_and_truncation_are_named() {
        let data = vec![7; 10_000];
        let packed = gzip(&data);
        assert!(
            error(&packed[..packed.len() - 9]).starts_with("its gzip data is damaged or truncated")
        );
        let packed = zstd(&data);
        let half = &packed[..packed.len() / 2];
        assert!(
            error(&zboot_of("zstd", half)).starts_with("its zstd data is damaged or truncated")
        );
        assert!(
            error(&zboot_of("zstd", b"?")).starts_with("its zstd data is damaged or truncated")
        );
        let whole = zboot_of("gzip", &gzip(&data));
        assert!(
            error(&whole[..520]).starts_with("it is truncated"),
            "{}",
            error(&whole[..520])
        );
    }

    #[test]
    fn other_compressions_come_with_a_command() {
        assert_eq!(
            error(&zboot_of("lz4", b"1234")),
            "it is an EFI zboot image compressed with lz4: \
             `tail -c +513 FILE | head -c 4 | lz4cat > Image` unpacks it"
        );
        assert_eq!(
            error(&zboot_of("new", b"1234")),
            "it is an EFI zboot image compressed with new, which this program cannot unpack"
        );
    }
}
