//! The memory of a migration through a Unix socket, beside `memcpy` and a bare socket of as many
//! bytes.
//!
//! ```text
//! cargo bench -p vmm-demo --bench memory_path
//! ```
//!
//! Both sides are threads of one process and nobody writes the memory meanwhile, so the migration
//! is one round and an empty one. The goal is 0.60. The figures are those of the best rounds.

#![allow(
    clippy::cast_precision_loss,
    reason = "the figures are printed with two digits"
)]

#[cfg(target_os = "linux")]
mod linux {
    use idreg_runtime::fake::FakeVm;
    use idreg_runtime::host::Host;
    use idreg_runtime::plan::Plan;
    use idreg_runtime::view::{View, ViewInfo};
    use std::error::Error;
    use std::hint::black_box;
    use std::io::{self, ErrorKind, Read as _, Write as _};
    use std::os::fd::{BorrowedFd, OwnedFd};
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::thread;
    use std::time::{Duration, Instant};
    use vm_memory::GuestMemoryMmap;
    use vmm_demo::migration::MigrationTimeouts;
    use vmm_demo::migration::destination::{DestinationOptions, receive};
    use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
    use vmm_demo::migration::guest::{DestinationGuest, GuestError, SourceGuest};
    use vmm_demo::migration::hello::MemoryMode;
    use vmm_demo::migration::memory_map::RamSlot;
    use vmm_demo::migration::objection::Objection;
    use vmm_demo::migration::source::{SourceOptions, migrate};
    use vmm_demo::migration::token::Token;
    use vmm_demo::migration::transport::UnixTransport;
    use vmm_demo::vmm::layout::RAM_START;
    use vmm_demo::vmm::memory::huge_pages::HugePages;
    use vmm_demo::vmm::memory::{
        MemoryError, MemoryKind, MemorySource, allocate, copies, shared_file,
    };

    const MIB: usize = 1 << 20;
    const SIZE: usize = 256 * MIB;
    const ROUNDS: usize = 7;
    const HOST: &str = include_str!("../../idreg-runtime/data/hosts/max-latest.json");

    /// A paused machine's memory, as that of the demo VMM.
    struct Machine {
        view: View,
        memory: GuestMemoryMmap,
        huge_pages: HugePages,
    }

    impl Machine {
        fn new(view: &View) -> Result<Self, MemoryError> {
            let memory = allocate(MemorySource::New(MemoryKind::Shared), SIZE as u64, 40)?;
            Ok(Self {
                view: view.clone(),
                huge_pages: HugePages::of(&memory),
                memory,
            })
        }

        /// A machine all of whose pages have contents.
        fn full(view: &View) -> Result<Self, Box<dyn Error>> {
            let machine = Self::new(view)?;
            for (index, offset) in (0..SIZE).step_by(MIB).enumerate() {
                let address = RAM_START + offset as u64;
                copies::write(&machine.memory, address, &contents(index))?;
            }
            Ok(machine)
        }
    }

    impl SourceGuest for Machine {
        fn view(&mut self) -> Result<View, GuestError> {
            Ok(self.view.clone())
        }

        fn slots(&mut self) -> Result<Vec<RamSlot>, GuestError> {
            let (address, size, offset) = (RAM_START, SIZE as u64, 0);
            Ok(vec![RamSlot {
                address,
                size,
                offset,
            }])
        }

        fn memory_file(&mut self) -> Result<BorrowedFd<'_>, GuestError> {
            shared_file(&self.memory).ok_or_else(|| "the memory is private".into())
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

        fn take_dirty_pages(&mut self, _slot: usize) -> Result<Vec<u64>, GuestError> {
            Ok(vec![0; SIZE / 4096 / 64])
        }

        fn read(&mut self, address: u64, buffer: &mut [u8]) -> Result<(), GuestError> {
            Ok(copies::read(&self.memory, address, buffer)?)
        }

        fn pause(&mut self) -> Result<(), GuestError> {
            Ok(())
        }

        fn resume(&mut self) {}

        fn save(&mut self) -> Result<Vec<u8>, GuestError> {
            Ok(Vec::new())
        }

        fn throttle(&mut self, _percent: u8) -> Result<(), GuestError> {
            Ok(())
        }

        fn end(&mut self) {}
    }

    impl DestinationGuest for Machine {
        fn judge(&mut self, _view: &View) -> Result<(), Vec<Objection>> {
            Ok(())
        }

