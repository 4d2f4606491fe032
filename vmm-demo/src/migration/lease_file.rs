//! A lease in files on storage that both sides reach, such as NFS.
//!
//! For an attempt with the token T, a lease at PATH has these files:
//!
//! | file | made by | says |
//! |---|---|---|
//! | `PATH.T.offer` | the source | the attempt has this lease |
//! | `PATH.T.handover` | the source | HANDOVER is said: the destination may claim |
//! | `PATH.T` | the first of both | the holder: `source` or `destination` |
//!
//! `PATH.T` is a link to a complete file, made by `link(2)`, which fails if the name exists: nobody
//! reads a half, and a second link is never made, on NFS too. Its contents decide in every case,
//! also after an error: an answer of the server that was lost may have been a success. All is
//! written to the disk before it counts.
//!
//! The files of a completed attempt are removed. Those of an attempt that a lost link ended stay,
//! since the other side may still look at them; they can be removed when its process has ended.

use super::lease::{Lease, LeaseError, LeaseHolder};
use super::token::Token;
use crate::output::escaped_path;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process;

/// The maximum length of a file's contents that is read, in bytes.
const MAX_CONTENTS: u64 = 64;

/// A lease at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseFile {
    path: PathBuf,
}

impl LeaseFile {
    /// Makes the lease at this path, whose directory exists.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn file(&self, token: Token, suffix: &str) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{token}{suffix}"));
        name.into()
    }

    fn directory(&self) -> &Path {
        let parent = self.path.parent();
        let parent = parent.filter(|parent| !parent.as_os_str().is_empty());
        parent.unwrap_or(Path::new("."))
    }

    /// Takes the lease for a side unless it is taken.
    fn take(&self, token: Token, side: LeaseHolder) -> Result<LeaseHolder, LeaseError> {
        let held = self.file(token, "");
        let failed = storage("take", &held);
        let own = self.file(
            token,
            &format!(".{}.{}", name(side).trim_end(), process::id()),
        );
        // Of an earlier try of this process: it may be linked, and must not be written again.
        match fs::remove_file(&own) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let linked = self
            .create(&own, name(side).as_bytes())
            .and_then(|()| fs::hard_link(&own, &held));
        let holder = read(&held);
        // What is left of it harms nobody.
        let _ = fs::remove_file(&own);
        let contents = match (holder, linked) {
            (Ok(Some(contents)), _) => contents,
            (Ok(None), Err(error)) | (Err(error), _) => return Err(failed(error)),
            (Ok(None), Ok(())) => return Err(failed(ErrorKind::NotFound.into())),
        };
        let holder = [LeaseHolder::Source, LeaseHolder::Destination];
        let holder = holder
            .into_iter()
            .find(|holder| name(*holder).as_bytes() == contents);
        let holder = holder.ok_or_else(|| LeaseError::Contents {
            path: escaped_path(&held),
        })?;
        self.sync_directory().map_err(failed)?;
        Ok(holder)
    }

    /// Creates a file whose contents are on the disk.
    fn create(&self, path: &Path, contents: &[u8]) -> io::Result<()> {
        let mut file = File::create_new(path)?;
        file.write_all(contents)?;
        file.sync_all()?;
        self.sync_directory()
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(self.directory())?.sync_all()
    }

    /// Creates a file that says something by being there.
    fn mark(&self, token: Token, suffix: &str, action: &'static str) -> Result<(), LeaseError> {
        let path = self.file(token, suffix);
        match self.create(&path, name(LeaseHolder::Source).as_bytes()) {
            // Of an earlier try of this process.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => self.sync_directory(),
            created => created,
        }
        .map_err(storage(action, &path))
    }

    fn is_marked(&self, token: Token, suffix: &str) -> Result<bool, LeaseError> {
        let path = self.file(token, suffix);
        // NFS looks at a directory that is opened, and forgets which files it did not have.
        let listed = fs::read_dir(self.directory()).map(drop);
        let marked = listed.and_then(|()| read(&path));
        let marked = marked.map_err(storage("read", &path))?;
        Ok(marked.is_some())
    }
}

impl Lease for LeaseFile {
    fn offer(&mut self, token: Token) -> Result<(), LeaseError> {
        self.mark(token, ".offer", "create")
    }

    fn check_offer(&mut self, token: Token) -> Result<(), LeaseError> {
        if self.is_marked(token, ".offer")? {
            return Ok(());
        }
        let path = escaped_path(&self.file(token, ".offer"));
        Err(LeaseError::OtherStorage { path })
    }

    fn hand_over(&mut self, token: Token) -> Result<(), LeaseError> {
        self.mark(token, ".handover", "write")
    }

    fn is_handed_over(&mut self, token: Token) -> Result<bool, LeaseError> {
        self.is_marked(token, ".handover")
    }

    fn claim(&mut self, token: Token) -> Result<LeaseHolder, LeaseError> {
        self.take(token, LeaseHolder::Destination)
    }

    fn revoke(&mut self, token: Token) -> Result<LeaseHolder, LeaseError> {
        self.take(token, LeaseHolder::Source)
    }

    fn remove(&mut self, token: Token) {
        for suffix in [".offer", ".handover", ""] {
            // A file that stays is of an attempt that is over.
            let _ = fs::remove_file(self.file(token, suffix));
        }
    }
}

const fn name(side: LeaseHolder) -> &'static str {
    match side {
        LeaseHolder::Source => "source\n",
        LeaseHolder::Destination => "destination\n",
    }
}

fn storage<'p>(
    action: &'static str,
    path: &'p Path,
) -> impl Fn(io::Error) -> LeaseError + Copy + use<'p> {
    move |source| LeaseError::Storage {
        action,
        path: escaped_path(path),
        source,
    }
}

/// The contents of a file, or `None` if there is no such file.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut contents = Vec::new();
    file.take(MAX_CONTENTS).read_to_end(&mut contents)?;
    Ok(Some(contents))
}
