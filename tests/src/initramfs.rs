//! The archive that the emulated host's kernel unpacks as its first file system.
//!
//! The format is cpio's `newc` as the kernel's `driver-api/early-userspace/buffer-format.rst`
//! describes it: per entry a header of hexadecimal text, the name and the data, each padded to four
//! bytes, and an entry named `TRAILER!!!` at the end.

/// An archive under construction.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

/// A file is too large for the format.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` has {length} bytes, and a cpio archive holds files below 4 GiB")]
pub struct TooLarge {
    name: String,
    length: usize,
}

/// The part of an entry's header that differs between kinds of files.
#[derive(Clone, Copy, Default)]
struct Inode {
    mode: u32,
    size: u32,
    device: (u32, u32),
}

impl Archive {
    /// An archive without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a directory, after its parent.
    pub fn directory(&mut self, name: &str) {
        self.header(
            name,
            Inode {
                mode: 0o040_755,
                ..Inode::default()
            },
        );
    }

    /// Adds a character device.
    pub fn character_device(&mut self, name: &str, major: u32, minor: u32) {
        self.header(
            name,
            Inode {
                mode: 0o020_600,
                size: 0,
                device: (major, minor),
            },
        );
    }

    /// Adds a file that all users may read and execute.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if it has 4 GiB or more.
    pub fn file(&mut self, name: &str, data: &[u8]) -> Result<(), TooLarge> {
        let size = u32::try_from(data.len()).map_err(|_| TooLarge {
            name: name.to_owned(),
            length: data.len(),
        })?;
        self.header(
            name,
            Inode {
                mode: 0o100_755,
                size,
                ..Inode::default()
            },
        );
        self.bytes.extend_from_slice(data);
        self.pad();
        Ok(())
    }

    /// Ends the archive.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.header("TRAILER!!!", Inode::default());
        self.bytes
    }

    fn header(&mut self, name: &str, inode: Inode) {
        self.entries += 1;
        let (major, minor) = inode.device;
        let name_size = u32::try_from(name.len() + 1).unwrap_or(u32::MAX);
        let fields = [
            self.entries,
            inode.mode,
            0, // owner
            0, // group
            1, // links
            0, // time: the same files give the same archive
            inode.size,
            0, // device that holds the file
            0,
            major,
            minor,
            name_size,
            0, // checksum, which this variant of the format leaves out
        ];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes
                .extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut archive = Archive::new();
        archive.directory("dev");
        archive.character_device("dev/console", 5, 1);
        archive.file("init", b"hello").unwrap();
        archive.finish()
    }

    /// Name, mode, device, data.
    type Read = (String, u32, (u32, u32), Vec<u8>);

    /// Entries of an archive, read as the kernel reads them.
    fn entries(mut bytes: &[u8]) -> Vec<Read> {
        let mut found = Vec::new();
        let mut at = 0;
        while !bytes.is_empty() {
            assert_eq!(&bytes[..6], b"070701");
            let field = |n: usize| {
                let digits = std::str::from_utf8(&bytes[6 + 8 * n..14 + 8 * n]).unwrap();
                u32::from_str_radix(digits, 16).unwrap()
            };
            let (mode, size, device) = (field(1), field(6) as usize, (field(9), field(10)));
            let name_end = 110 + field(11) as usize;
            let name = String::from_utf8(bytes[110..name_end - 1].to_vec()).unwrap();
            let data_at = (at + name_end).next_multiple_of(4) - at;
            let data = bytes[data_at..data_at + size].to_vec();
            let next = (at + data_at + size).next_multiple_of(4) - at;
            found.push((name, mode, device, data));
            bytes = &bytes[next..];
            at += next;
        }
        found
    }

    #[test]
    fn entries_read_back() {
        let expected = [
            ("dev", 0o040_755, (0, 0), &b""[..]),
            ("dev/console", 0o020_600, (5, 1), b""),
            ("init", 0o100_755, (0, 0), b"hello"),
            ("TRAILER!!!", 0, (0, 0), b""),
        ];
        let found = entries(&sample());
        assert_eq!(found.len(), expected.len());
        for (found, (name, mode, device, data)) in found.iter().zip(expected) {
            assert_eq!(found, &(name.to_owned(), mode, device, data.to_vec()));
        }
    }

    #[test]
    fn the_same_files_give_the_same_archive() {
        assert_eq!(sample(), sample());
        assert_eq!(sample().len() % 4, 0);
    }
}
