//! Life of a guest: build, start, pause, and rebuild after a reset.

use super::snapshot::GuestSnapshot;
use crate::machine::kvm::vm_failure;
use crate::machine::view_files;
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use crate::qmp::guest::VcpuInfo;
use crate::vmm::boot::Kernel;
use crate::vmm::console_state::ConsoleState;
use crate::vmm::layout;
use crate::vmm::pause_gate::PauseGate;
use crate::vmm::serial::Serial;
use crate::vmm::state::{ClockPolicy, MachineState};
use crate::vmm::throttle::Throttle;
use crate::vmm::timeline::Timeline;
use crate::vmm::vcpus::{GuestExit, VcpuShared, Vcpus};
use crate::vmm::vm::{Vm, VmConfig};
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::host::Host;
use idreg_runtime::kvm::OneReg;
use idreg_runtime::plan::Plan;
use idreg_runtime::plan::apply::ApplyError;
use idreg_runtime::view::View;
use kvm_ioctls::Kvm;
use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::fd::AsRawFd as _;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use vm_memory::GuestMemoryMmap;
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

/// Builder of a run's guests: the first guest and each guest after a reset.
#[derive(Debug)]
pub(crate) struct GuestBuilder {
    pub(crate) kvm: Kvm,
    pub(crate) vm_config: VmConfig,
    pub(crate) plan: Plan,
    pub(crate) host: Host,
    /// The file for the view of the first guest; later guests have the same.
    pub(crate) view: Option<OutputFile>,
    pub(crate) targets: TargetCpus,
    pub(crate) origin: Origin,
    pub(crate) events: Arc<GuestEvents>,
}

/// The origin of a run's first guest.
#[derive(Debug)]
pub(crate) enum Origin {
    /// Boot files, which each reset loads again.
    Boot(Kernel),
    /// A guest that has run elsewhere, until it is built. It has no boot files here, so that a
    /// reset ends the run.
    Saved(Option<SavedState>),
}

/// The state of a guest that was saved, or that migrates here.
#[derive(Debug)]
pub(crate) struct SavedState {
    pub(crate) machine: MachineState,
    pub(crate) clock: ClockPolicy,
    pub(crate) console: ConsoleState,
}

/// A reset of a guest that has no boot files.
#[derive(Debug, thiserror::Error)]
#[error("a guest from a snapshot or a migration cannot be reset: its boot files are not here")]
struct NoBootFiles;

impl Origin {
    /// True if a guest that resets itself can start again.
    pub(crate) fn can_reboot(&self) -> bool {
        matches!(self, Self::Boot(_))
    }

    /// Takes the typed bytes that were saved.
    pub(crate) fn take_input(&mut self) -> Vec<u8> {
        match self {
            Self::Saved(Some(saved)) => mem::take(&mut saved.console.input),
            Self::Saved(None) | Self::Boot(_) => Vec::new(),
        }
    }
}

/// Eventfds that wake the supervisor.
#[derive(Debug)]
pub(crate) struct GuestEvents {
    /// Written by a vCPU on an exit that it cannot handle.
    pub(crate) vcpu_exit: EventFd,
    /// Written by the console when the guest has taken all of its input.
    pub(crate) console_drained: EventFd,
}

impl GuestEvents {
    pub(crate) fn new() -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            vcpu_exit: EventFd::new(EFD_NONBLOCK)?,
            console_drained: EventFd::new(EFD_NONBLOCK)?,
        }))
    }
}

/// Guest whose vCPUs are paused or running.
#[derive(Debug)]
pub(crate) struct Guest {
    vcpus: Vcpus,
    mpidrs: Vec<u64>,
    serial: Arc<Serial>,
    /// Outlives the vCPUs, which use its memory.
    vm: Vm,
}

