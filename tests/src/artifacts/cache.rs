//! Cache of fetched files.

use std::env;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Prefix of directories with unfinished work.
const SCRATCH: &str = ".new-";

/// The cache directory.
#[derive(Clone, Debug)]
pub struct Cache {
    path: PathBuf,
}

/// Errors of the cache.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Neither environment variable names a place for it.
    #[error("no directory for the cache: set `HOME` or `XDG_CACHE_HOME` to an absolute path")]
    NoHome,
    /// It cannot be written.
    #[error("cannot write the cache at {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// Exclusive lock on the cache; the kernel releases it when the process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock is held as long as this is open")] File);

impl Cache {
    /// The cache of this user, which may not exist yet.
    ///
    /// # Errors
    ///
    /// [`CacheError::NoHome`].
    pub fn of_user() -> Result<Self, CacheError> {
        let absolute = |name| {
            env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
        Ok(Self {
            path: base.ok_or(CacheError::NoHome)?.join("idreg-testbed"),
        })
    }

    /// A cache in this directory, for tests.
    #[cfg(test)]
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the lock and removes the unfinished work of earlier processes. Calls `waiting` first
    /// if another process holds the lock.
    ///
    /// # Errors
    ///
    /// [`CacheError::Io`].
    pub fn lock(&self, waiting: impl FnOnce()) -> Result<Lock, CacheError> {
        fs::create_dir_all(&self.path).map_err(at(&self.path))?;
        let path = self.path.join("lock");
        let file = File::create(&path).map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                file.lock().map_err(at(&path))?;
            }
            Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
        }
        self.clean().map_err(at(&self.path))?;
        Ok(Lock(file))
    }

    fn clean(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// An empty directory for work under the [`Lock`].
    ///
    /// # Errors
    ///
    /// [`CacheError::Io`].
    pub fn scratch(&self) -> Result<TempDir, CacheError> {
        TempDir::with_prefix_in(SCRATCH, &self.path).map_err(at(&self.path))
    }

    /// Moves the finished directory `new` to `place`; the old one moves to `scratch`.
    ///
    /// # Errors
    ///
    /// [`CacheError::Io`].
    pub fn replace(&self, new: &Path, place: &Path, scratch: &TempDir) -> Result<(), CacheError> {
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(at(parent))?;
        }
        if place.exists() {
            fs::rename(place, scratch.path().join("replaced")).map_err(at(place))?;
        }
        fs::rename(new, place).map_err(at(place))
    }

    /// The text of a note that [`remember`](Self::remember) wrote, or `None`.
    #[must_use]
    pub fn recall(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path.join(name)).ok()
    }

    /// Writes a note for later runs.
    ///
    /// # Errors
    ///
    /// [`CacheError::Io`].
    pub fn remember(&self, name: &str, text: &str) -> Result<(), CacheError> {
        let path = self.path.join(name);
        fs::write(&path, text).map_err(at(&path))
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> CacheError {
    let path = path.to_owned();
    move |source| CacheError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (TempDir, Cache) {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::at(&directory.path().join("cache"));
        (directory, cache)
    }

    #[test]
    fn half_done_work_is_removed() {
        let (_directory, cache) = cache();
        let lock = cache.lock(|| panic!("nobody has the lock")).unwrap();
        let left = cache.scratch().unwrap().keep();
        fs::write(left.join("part"), "x").unwrap();
        drop(lock);
        let _lock = cache.lock(|| panic!("nobody has the lock")).unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn finished_work_replaces_what_was_there() {
        let (_directory, cache) = cache();
        let _lock = cache.lock(|| panic!("nobody has the lock")).unwrap();
        let place = cache.path().join("kernels/old");
        for text in ["first", "second"] {
            let scratch = cache.scratch().unwrap();
            let new = scratch.path().join("new");
            fs::create_dir(&new).unwrap();
            fs::write(new.join("Image"), text).unwrap();
            cache.replace(&new, &place, &scratch).unwrap();
            assert_eq!(fs::read_to_string(place.join("Image")).unwrap(), text);
        }
    }

    #[test]
    fn the_second_process_waits() {
        let (_directory, cache) = cache();
        let lock = cache.lock(|| panic!("nobody has the lock")).unwrap();
        let mut waited = false;
        std::thread::scope(|scope| {
            let (say, heard) = std::sync::mpsc::channel();
            let second = scope.spawn(|| cache.lock(move || say.send(()).unwrap()).map(drop));
            heard.recv().unwrap();
            waited = true;
            drop(lock);
            second.join().unwrap().unwrap();
        });
        assert!(waited);
    }
}