        fn allocate(&mut self, _slots: &[RamSlot]) -> Result<(), GuestError> {
            Ok(())
        }

        fn adopt(&mut self, _memory: OwnedFd, _slots: &[RamSlot]) -> Result<(), GuestError> {
            Err(io::Error::from(ErrorKind::Unsupported).into())
        }

        fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), GuestError> {
            self.huge_pages
                .prepare(&self.memory, address, bytes.len() as u64);
            Ok(copies::write(&self.memory, address, bytes)?)
        }

        fn zero(&mut self, _address: u64, _length: u64) -> Result<(), GuestError> {
            Err("no page is of zeros".into())
        }

        fn load(&mut self, _state: &[u8]) -> Result<(), GuestError> {
            Ok(())
        }

        fn run(&mut self) {}

        fn discard(&mut self) {}
    }

    /// Prints the best times and their ratio.
    pub(super) fn print() -> Result<(), Box<dyn Error>> {
        let view = view()?;
        let (mut bare, mut migrated) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            bare = bare.min(copy_and_send()?);
            migrated = migrated.min(migrate_memory(&view)?);
        }
        let rate = |time: Duration| SIZE as f64 / 1e9 / time.as_secs_f64();
        println!("memcpy and socket  {:.2} GB/s", rate(bare));
        println!("migration          {:.2} GB/s", rate(migrated));
        println!("ratio              {:.2}", rate(migrated) / rate(bare));
        Ok(())
    }

    fn view() -> Result<View, Box<dyn Error>> {
        let host: Host = serde_json::from_str(HOST)?;
        let plan = Plan::new(&host, &"host".parse()?)?;
        let vcpu = FakeVm::new(&host).vcpu(0);
        plan.apply(&vcpu)?;
        Ok(View::read(ViewInfo::of(&plan, &host), &[vcpu])?)
    }

    /// The time of a whole migration, whose contents are checked afterwards.
    fn migrate_memory(view: &View) -> Result<Duration, Box<dyn Error>> {
        let (mut source, mut destination) = (Machine::full(view)?, Machine::new(view)?);
        let (near, far) = UnixStream::pair()?;
        let (near, far) = (UnixTransport::new(near)?, UnixTransport::new(far)?);
        let options = SourceOptions {
            token: Token::random()?,
            memory: MemoryMode::Copy,
            zstd: false,
            streams: None,
            lease: None,
            timeouts: MigrationTimeouts::default(),
        };
        let started = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| {
                let options = DestinationOptions::default();
                let end = receive(&mut destination, Box::new(far), options, &Arc::default());
                assert!(matches!(end, DestinationEnd::Runs), "{end:?}");
            });
            let end = migrate(&mut source, Box::new(near), options, &Arc::default());
            assert!(matches!(end, SourceEnd::Completed), "{end:?}");
        });
        let time = started.elapsed();
        let (mut sent, mut received) = (vec![0; MIB], vec![0; MIB]);
        for offset in (0..SIZE as u64).step_by(MIB) {
            let address = RAM_START + offset;
            copies::read(&source.memory, address, &mut sent)?;
            copies::read(&destination.memory, address, &mut received)?;
            assert_eq!(sent, received, "the memory at {offset:#x} differs");
        }
        Ok(time)
    }

    /// The time of a copy of as much memory, and of the way of all of it through a socket.
    fn copy_and_send() -> io::Result<Duration> {
        let chunks: Vec<Vec<u8>> = (0..SIZE / MIB).map(contents).collect();
        let mut copies = vec![vec![0; MIB]; chunks.len()];
        let started = Instant::now();
        for (copy, chunk) in copies.iter_mut().zip(&chunks) {
            copy.copy_from_slice(black_box(chunk));
        }
        let (mut near, mut far) = UnixStream::pair()?;
        thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let mut received = vec![0; MIB];
                copies
                    .iter()
                    .try_for_each(|_| far.read_exact(&mut received))
            });
            for copy in &copies {
                near.write_all(copy)?;
            }
            reading.join().expect("the reader does not panic")
        })?;
        Ok(started.elapsed())
    }

    /// Contents of which no page is zero.
    fn contents(index: usize) -> Vec<u8> {
        let byte = u8::try_from(index % 251).expect("a byte") + 1;
        vec![byte; MIB]
    }
}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    linux::print()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: migrations need Linux");
}