impl GuestBuilder {
    /// Builds a guest from a VM whose vCPUs still have the host's ID registers. The new guest's
    /// vCPUs are paused.
    pub(crate) fn build(&mut self, vm: Vm, timeline: &mut Timeline) -> Result<Guest, Failure> {
        vm.apply(&self.plan, &self.targets, timeline)
            .map_err(vm_failure)?;
        self.complete(vm, timeline)
    }

    /// Builds a guest from a VM to which the plan is applied. The new guest's vCPUs are paused.
    pub(crate) fn complete(
        &mut self,
        mut vm: Vm,
        timeline: &mut Timeline,
    ) -> Result<Guest, Failure> {
        let mpidrs = vm.mpidrs().map_err(vm_failure)?;
        let mut console = None;
        match &mut self.origin {
            Origin::Boot(kernel) => {
                let ram = self.vm_config.ram;
                let entry = kernel.load(vm.memory(), ram, &mpidrs, self.plan.config())?;
                vm.set_entry(entry.kernel, entry.fdt).map_err(vm_failure)?;
            }
            Origin::Saved(saved) => {
                let saved = saved.take().ok_or_else(|| Failure::other(NoBootFiles))?;
                let written = vm.write_state(&saved.machine, saved.clock);
                written.map_err(vm_failure)?;
                console = Some(saved.console);
            }
        }
        timeline.step("load");
        if let Some(file) = self.view.take() {
            vm.finalise_registers().map_err(vm_failure)?;
            let view = vm.read_view(&self.plan, &self.host, &self.targets);
            view_files::write(file, &view.map_err(vm_failure)?)?;
            timeline.step("view");
        }
        let gate = Arc::new(PauseGate::closed(mpidrs.len()));
        let drained = self
            .events
            .console_drained
            .try_clone()
            .map_err(Failure::other)?;
        let serial = match console {
            None => Serial::new(Arc::clone(&gate), drained).map_err(Failure::other)?,
            Some(state) => {
                Serial::restore(&state, Arc::clone(&gate), drained).map_err(Failure::other)?
            }
        };
        let serial = Arc::new(serial);
        vm.connect(serial.interrupt(), layout::SERIAL_SPI)
            .map_err(vm_failure)?;
        let shared = VcpuShared {
            gate,
            clock: Arc::clone(vm.clock()),
            throttle: Throttle::default(),
            serial: Arc::clone(&serial),
            targets: self.targets.clone(),
            exit_event: self.events.vcpu_exit.try_clone().map_err(Failure::other)?,
            first_run: OnceLock::new(),
        };
        let vcpus = Vcpus::start(vm.take_vcpus(), shared).map_err(Failure::other)?;
        timeline.step("threads");
        Ok(Guest {
            vcpus,
            mpidrs,
            serial,
            vm,
        })
    }

    /// Builds another guest from a new VM: the ID registers of a VM that has run are frozen, and
    /// its devices keep their state.
    pub(crate) fn rebuild(&mut self) -> Result<Guest, Failure> {
        let mut timeline = Timeline::since(Instant::now());
        let Origin::Boot(kernel) = &mut self.origin else {
            return Err(Failure::other(NoBootFiles));
        };
        kernel.read_again()?;
        kernel.check_pages(&self.plan.in_guest())?;
        let vm = Vm::new(&self.kvm, self.vm_config, &mut timeline).map_err(vm_failure)?;
        self.build(vm, &mut timeline)
    }
}

impl Guest {
    /// Lets the vCPUs run.
    pub(crate) fn resume(&self) {
        self.vcpus.resume();
    }

    /// Pauses the vCPUs; returns when all have left the guest.
    pub(crate) fn pause(&self) {
        self.vcpus.pause();
    }

    /// Lets the vCPUs wait for this share of each period, in percent, when they are
    /// [kicked](Self::kick).
    pub(crate) fn throttle(&self, percent: u8, period: Duration) {
        self.vcpus.shared().throttle.set(percent, period);
    }

    /// Takes the vCPUs out of the guest; they enter it again by themselves.
    pub(crate) fn kick(&self) {
        self.vcpus.kick();
    }

