//! Directories for the work of one testbed, which the next one removes if this one is killed.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Prefix of the directories' names.
const PREFIX: &str = "idreg-testbed-";

/// Prefix of a directory that is not locked yet.
const UNLOCKED: &str = ".idreg-testbed-";

/// The file in each whose lock its process holds.
const LOCK: &str = "lock";

/// A directory that is removed when dropped, or later by [`remove_left_over`].
#[derive(Debug)]
pub(crate) struct WorkDirectory {
    root: PathBuf,
    files: PathBuf,
    /// The kernel releases the lock when this is closed, however the process ends.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "its lock is held as long as it is open")
    )]
    held: File,
}

impl WorkDirectory {
    /// Makes a directory in that of temporary files, and removes those of dead processes.
    pub(crate) fn new() -> io::Result<Self> {
        let temporary = env::temp_dir();
        remove_left_over(&temporary);
        Self::new_in(&temporary)
    }

    fn new_in(parent: &Path) -> io::Result<Self> {
        // Renamed only when it is locked, so that no other process takes it for one left over.
        let new = TempDir::with_prefix_in(UNLOCKED, parent)?;
        let lock = File::create(new.path().join(LOCK))?;
        lock.try_lock()?;
        fs::create_dir(new.path().join("files"))?;
        let name = new.path().file_name().unwrap_or_default().to_string_lossy();
        let root = parent.join(name.replacen(UNLOCKED, PREFIX, 1));
        fs::rename(new.path(), &root)?;
        // There is nothing at the old path any more.
        let _moved = new.keep();
        Ok(Self {
            files: root.join("files"),
            root,
            held: lock,
        })
    }

    /// The directory's path.
    pub(crate) fn path(&self) -> &Path {
        &self.files
    }
}

impl Drop for WorkDirectory {
    fn drop(&mut self) {
        // What is left over is removed by the next testbed.
        let _left_over = fs::remove_dir_all(&self.root);
    }
}

/// Removes the directories of processes that have ended: the kernel has released their locks. One
/// that cannot be removed stays.
fn remove_left_over(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(lock) = File::open(entry.path().join(LOCK)) else {
            continue;
        };
        if lock.try_lock().is_ok() {
            let _of_another_user = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_removed_when_its_process_has_ended() {
        let parent = tempfile::tempdir().unwrap();
        let work = WorkDirectory::new_in(parent.path()).unwrap();
        fs::write(work.path().join("initramfs"), "x").unwrap();
        remove_left_over(parent.path());
        assert!(work.path().join("initramfs").exists(), "it is in use");

        // As after a kill: the lock is released, and nothing is removed.
        let root = work.root.clone();
        work.held.unlock().unwrap();
        remove_left_over(parent.path());
        assert!(!root.exists());
    }

    #[test]
    fn directories_of_others_stay() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["idreg-testbed-without-a-lock", "other"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        remove_left_over(parent.path());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2);
    }

    #[test]
    fn nothing_is_left_over_without_a_kill() {
        let parent = tempfile::tempdir().unwrap();
        drop(WorkDirectory::new_in(parent.path()).unwrap());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
