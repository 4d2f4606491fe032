//! Peers of a migration.
//!
//! An input is a list of messages: for each the kind (1 byte), the length of the payload (4 bytes,
//! little-endian) and the payload. Sequence numbers and checksums are added, which no fuzzer finds.

use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use idreg_runtime::view::View;
use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, LazyLock};
use vmm_demo::migration::MigrationTimeouts;
use vmm_demo::migration::destination::{self, DestinationOptions};
use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
use vmm_demo::migration::guest::{DestinationGuest, GuestError, SourceGuest};
use vmm_demo::migration::hello::MemoryMode;
use vmm_demo::migration::memory_map::RamSlot;
use vmm_demo::migration::objection::Objection;
use vmm_demo::migration::source::{self, SourceOptions};
use vmm_demo::migration::token::Token;
use vmm_demo::migration::transport::Transport;

const HAND_OVER: u8 = 13;
const RUNNING: u8 = 14;

/// The memory of a guest that is migrated.
const SLOT: RamSlot = RamSlot {
    address: 0x8000_0000,
    size: 16 * 4096,
    offset: 0,
};

/// The largest memory that a fake allocates.
const MAX_MEMORY: u64 = 1 << 24;

static HOST: LazyLock<Host> = LazyLock::new(|| {
    let file = include_str!("../../data/hosts/max-latest.json");
    serde_json::from_str(file).expect("a host file")
});

static VIEW: LazyLock<View> = LazyLock::new(|| {
    let file = include_str!("../corpus/view_file/view.json");
    serde_json::from_str(file).expect("a view file")
});

/// A destination runs its guest only if a source has handed over.
pub fn migration_destination(bytes: &[u8]) {
    let (peer, kinds) = Peer::new(bytes);
    let mut guest = Guest::default();
    let options = DestinationOptions::default();
    let end = destination::receive(&mut guest, Box::new(peer), options, &Arc::default());
    match end {
        DestinationEnd::Runs => assert!(guest.runs && kinds.contains(&HAND_OVER)),
        DestinationEnd::Discarded(_) => assert!(!guest.runs && guest.discarded),
        DestinationEnd::InDoubt(_) => assert!(!guest.runs && !guest.discarded && guest.loaded),
    }
}

/// A source ends its guest only if a destination has said that it runs.
pub fn migration_source(bytes: &[u8]) {
    let (peer, kinds) = Peer::new(bytes);
    let mut guest = Guest {
        slots: vec![SLOT],
        runs: true,
        ..Guest::default()
    };
    let options = SourceOptions {
        token: Token::new([1; 16]),
        memory: MemoryMode::Copy,
        zstd: true,
        streams: None,
        lease: None,
        timeouts: MigrationTimeouts::default(),
    };
    let end = source::migrate(&mut guest, Box::new(peer), options, &Arc::default());
    match end {
        SourceEnd::Completed => assert!(guest.discarded && kinds.contains(&RUNNING)),
        SourceEnd::Continues(_) => assert!(guest.runs && !guest.discarded),
        SourceEnd::InDoubt(_) => assert!(!guest.runs && !guest.discarded),
    }
}

/// A peer that has sent everything, and takes everything.
struct Peer(Cursor<Vec<u8>>);

impl Peer {
    /// Makes the peer and the set of the kinds of its messages.
    fn new(mut input: &[u8]) -> (Self, BTreeSet<u8>) {
        let mut bytes = Vec::new();
        let mut kinds = BTreeSet::new();
        let mut sequence = 0_u64;
        while let Some((kind, rest)) = input.split_first()
            && let Some((length, rest)) = rest.split_first_chunk::<4>()
        {
            let length = u32::from_le_bytes(*length);
            let payload = rest.get(..length as usize).unwrap_or(rest);
            let start = bytes.len();
            bytes.extend(*b"idmg");
            bytes.extend(u32::from(*kind).to_le_bytes());
            bytes.extend(sequence.to_le_bytes());
            bytes.extend(length.to_le_bytes());
            bytes.extend(crc32fast::hash(payload).to_le_bytes());
            let checksum = crc32fast::hash(bytes.get(start..).unwrap_or_default());
            bytes.extend(checksum.to_le_bytes());
            bytes.extend(payload);
            kinds.insert(*kind);
            sequence += 1;
            input = rest.get(payload.len()..).unwrap_or_default();
        }
        (Self(Cursor::new(bytes)), kinds)
    }
}

