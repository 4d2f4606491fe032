//! The guest of the destination, built on the thread of the migration and then given to the main
//! thread.

use super::written_pages::WrittenPages;
use crate::guest::lifecycle::{Guest, GuestBuilder, GuestEvents, Origin, SavedState};
use crate::guest::main_thread::MainThread;
use crate::guest::supervisor::Supervisor;
use crate::machine::kvm::{check_vcpus, kvm_failure, open_kvm, vm_failure};
use crate::migration::guest::{DestinationGuest, GuestError};
use crate::migration::judgement::{judge, offered};
use crate::migration::memory_map::RamSlot;
use crate::migration::objection::Objection;
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use crate::output::progress::ByteProgress;
use crate::snapshot::migrated::MigratedGuest;
use crate::vmm::layout;
use crate::vmm::memory::huge_pages::HugePages;
use crate::vmm::memory::{MemoryKind, MemorySource, copies};
use crate::vmm::state::ClockPolicy;
use crate::vmm::timeline::Timeline;
use crate::vmm::vm::{Vm, VmConfig};
use idreg_runtime::config::Gic;
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::host::Host;
use idreg_runtime::kvm;
use idreg_runtime::tolerance::Tolerance;
use idreg_runtime::view::View;
use kvm_ioctls::Kvm;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Instant;
use thiserror::Error;
use vm_memory::GuestMemoryMmap;

/// The settings of a guest that arrives.
#[derive(Debug)]
pub(crate) struct ArrivalOptions {
    pub(crate) tolerance: Tolerance,
    pub(crate) clock: ClockPolicy,
    pub(crate) memory: MemoryKind,
    /// The file for the guest's view on this host.
    pub(crate) view: Option<OutputFile>,
    pub(crate) events: Arc<GuestEvents>,
}

/// A guest that is built and paused.
pub(crate) struct Arrival {
    pub(crate) builder: GuestBuilder,
    pub(crate) guest: Guest,
    /// The typed bytes that the guest has not taken.
    pub(crate) input: Vec<u8>,
    /// True if the user had stopped the guest.
    pub(crate) is_stopped: bool,
}

/// RAM that this machine does not have at these addresses.
#[derive(Debug, Error)]
#[error(
    "the guest has RAM in {count} slots from {start:#x}; a guest of this program has one slot from \
     {:#x}",
    layout::RAM_START
)]
struct OtherRam {
    count: usize,
    start: u64,
}

/// A call out of order.
#[derive(Debug, Error)]
#[error("the migration is not as far as that")]
struct OutOfOrder;

/// A guest that arrives.
#[derive(Debug)]
pub(crate) struct ArrivingGuest {
    main: MainThread<Supervisor>,
    options: ArrivalOptions,
    builder: Option<GuestBuilder>,
    vm: Option<Vm>,
    memory: Option<GuestMemoryMmap>,
    huge_pages: HugePages,
    written: WrittenPages,
    /// The bytes of memory that have come, and those in all.
    copied: (u64, u64),
    /// The progress on the terminal while memory comes.
    progress: Option<ByteProgress>,
    timeline: Timeline,
}

impl ArrivingGuest {
    pub(crate) fn new(main: MainThread<Supervisor>, options: ArrivalOptions) -> Self {
        Self {
            main,
            options,
            builder: None,
            vm: None,
            memory: None,
            huge_pages: HugePages::default(),
            written: WrittenPages::default(),
            copied: (0, 0),
            progress: None,
            timeline: Timeline::since(Instant::now()),
        }
    }

    fn plan(&mut self, view: &View) -> Result<GuestBuilder, Vec<Objection>> {
        // A view has at most 512 vCPUs.
        let vcpus = u16::try_from(view.vcpu_count()).unwrap_or(u16::MAX);
        let read = open(view, vcpus);
        let (kvm, host) = read.map_err(|failure| vec![Objection::new(failure.message())])?;
        let plan = judge(&host, view, &self.options.tolerance)?;
        Ok(GuestBuilder {
            vm_config: VmConfig {
                config: plan.config(),
                gic_identity: plan.gic_identity(),
                capabilities: kvm::capabilities(&kvm),
                vcpus,
                ram: 0,
                memory: self.options.memory,
            },
            kvm,
            plan,
            host,
            view: self.options.view.take(),
            targets: TargetCpus::new(view.info().target_cpus.clone()),
            origin: Origin::Saved(None),
            events: Arc::clone(&self.options.events),
        })
    }

