//! The guest of the source, which runs under the main thread.

use crate::guest::main_thread::{MainThread, StartedCall};
use crate::guest::supervisor::Supervisor;
use crate::migration::guest::{GuestError, SourceGuest};
use crate::migration::memory_map::RamSlot;
use crate::output::failure::Failure;
use crate::vmm::memory::{copies, shared_file};
use idreg_runtime::view::View;
use rustix::param::page_size;
use std::os::fd::BorrowedFd;
use thiserror::Error;
use vm_memory::{Address, GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion, GuestRegionMmap};

/// The memory of a guest that is private to its process.
#[derive(Debug, Error)]
#[error(
    "the guest's memory is private to its process: copy it (`migrate-set-parameters` with `mode` \
     `normal`); guests of `run --qmp` have memory that can be taken over"
)]
struct PrivateMemory;

/// The guest of the main thread.
#[derive(Debug)]
pub(crate) struct RunningGuest {
    main: MainThread<Supervisor>,
    /// Keeps the memory while this is alive.
    memory: GuestMemoryMmap,
    /// The state that is being read.
    saving: Option<StartedCall<Result<Vec<u8>, String>>>,
}

impl RunningGuest {
    pub(crate) const fn new(main: MainThread<Supervisor>, memory: GuestMemoryMmap) -> Self {
        Self {
            main,
            memory,
            saving: None,
        }
    }

    pub(crate) const fn main(&self) -> &MainThread<Supervisor> {
        &self.main
    }

    /// True if another process can take the memory over.
    pub(crate) fn has_shared_memory(&self) -> bool {
        shared_file(&self.memory).is_some()
    }

    /// Calls the main thread. A failure is not `Send`, so that its message comes back.
    fn call<T, F>(&self, call: F) -> Result<T, GuestError>
    where
        F: FnOnce(&mut Supervisor) -> Result<T, Failure> + Send + 'static,
        T: Send + 'static,
    {
        let answer = self.main.call(move |supervisor| {
            let answer = call(supervisor);
            answer.map_err(|failure| failure.message())
        });
        Ok(answer??)
    }

    /// Calls the main thread for something that cannot fail: without it, there is no guest.
    fn tell(&self, call: impl FnOnce(&mut Supervisor) + Send + 'static) {
        if let Err(error) = self.main.call(call) {
            tracing::debug!(%error, "the migration's guest");
        }
    }
}

impl SourceGuest for RunningGuest {
    fn view(&mut self) -> Result<View, GuestError> {
        self.call(Supervisor::view_to_migrate)
    }

    fn slots(&mut self) -> Result<Vec<RamSlot>, GuestError> {
        // The file of a guest that was restored lazily is not the memory.
        let is_shared = self.has_shared_memory();
        let slot = |region: &GuestRegionMmap| RamSlot {
            address: region.start_addr().raw_value(),
            size: region.len(),
            offset: match region.file_offset() {
                Some(file) if is_shared => file.start(),
                _ => 0,
            },
        };
        Ok(self.memory.iter().map(slot).collect())
    }

    fn memory_file(&mut self) -> Result<BorrowedFd<'_>, GuestError> {
        shared_file(&self.memory).ok_or_else(|| PrivateMemory.into())
    }

    fn page_size(&self) -> u64 {
        page_size() as u64
    }

    fn start_dirty_log(&mut self) -> Result<(), GuestError> {
        self.call(|supervisor| supervisor.migrating_guest()?.set_dirty_logging(true))
    }

    fn stop_dirty_log(&mut self) -> Result<(), GuestError> {
        self.call(|supervisor| supervisor.migrating_guest()?.set_dirty_logging(false))
    }

    fn take_dirty_pages(&mut self, slot: usize) -> Result<Vec<u64>, GuestError> {
        let slot = u32::try_from(slot)?;
        self.call(move |supervisor| supervisor.migrating_guest()?.take_dirty_pages(slot))
    }

    fn untouched(&mut self, address: u64, length: u64) -> Result<u64, GuestError> {
        Ok(copies::untouched(&self.memory, address, length)?)
    }

    fn read(&mut self, address: u64, buffer: &mut [u8]) -> Result<(), GuestError> {
        Ok(copies::read(&self.memory, address, buffer)?)
    }

    fn pause(&mut self) -> Result<(), GuestError> {
        self.saving = None;
        self.call(Supervisor::pause_to_migrate)
    }

    fn resume(&mut self) {
        self.tell(Supervisor::resume_after_migration);
    }

    fn start_saving(&mut self) -> Result<(), GuestError> {
        self.saving = Some(self.main.start(|supervisor| {
            let state = supervisor.state_to_migrate();
            state.map_err(|failure| failure.message())
        })?);
        Ok(())
    }

    fn save(&mut self) -> Result<Vec<u8>, GuestError> {
        match self.saving.take() {
            Some(saving) => Ok(saving.wait()??),
            None => self.call(Supervisor::state_to_migrate),
        }
    }

    fn throttle(&mut self, percent: u8) -> Result<(), GuestError> {
        self.call(move |supervisor| supervisor.throttle(percent))
    }

    fn end(&mut self) {
        self.tell(Supervisor::end_migrated_guest);
    }
}
