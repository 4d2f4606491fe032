//! The address of a server's socket, in the form of QEMU's command line.

use crate::output::escaped_path;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The path of a Unix socket, written `unix:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    path: PathBuf,
}

/// The longest path in bytes: `sun_path` with room for the terminating zero
/// (Linux 7.2, `include/uapi/linux/un.h`, `UNIX_PATH_MAX`).
const MAX_PATH: usize = 107;

/// An address that a server cannot listen at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// The address does not begin with `unix:`.
    #[error(
        "the form is `unix:PATH`, as in `unix:/run/vm/qmp.sock`; only Unix sockets are supported"
    )]
    NotUnix,
    /// The path is missing.
    #[error("no path after `unix:`; the form is `unix:PATH`")]
    NoPath,
    /// The path is too long for a socket.
    #[error(
        "the path has {length} bytes; maximum: {MAX_PATH}; use a shorter path, or one relative to \
         the working directory"
    )]
    TooLong {
        /// The path's length in bytes.
        length: usize,
    },
    /// The path contains a zero byte.
    #[error("a socket's path cannot contain a zero byte")]
    ZeroByte,
    /// A word after the path is unknown.
    #[error(
        "`{}` is not supported after the path; allowed: `server=on` and `wait=off`, as this \
         server always listens and never waits for a client",
        .word.escape_debug()
    )]
    Word {
        /// The word.
        word: String,
    },
}

impl Address {
    /// The socket's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let rest = text.strip_prefix("unix:").ok_or(InvalidAddress::NotUnix)?;
        let mut words = rest.split(',');
        let path = words.next().unwrap_or_default();
        if path.is_empty() {
            return Err(InvalidAddress::NoPath);
        }
        if path.contains('\0') {
            return Err(InvalidAddress::ZeroByte);
        }
        let length = path.len();
        if length > MAX_PATH {
            return Err(InvalidAddress::TooLong { length });
        }
        // QEMU's old and new spellings of options that this server always has.
        let known = |word: &&str| ["server=on", "server", "wait=off", "nowait"].contains(word);
        if let Some(word) = words.find(|word| !known(word)) {
            return Err(InvalidAddress::Word {
                word: word.to_owned(),
            });
        }
        Ok(Self { path: path.into() })
    }
}

/// Shows `unix:PATH`, [escaped](escaped_path) for messages.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unix:{}", escaped_path(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = match text.parse::<Address>() {
            Ok(address) => address.to_string(),
            Err(error) => format!("error: {error}"),
        };
        assert!(shown.starts_with(expected), "{text}: {shown}");
    }

    #[test]
    fn a_path_with_the_options_of_qemu() {
        check("unix:/run/qmp.sock", "unix:/run/qmp.sock");
        check("unix:qmp.sock,server=on,wait=off", "unix:qmp.sock");
        check("unix:qmp.sock,server,nowait", "unix:qmp.sock");
        check("unix:a\nb", "unix:a\\nb");
    }

    #[test]
    fn other_addresses_are_refused_with_the_form() {
        check("", "error: the form is `unix:PATH`");
        check("/run/qmp.sock", "error: the form is `unix:PATH`");
        check("tcp:localhost:4444", "error: the form is `unix:PATH`");
        check("unix:", "error: no path after `unix:`");
        check("unix:,server=on", "error: no path after `unix:`");
        check("unix:a\0b", "error: a socket's path cannot contain a zero");
        check("unix:a,wait=on", "error: `wait=on` is not supported");
        check("unix:a,", "error: `` is not supported");
    }

    #[test]
    fn a_path_must_fit_the_kernels_structure() {
        let longest = format!("unix:{}", "p".repeat(107));
        check(&longest, &longest);
        check(&format!("{longest}p"), "error: the path has 108 bytes");
    }
}