    /// Creates the VM with its memory, and applies the plan: what can be done before the guest is
    /// stopped.
    fn create(&mut self, source: Option<OwnedFd>, slots: &[RamSlot]) -> Result<(), Failure> {
        let builder = self.builder.as_mut();
        let builder = builder.ok_or_else(|| Failure::other(OutOfOrder))?;
        let size = match slots {
            [slot] if slot.address == layout::RAM_START && slot.offset == 0 => slot.size,
            _ => {
                let (count, first) = (slots.len(), slots.first());
                let start = first.map_or(0, |slot| slot.address);
                return Err(Failure::other(OtherRam { count, start }));
            }
        };
        builder.vm_config.ram = size;
        let source = source.map_or(
            MemorySource::New(builder.vm_config.memory),
            MemorySource::Adopted,
        );
        let timeline = &mut self.timeline;
        let vm = Vm::with_memory(&builder.kvm, builder.vm_config, source, timeline);
        let mut vm = vm.map_err(vm_failure)?;
        vm.apply(&builder.plan, &builder.targets, timeline)
            .map_err(vm_failure)?;
        self.written = WrittenPages::none_of(layout::RAM_START, size);
        // The source refuses to save another GIC, and has the words for it.
        if builder.vm_config.config.gic == Some(Gic::V3) {
            vm.read_reset_state().map_err(vm_failure)?;
        }
        self.huge_pages = HugePages::of(vm.memory());
        self.memory = Some(vm.memory().clone());
        self.vm = Some(vm);
        Ok(())
    }

    /// Builds the guest and gives it to the main thread, paused.
    fn complete(&mut self, state: &[u8]) -> Result<(), Failure> {
        let migrated = MigratedGuest::parse(state).map_err(Failure::other)?;
        let (Some(mut builder), Some(vm)) = (self.builder.take(), self.vm.take()) else {
            return Err(Failure::other(OutOfOrder));
        };
        self.memory = None;
        builder.origin = Origin::Saved(Some(SavedState {
            machine: migrated.machine,
            clock: self.options.clock,
            console: migrated.console,
        }));
        let input = builder.origin.take_input();
        let guest = builder.complete(vm, &mut self.timeline)?;
        let arrival = Arrival {
            builder,
            guest,
            input,
            is_stopped: migrated.is_stopped,
        };
        let arrived = self.main.call(|supervisor| supervisor.arrive(arrival));
        arrived.map_err(Failure::other)
    }

    /// Shows that memory has come. What comes again in later rounds does not count.
    fn report(&mut self, length: u64) {
        let (bytes, total) = self.copied;
        self.copied.0 = total.min(bytes + length);
        if let Some(progress) = &mut self.progress {
            progress.report(self.copied.0, total);
        }
    }

    fn memory(&self) -> Result<&GuestMemoryMmap, GuestError> {
        self.memory.as_ref().ok_or_else(|| OutOfOrder.into())
    }

    fn tell(&self, call: impl FnOnce(&mut Supervisor) + Send + 'static) {
        if let Err(error) = self.main.call(call) {
            tracing::debug!(%error, "the migration's guest");
        }
    }
}

/// The error for the other thread and the other side.
fn message(failure: &Failure) -> GuestError {
    failure.message().into()
}

/// This machine's KVM, and its host with the guest's options as far as KVM offers them.
fn open(view: &View, vcpus: u16) -> Result<(Kvm, Host), Failure> {
    let kvm = open_kvm()?;
    let config = view.info().vcpu;
    check_vcpus(&kvm, config.gic, vcpus)?;
    let config = offered(config, &kvm::capabilities(&kvm));
    let host = kvm::read_host(&kvm, config).map_err(kvm_failure)?;
    Ok((kvm, host))
}

impl DestinationGuest for ArrivingGuest {
    fn judge(&mut self, view: &View) -> Result<(), Vec<Objection>> {
        self.builder = Some(self.plan(view)?);
        Ok(())
    }

    fn allocate(&mut self, slots: &[RamSlot]) -> Result<(), GuestError> {
        let created = self.create(None, slots);
        created.map_err(|failure| message(&failure))?;
        self.copied = (0, slots.iter().map(|slot| slot.size).sum());
        self.progress = Some(ByteProgress::new("received"));
        Ok(())
    }

    fn adopt(&mut self, memory: OwnedFd, slots: &[RamSlot]) -> Result<(), GuestError> {
        let created = self.create(Some(memory), slots);
        created.map_err(|failure| message(&failure))
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), GuestError> {
        let memory = self.memory.as_ref().ok_or(OutOfOrder)?;
        self.huge_pages.prepare(memory, address, bytes.len() as u64);
        copies::write(memory, address, bytes)?;
        self.written.add(address, bytes.len() as u64);
        self.report(bytes.len() as u64);
        Ok(())
    }

    fn zero(&mut self, address: u64, length: u64) -> Result<(), GuestError> {
        const ZEROS: [u8; 4096] = [0; 4096];
        for page in self.written.take(address, length) {
            copies::write(self.memory()?, page, &ZEROS)?;
        }
        self.report(length);
        Ok(())
    }

    fn load(&mut self, state: &[u8]) -> Result<(), GuestError> {
        self.progress = None;
        let completed = self.complete(state);
        completed.map_err(|failure| message(&failure))
    }

    fn run(&mut self) {
        self.tell(Supervisor::run_arrived);
    }

    fn discard(&mut self) {
        self.progress = None;
        (self.builder, self.vm, self.memory) = (None, None, None);
        self.tell(Supervisor::discard_arrived);
    }
}