    /// The next exit that a vCPU could not handle, or `None`.
    pub(crate) fn vcpu_exit(&self) -> Option<GuestExit> {
        self.vcpus.guest_exit()
    }

    /// Reads the state of the paused guest.
    ///
    /// The vCPUs' threads wait at the gate, and the descriptors are used from this one meanwhile.
    pub(crate) fn snapshot(
        &self,
        builder: &GuestBuilder,
        input: Vec<u8>,
    ) -> Result<GuestSnapshot, Failure> {
        Ok(GuestSnapshot {
            view: self.view(builder)?,
            machine: self.machine_state(builder)?,
            console: self.console_state(input),
            memory: self.memory().clone(),
        })
    }

    /// Reads the view of the paused guest.
    pub(crate) fn view(&self, builder: &GuestBuilder) -> Result<View, Failure> {
        let fds = (0..self.mpidrs.len())
            .map(|index| self.vcpus.with_vcpu(index, |vcpu| vcpu.as_raw_fd()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(Failure::other)?;
        let GuestBuilder {
            plan,
            host,
            targets,
            ..
        } = builder;
        let view = self.vm.read_view_of(&fds, plan, host, targets);
        view.map_err(vm_failure)
    }

    /// Reads the state of the paused guest's machine.
    pub(crate) fn machine_state(&self, builder: &GuestBuilder) -> Result<MachineState, Failure> {
        let state = self.vm.read_state(&self.vcpus, &builder.plan);
        state.map_err(vm_failure)
    }

    /// The state of the paused guest's console, with the bytes that it has not taken yet.
    pub(crate) fn console_state(&self, input: Vec<u8>) -> ConsoleState {
        ConsoleState {
            input,
            ..self.serial.state()
        }
    }

    /// The guest's RAM.
    pub(crate) fn memory(&self) -> &GuestMemoryMmap {
        self.vm.memory()
    }

    /// Switches the dirty log on, with no page dirty, or off.
    pub(crate) fn set_dirty_logging(&self, on: bool) -> Result<(), Failure> {
        self.vm.set_dirty_logging(on).map_err(vm_failure)
    }

    /// Takes the pages that were written since the last call: bit `n % 64` of word `n / 64` is page
    /// `n` of the slot of this number, in the host's page size.
    ///
    /// Nothing but vCPUs and KVM writes to the memory of a guest that runs: the console has
    /// registers only.
    pub(crate) fn take_dirty_pages(&self, slot: u32) -> Result<Vec<u64>, Failure> {
        self.vm.take_dirty_log(slot).map_err(vm_failure)
    }

    /// Moves as much input to the console as its FIFO has space for.
    pub(crate) fn feed_console(&self, input: &mut VecDeque<u8>) {
        self.serial.give(input);
    }

    /// Time of the first vCPU's first entry into the guest, or `None` before it.
    pub(crate) fn first_run(&self) -> Option<Instant> {
        self.vcpus.shared().first_run.get().copied()
    }

    /// The vCPUs, by index.
    pub(crate) fn cpus(&self) -> Vec<VcpuInfo> {
        let threads = self.vcpus.thread_ids().iter();
        let cpus = (0..).zip(threads.zip(&self.mpidrs));
        cpus.map(|(index, (thread_id, mpidr))| VcpuInfo {
            index,
            thread_id: *thread_id,
            mpidr: *mpidr,
        })
        .collect()
    }

    /// Ends the guest. If it has run, verifies that its vCPUs still have the plan's registers: some
    /// kernels change them when a vCPU is switched on.
    pub(crate) fn end(self, plan: &Plan) -> Result<(), Failure> {
        let ran = self.first_run().is_some();
        for vcpu in self.vcpus.end() {
            match plan.verify(&OneReg::new(&vcpu)) {
                Err(ApplyError::Differs(found)) if ran => return Err(Failure::AfterRun(found)),
                Err(error) if ran => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }
}
