//! A fake machine, which can be either side of a migration.

use crate::world::Process;
use idreg_runtime::fake::FakeVm;
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use idreg_runtime::view::{View, ViewInfo};
use rustix::fs::{MemfdFlags, SeekFrom, memfd_create, seek};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, LazyLock};
use vmm_demo::migration::guest::{DestinationGuest, GuestError, SourceGuest};
use vmm_demo::migration::memory_map::RamSlot;
use vmm_demo::migration::objection::Objection;

pub(crate) const PAGE: u64 = 4096;

/// Two slots with a hole between them; the first is larger than a message.
pub(crate) const SLOTS: [RamSlot; 2] = [
    RamSlot {
        address: 0x8000_0000,
        size: 300 * PAGE,
        offset: 0,
    },
    RamSlot {
        address: 0x1_0000_0000,
        size: 70 * PAGE,
        offset: 300 * PAGE,
    },
];

static VIEW: LazyLock<View> = LazyLock::new(|| {
    let host = include_str!("../../../tests/data/hosts/max-latest.json");
    let host: Host = serde_json::from_str(host).expect("a host file");
    let plan = Plan::new(&host, &"host".parse().expect("a model")).expect("a plan");
    let vcpu = FakeVm::new(&host).vcpu(0);
    plan.apply(&vcpu).expect("the fake takes the plan");
    View::read(ViewInfo::of(&plan, &host), &[vcpu]).expect("a view")
});

/// The state that every machine has: a length that no other message has.
pub(crate) const STATE: &[u8] = b"the state of the machine, sections and all";

pub(crate) struct Machine {
    pub(crate) process: Arc<Process>,
    pub(crate) memory: Option<File>,
    slots: Vec<RamSlot>,
    /// For each slot its dirty log, while it is on.
    log: Option<Vec<Vec<u64>>>,
    state: Vec<u8>,
    /// The state that was read while memory was sent.
    saved: Option<Vec<u8>>,
    runs: bool,
    random: u64,
    /// The number of pages that the guest writes between two calls.
    pub(crate) writes: u64,
    pub(crate) objections: Vec<Objection>,
    /// False if the guest writes as fast when it is slowed down.
    pub(crate) obeys_throttle: bool,
    /// The shares by which it was slowed down.
    pub(crate) throttles: Vec<u8>,
    ended: bool,
}

impl Machine {
    /// A machine without a guest.
    pub(crate) fn empty(process: &Arc<Process>) -> Self {
        Self {
            process: Arc::clone(process),
            memory: None,
            slots: Vec::new(),
            log: None,
            state: Vec::new(),
            saved: None,
            runs: false,
            random: 1,
            writes: 3,
            objections: Vec::new(),
            obeys_throttle: true,
            throttles: Vec::new(),
            ended: false,
        }
    }

    /// A machine whose guest runs, and has written a part of its memory.
    pub(crate) fn running(process: &Arc<Process>) -> Self {
        let mut machine = Self::empty(process);
        machine.create(&SLOTS).expect("a memory file");
        machine.state = STATE.to_vec();
        machine.set_runs(true);
        for _ in 0..20 {
            machine.write_somewhere();
        }
        machine
    }

    /// The contents of the memory.
    pub(crate) fn contents(&self) -> Vec<u8> {
        let memory = self.memory.as_ref().expect("the machine has memory");
        let size = SLOTS.iter().map(|slot| slot.size).sum::<u64>();
        let mut contents = vec![0; usize::try_from(size).expect("a small memory")];
        memory.read_exact_at(&mut contents, 0).expect("memory");
        contents
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    fn set_runs(&mut self, runs: bool) {
        self.runs = runs;
        self.process.set_running(runs);
    }

    fn create(&mut self, slots: &[RamSlot]) -> Result<(), GuestError> {
        let file = File::from(memfd_create("ram", MemfdFlags::CLOEXEC)?);
        file.set_len(slots.iter().map(|slot| slot.size).sum())?;
        let mut offset = 0;
        self.slots = slots
            .iter()
            .map(|slot| {
                let here = RamSlot { offset, ..*slot };
                offset += slot.size;
                here
            })
            .collect();
        self.memory = Some(file);
        Ok(())
    }

    fn call(&mut self) -> Result<(), GuestError> {
        self.process.call()?;
        for _ in 0..if self.runs { self.writes } else { 0 } {
            self.write_somewhere();
        }
        Ok(())
    }

    /// Writes a page as the guest does, half of the time with zeros.
    fn write_somewhere(&mut self) {
        let Some(memory) = self.memory.as_ref().filter(|_| self.process.is_alive()) else {
            return;
        };
        // Marsaglia's xorshift64.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let random = self.random;
        let index = usize::from(random.is_multiple_of(4));
        let slot = self.slots[index];
        let page = (random >> 8) % (slot.size / PAGE);
        let byte = if random & 16 == 0 {
            0
        } else {
            random.to_le_bytes()[5]
        };
        let contents = [byte; 4096];
        memory
            .write_all_at(&contents, slot.offset + page * PAGE)
            .expect("memory");
        if let Some(log) = &mut self.log {
            log[index][usize::try_from(page / 64).expect("a small slot")] |= 1 << (page % 64);
        }
    }

    fn place(&self, address: u64) -> (&File, u64) {
        let slot = self
            .slots
            .iter()
            .find(|slot| (slot.address..slot.address + slot.size).contains(&address))
            .expect("an address in RAM");
        let memory = self.memory.as_ref().expect("the machine has memory");
        (memory, address - slot.address + slot.offset)
    }
}

impl SourceGuest for Machine {
    fn view(&mut self) -> Result<View, GuestError> {
        self.call().map(|()| VIEW.clone())
    }

