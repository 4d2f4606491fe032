//! The interfaces of a migration to the guest on either side.

use super::memory_map::RamSlot;
use super::objection::Objection;
use idreg_runtime::view::View;
use std::error::Error;
use std::os::fd::{BorrowedFd, OwnedFd};

/// The error of a call of a guest.
pub type GuestError = Box<dyn Error + Send + Sync>;

/// The guest of the source. It exists, and runs unless it is paused.
///
/// The calls come from one thread.
pub trait SourceGuest {
    /// The view of the guest, read back.
    ///
    /// # Errors
    ///
    /// Those of KVM.
    fn view(&mut self) -> Result<View, GuestError>;
    /// The RAM slots, ascending by address.
    ///
    /// # Errors
    ///
    /// Those of the VMM.
    fn slots(&mut self) -> Result<Vec<RamSlot>, GuestError>;
    /// The file of the shared memory, at whose offsets the slots are.
    ///
    /// # Errors
    ///
    /// An error that says that the memory is not shared.
    fn memory_file(&mut self) -> Result<BorrowedFd<'_>, GuestError>;
    /// The size in bytes of the pages that the dirty log counts: a multiple of 4096, at most
    /// 1 MiB.
    fn page_size(&self) -> u64;
    /// Starts the dirty log of all slots, with no page dirty.
    ///
    /// # Errors
    ///
    /// Those of KVM.
    fn start_dirty_log(&mut self) -> Result<(), GuestError>;
    /// Stops the dirty log.
    ///
    /// # Errors
    ///
    /// Those of KVM.
    fn stop_dirty_log(&mut self) -> Result<(), GuestError>;
    /// Takes the pages that vCPUs and VMM have written since the last call: bit `n % 64` of word
    /// `n / 64` is page `n` of the slot of this number.
    ///
    /// # Errors
    ///
    /// Those of KVM.
    fn take_dirty_pages(&mut self, slot: usize) -> Result<Vec<u64>, GuestError>;
    /// The number of bytes from this address on, at most `length`, that nobody has written since
    /// the memory was made, so that they are zero; 0 if that is not known. The range is within a
    /// slot.
    ///
    /// # Errors
    ///
    /// Those of the memory.
    fn untouched(&mut self, address: u64, length: u64) -> Result<u64, GuestError> {
        let _ = (address, length);
        Ok(0)
    }
    /// Copies memory out; the range is within a slot.
    ///
    /// # Errors
    ///
    /// Those of the memory.
    fn read(&mut self, address: u64, buffer: &mut [u8]) -> Result<(), GuestError>;
    /// Pauses the guest; no effect if it is paused.
    ///
    /// # Errors
    ///
    /// Those of the VMM; the guest runs on.
    fn pause(&mut self) -> Result<(), GuestError>;
    /// Resumes the guest as it was before [`pause`](Self::pause): a guest that the user had paused
    /// stays paused.
    fn resume(&mut self);
    /// Starts to read the state of the paused machine, so that memory can be read and sent
    /// meanwhile; [`save`](Self::save) waits for it.
    ///
    /// # Errors
    ///
    /// Those of the VMM.
    fn start_saving(&mut self) -> Result<(), GuestError> {
        Ok(())
    }
    /// The state of the paused machine, whose reading may have been started. What KVM flushes to
    /// RAM for it is in the dirty log.
    ///
    /// # Errors
    ///
    /// Those of KVM.
    fn save(&mut self) -> Result<Vec<u8>, GuestError>;
    /// Lets vCPUs run for this share of the time less, in percent from 0 to 99.
    ///
    /// # Errors
    ///
    /// Those of the VMM.
    fn throttle(&mut self, percent: u8) -> Result<(), GuestError>;
    /// Ends the guest, which runs elsewhere.
    fn end(&mut self);
}

/// The guest of the destination, which does not exist at first.
///
/// The calls come from one thread. After an error the guest is [discarded](Self::discard).
pub trait DestinationGuest {
    /// Checks that this host can give a guest this view.
    ///
    /// # Errors
    ///
    /// Every reason against it, with the model or override that would have worked.
    fn judge(&mut self, view: &View) -> Result<(), Vec<Objection>>;
    /// Allocates zeroed RAM.
    ///
    /// # Errors
    ///
    /// Those of the VMM, such as too little memory.
    fn allocate(&mut self, slots: &[RamSlot]) -> Result<(), GuestError>;
    /// Maps the memory of the source, at the slots' offsets in this file. Must check that the file
    /// contains them.
    ///
    /// # Errors
    ///
    /// Those of the VMM.
    fn adopt(&mut self, memory: OwnedFd, slots: &[RamSlot]) -> Result<(), GuestError>;
    /// Copies memory in; the range is within a slot.
    ///
    /// # Errors
    ///
    /// Those of the memory.
    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), GuestError>;
    /// Makes a range within a slot zero. Pages that are zero already should not be touched.
    ///
    /// # Errors
    ///
    /// Those of the memory.
    fn zero(&mut self, address: u64, length: u64) -> Result<(), GuestError>;
    /// Loads the state of the machine and reads it back. The machine stays paused.
    ///
    /// # Errors
    ///
    /// An invalid state, or one that reads back differently.
    fn load(&mut self, state: &[u8]) -> Result<(), GuestError>;
    /// Lets the guest run, as the source's would.
    fn run(&mut self);
    /// Discards the guest, which has not run.
    fn discard(&mut self);
}