impl Read for Peer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Peer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Peer {}

#[derive(Default)]
struct Guest {
    slots: Vec<RamSlot>,
    runs: bool,
    loaded: bool,
    discarded: bool,
}

impl Guest {
    fn check(&self, address: u64, length: u64) {
        let within = |slot: &RamSlot| {
            let end = address.checked_add(length).expect("an address");
            slot.address <= address && end <= slot.address + slot.size
        };
        assert!(self.slots.iter().any(within), "{address:#x}");
    }
}

impl DestinationGuest for Guest {
    fn judge(&mut self, view: &View) -> Result<(), Vec<Objection>> {
        let judged = Plan::for_view(&HOST, view);
        judged
            .map(drop)
            .map_err(|error| vec![Objection::new(error.to_string())])
    }

    fn allocate(&mut self, slots: &[RamSlot]) -> Result<(), GuestError> {
        if slots.iter().any(|slot| slot.size > MAX_MEMORY) {
            return Err("too much memory".into());
        }
        self.slots = slots.to_vec();
        Ok(())
    }

    fn adopt(&mut self, _: OwnedFd, _: &[RamSlot]) -> Result<(), GuestError> {
        unreachable!("no descriptor can come")
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), GuestError> {
        self.check(address, bytes.len() as u64);
        Ok(())
    }

    fn zero(&mut self, address: u64, length: u64) -> Result<(), GuestError> {
        self.check(address, length);
        Ok(())
    }

    fn load(&mut self, _: &[u8]) -> Result<(), GuestError> {
        self.loaded = true;
        Ok(())
    }

    fn run(&mut self) {
        assert!(self.loaded && !self.discarded);
        self.runs = true;
    }

    fn discard(&mut self) {
        assert!(!self.runs);
        self.discarded = true;
    }
}

impl SourceGuest for Guest {
    fn view(&mut self) -> Result<View, GuestError> {
        Ok(VIEW.clone())
    }

    fn slots(&mut self) -> Result<Vec<RamSlot>, GuestError> {
        Ok(self.slots.clone())
    }

    fn memory_file(&mut self) -> Result<BorrowedFd<'_>, GuestError> {
        Err("the memory is not shared".into())
    }

    fn page_size(&self) -> u64 {
        4096
    }

    fn start_dirty_log(&mut self) -> Result<(), GuestError> {
        Ok(())
    }

    fn stop_dirty_log(&mut self) -> Result<(), GuestError> {
        Ok(())
    }

    fn take_dirty_pages(&mut self, _: usize) -> Result<Vec<u64>, GuestError> {
        Ok(vec![1])
    }

    fn read(&mut self, address: u64, buffer: &mut [u8]) -> Result<(), GuestError> {
        self.check(address, buffer.len() as u64);
        buffer.fill(1);
        Ok(())
    }

    fn pause(&mut self) -> Result<(), GuestError> {
        self.runs = false;
        Ok(())
    }

    fn resume(&mut self) {
        assert!(!self.discarded);
        self.runs = true;
    }

    fn save(&mut self) -> Result<Vec<u8>, GuestError> {
        assert!(!self.runs);
        Ok(b"state".to_vec())
    }

    fn throttle(&mut self, _: u8) -> Result<(), GuestError> {
        Ok(())
    }

    fn end(&mut self) {
        assert!(!self.runs);
        self.discarded = true;
    }
}
