//! Boot files of Linux guests in the host's working directory.

use super::{Error, Machine};
use crate::artifacts::build::GUEST_ARCHIVE;
use crate::artifacts::{Artifacts, Guests, Kernel, NotSetUp};
use crate::guard::lock;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

/// The files of Linux guests, and the names of those on the host.
#[derive(Debug)]
pub(super) struct Linux {
    guests: Option<Guests>,
    kernel: Kernel,
    there: Mutex<BTreeSet<String>>,
}

impl Linux {
    /// The files for a host with this kernel.
    pub(super) fn new(artifacts: &Artifacts, kernel: Option<Kernel>) -> Self {
        Self {
            guests: artifacts.guests.clone(),
            kernel: kernel.unwrap_or_default(),
            there: Mutex::default(),
        }
    }
}

impl Machine {
    /// Puts the boot files of a Linux guest into the host's working directory: a kernel, and
    /// `initrd.cpio.gz` with `guest-init` in it. Returns the kernel's name there: `Image` for the
    /// host's own (the newest on real hardware), `Image-lts` and the like for another `kernel`.
    /// Only the first call takes a second or two.
    ///
    /// # Errors
    ///
    /// [`Error::NotSetUp`] without files of Linux guests or of the kernel, [`Error::File`], and as
    /// for [`put`](Self::put).
    pub fn put_linux(&self, kernel: Option<Kernel>) -> Result<String, Error> {
        let guests = self.linux.guests.as_ref().ok_or(NotSetUp::NoGuests)?;
        let image = guests.image(kernel.unwrap_or(self.linux.kernel))?;
        let name = kernel.map_or_else(|| "Image".to_owned(), |kernel| format!("Image-{kernel}"));
        // Held until the files are complete, so that concurrent callers find them whole.
        let mut there = lock(&self.linux.there);
        for (name, path) in [(name.as_str(), image), (GUEST_ARCHIVE, &guests.initramfs)] {
            if !there.contains(name) {
                self.put(name, &read(path)?)?;
                there.insert(name.to_owned());
            }
        }
        Ok(name)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })
}