    fn slots(&mut self) -> Result<Vec<RamSlot>, GuestError> {
        self.call().map(|()| self.slots.clone())
    }

    fn memory_file(&mut self) -> Result<BorrowedFd<'_>, GuestError> {
        self.call()?;
        Ok(self
            .memory
            .as_ref()
            .expect("the machine has memory")
            .as_fd())
    }

    fn page_size(&self) -> u64 {
        PAGE
    }

    fn start_dirty_log(&mut self) -> Result<(), GuestError> {
        self.call()?;
        self.log = Some(vec![vec![0; 5], vec![0; 2]]);
        Ok(())
    }

    fn stop_dirty_log(&mut self) -> Result<(), GuestError> {
        self.call()?;
        self.log = None;
        Ok(())
    }

    fn take_dirty_pages(&mut self, slot: usize) -> Result<Vec<u64>, GuestError> {
        self.call()?;
        let log = self.log.as_mut().ok_or("the dirty log is off")?;
        let length = log[slot].len();
        Ok(std::mem::replace(&mut log[slot], vec![0; length]))
    }

    fn untouched(&mut self, address: u64, length: u64) -> Result<u64, GuestError> {
        self.call()?;
        let (memory, offset) = self.place(address);
        match seek(memory, SeekFrom::Data(offset)) {
            Ok(data) => Ok(length.min(data - offset)),
            Err(Errno::NXIO) => Ok(length),
            Err(error) => Err(error.into()),
        }
    }

    fn read(&mut self, address: u64, buffer: &mut [u8]) -> Result<(), GuestError> {
        self.call()?;
        let (memory, offset) = self.place(address);
        Ok(memory.read_exact_at(buffer, offset)?)
    }

    fn pause(&mut self) -> Result<(), GuestError> {
        self.call()?;
        self.set_runs(false);
        Ok(())
    }

    fn resume(&mut self) {
        if self.process.call().is_ok() || self.process.is_alive() {
            self.set_runs(true);
        }
    }

    /// The state is read at once.
    fn start_saving(&mut self) -> Result<(), GuestError> {
        self.saved = Some(self.save()?);
        Ok(())
    }

    /// KVM flushes a part of the GIC's state to RAM.
    fn save(&mut self) -> Result<Vec<u8>, GuestError> {
        self.call()?;
        if let Some(saved) = self.saved.take() {
            return Ok(saved);
        }
        self.write_somewhere();
        Ok(self.state.clone())
    }

    fn throttle(&mut self, percent: u8) -> Result<(), GuestError> {
        self.call()?;
        self.throttles.push(percent);
        if self.obeys_throttle {
            self.writes = self.writes * u64::from(100 - percent) / 100;
        }
        Ok(())
    }

    fn end(&mut self) {
        if self.process.call().is_ok() || self.process.is_alive() {
            assert!(!self.runs, "a guest that runs is ended");
            self.ended = true;
        }
    }
}

impl DestinationGuest for Machine {
    fn judge(&mut self, view: &View) -> Result<(), Vec<Objection>> {
        if let Err(error) = self.call() {
            return Err(vec![Objection::new(error.to_string())]);
        }
        assert_eq!(*view, *VIEW);
        if self.objections.is_empty() {
            return Ok(());
        }
        Err(self.objections.clone())
    }

    fn allocate(&mut self, slots: &[RamSlot]) -> Result<(), GuestError> {
        self.call()?;
        self.create(slots)
    }

    fn adopt(&mut self, memory: OwnedFd, slots: &[RamSlot]) -> Result<(), GuestError> {
        self.call()?;
        let memory = File::from(memory);
        let end = slots.iter().map(|slot| slot.offset + slot.size).max();
        if memory.metadata()?.len() < end.unwrap_or(0) {
            return Err("the file is shorter than the memory".into());
        }
        self.slots = slots.to_vec();
        self.memory = Some(memory);
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), GuestError> {
        self.call()?;
        let (memory, offset) = self.place(address);
        Ok(memory.write_all_at(bytes, offset)?)
    }

    fn zero(&mut self, address: u64, length: u64) -> Result<(), GuestError> {
        let zeros = vec![0; usize::try_from(length)?];
        DestinationGuest::write(self, address, &zeros)
    }

    fn load(&mut self, state: &[u8]) -> Result<(), GuestError> {
        self.call()?;
        if state != STATE {
            return Err("the state reads back differently".into());
        }
        self.state = state.to_vec();
        Ok(())
    }

    fn run(&mut self) {
        if self.process.call().is_ok() || self.process.is_alive() {
            self.set_runs(true);
        }
    }

    fn discard(&mut self) {
        if self.process.call().is_ok() || self.process.is_alive() {
            assert!(!self.runs, "a guest that runs is discarded");
            self.memory = None;
        }
    }
}
