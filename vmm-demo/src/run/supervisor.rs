//! The main thread of a running guest: it starts it, listens to all who have a say in it, and ends it.

use super::Ending;
use super::initrd_check::InitrdCheck;
use super::linux::other;
use super::remote::{Call, Calls};
use crate::console::{self, Asked, Input, Kind, Read};
use crate::cpu::{Board, CpuError, Report, Vcpus};
use crate::failure::Failure;
use crate::gate::Gate;
use crate::kernel::Kernel;
use crate::kernel::initrd::Checked;
use crate::layout;
use crate::machine::{Machine, vm_failure};
use crate::output;
use crate::qmp::event::{Cause, Event, EventSender};
use crate::qmp::guest::{Cpu, Status};
use crate::serial::Serial;
use crate::timeline::Timeline;
use crate::vm::{Parts, Vm};
use event_manager::{EventManager, EventOps, EventSet, Events, MutEventSubscriber, SubscriberOps};
use idreg_runtime::apply::ApplyError;
use idreg_runtime::kvm::KvmVcpu;
use idreg_runtime::plan::Plan;
use idreg_runtime::target::TargetCpus;
use rustix::stdio::stdin;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

/// What ends this program in good order.
const SIGNALS: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Signals that have come and were not seen to.
pub(super) type Signals = SignalDelivery<UnixStream, SignalOnly>;

// What an event is about.
const SIGNAL: u32 = 0;
const REPORT: u32 = 1;
const ROOM: u32 = 2;
const INPUT: u32 = 3;
const INITRD: u32 = 4;
const CALL: u32 = 5;

/// What guests are made of, the first and those after a reset.
#[derive(Debug)]
pub(super) struct Setup<'a> {
    pub(super) machine: &'a Machine,
    pub(super) plan: &'a Plan,
    pub(super) vcpus: u16,
    /// The size of RAM in bytes.
    pub(super) ram: u64,
    pub(super) targets: TargetCpus,
    /// Whether a guest that resets itself starts again.
    pub(super) reboot: bool,
    /// What QMP asks, and where it is told of events, if there is QMP.
    pub(super) qmp: Option<Qmp>,
}

/// The main thread's connection with the QMP server.
#[derive(Debug)]
pub(super) struct Qmp {
    pub(super) calls: Calls,
    pub(super) events: EventSender,
}

/// A guest that was started, or is about to be.
#[derive(Debug)]
struct Guest {
    vcpus: Vcpus,
    mpidrs: Vec<u64>,
    serial: Arc<Serial>,
    /// Outlives the vCPUs, which run on its memory.
    _vm: Vm,
}

/// The guest and all who have a say in it.
#[derive(Debug)]
pub(super) struct Supervisor<'a> {
    setup: Setup<'a>,
    kernel: Kernel,
    guest: Option<Guest>,
    signals: Signals,
    /// Written by vCPUs that cannot go on.
    reports: EventFd,
    /// Written by the console when the guest has taken its input.
    room: EventFd,
    input: Input,
    /// How the standard input is listened to.
    listening: Listening,
    initrd: InitrdCheck,
    /// Whether QMP has stopped the vCPUs.
    paused: bool,
    resets: u64,
    result: Option<Result<Ending, Failure>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listening {
    /// It is among the events.
    Yes,
    /// Not as long as there is input that the guest has not taken.
    Later,
    /// It is a file, which is always ready and cannot be among the events.
    WhenThereIsRoom,
    /// There will be nothing.
    No,
}

/// Takes the signals that end this program: from here on they do not by themselves.
pub(super) fn take_signals() -> io::Result<Signals> {
    let (read, write) = UnixStream::pair()?;
    SignalDelivery::with_pipe(read, write, SignalOnly, SIGNALS)
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(setup: Setup<'a>, kernel: Kernel, signals: Signals) -> Result<Self, Failure> {
        let event = || EventFd::new(EFD_NONBLOCK).map_err(other);
        let kind = console::kind();
        let initrd = InitrdCheck::start(&kernel)?;
        Ok(Self {
            setup,
            guest: None,
            signals,
            reports: event()?,
            room: event()?,
            input: Input::new(kind),
            listening: match kind {
                Kind::Background => Listening::No,
                Kind::Terminal | Kind::Other => Listening::Yes,
            },
            initrd,
            kernel,
            paused: false,
            resets: 0,
            result: None,
        })
    }

    /// Makes the guest, up to where its vCPUs wait to be let go.
    pub(super) fn boot(&mut self, timeline: &mut Timeline) -> Result<(), Failure> {
        let setup = &self.setup;
        let parts = Parts {
            plan: setup.plan,
            capabilities: &setup.machine.host().about().capabilities,
            vcpus: setup.vcpus,
            ram: setup.ram,
            targets: &setup.targets,
        };
        let mut vm = Vm::new(setup.machine.kvm(), &parts, timeline).map_err(vm_failure)?;
        let mpidrs = vm.mpidrs().map_err(vm_failure)?;
        let config = setup.plan.config();
        let entry = self.kernel.load(vm.memory(), setup.ram, &mpidrs, config)?;
        vm.set_entry(entry.kernel, entry.fdt).map_err(vm_failure)?;
        timeline.step("load");
        let gate = Arc::new(Gate::closed(mpidrs.len()));
        let room = self.room.try_clone().map_err(other)?;
        let serial = Arc::new(Serial::new(Arc::clone(&gate), room).map_err(other)?);
        vm.connect(serial.interrupt(), layout::SERIAL_SPI)
            .map_err(vm_failure)?;
        let board = Board {
            gate,
            serial: Arc::clone(&serial),
            targets: setup.targets.clone(),
            wake: self.reports.try_clone().map_err(other)?,
            first_run: OnceLock::new(),
        };
        let vcpus = Vcpus::start(vm.take_vcpus(), board).map_err(other)?;
        timeline.step("threads");
        self.guest = Some(Guest {
            vcpus,
            mpidrs,
            serial,
            _vm: vm,
        });
        Ok(())
    }

    /// Lets the guest go, and returns how it ended and how often it was started again.
    pub(super) fn run(
        mut self,
        timeline: &mut Timeline,
    ) -> Result<(Result<Ending, Failure>, u64), Failure> {
        if let Some(guest) = &self.guest {
            guest.vcpus.go();
        }
        let mut manager = EventManager::new().map_err(other)?;
        let id = manager.add_subscriber(self);
        loop {
            manager.run().map_err(other)?;
            if manager.subscriber_mut(id).map_err(other)?.result.is_some() {
                break;
            }
        }
        self = manager.remove_subscriber(id).map_err(other)?;
        let guest = self.guest.take();
        if let Some(first_run) = guest.as_ref().and_then(Guest::first_run)
            && self.resets == 0
        {
            timeline.step_at("first_run", first_run);
        }
        let verified = guest.map_or(Ok(()), |guest| guest.end(self.setup.plan));
        let result = self.result.take().unwrap_or(Ok(Ending::Quit));
        Ok((
            result.and_then(|ending| verified.map(|()| ending)),
            self.resets,
        ))
    }

    /// Says how it ends, if that was not said before.
    fn finish(&mut self, ending: Ending, cause: Cause) {
        if self.result.is_none() {
            self.result = Some(Ok(ending));
            self.tell(Event::Shutdown(cause));
        }
    }

    fn fail(&mut self, failure: Failure) {
        if self.result.is_none() {
            self.result = Some(Err(failure));
            self.tell(Event::Shutdown(Cause::HostError));
        }
    }

    /// Tells QMP's clients.
    fn tell(&self, event: Event) {
        if let Some(qmp) = &self.setup.qmp {
            qmp.events.send(event);
        }
    }

    fn signalled(&mut self) {
        if let Some(number) = self.signals.pending().next() {
            let number = u8::try_from(number).unwrap_or(u8::MAX);
            self.finish(Ending::Signal(number), Cause::HostSignal);
        }
    }

    /// Does what a vCPU wants that cannot go on.
    fn reported(&mut self) {
        // It says no more than that there are reports.
        let _count = self.reports.read();
        let Some(report) = self.guest.as_ref().and_then(|guest| guest.vcpus.report()) else {
            return;
        };
        match report {
            Report::PoweredOff => self.finish(Ending::PoweredOff, Cause::GuestShutdown),
            Report::Reset if self.setup.reboot => self.reset(Cause::GuestReset),
            Report::Reset => self.finish(Ending::Reset, Cause::GuestReset),
            Report::Failed(error) => self.fail(failed(error)),
        }
    }

    /// Replaces the guest by one that starts: a VM's ID registers, once it has run, are frozen, and its devices keep
    /// what they were told.
    fn reset(&mut self, cause: Cause) {
        let ended = self
            .guest
            .take()
            .map_or(Ok(()), |guest| guest.end(self.setup.plan));
        let mut timeline = Timeline::since(Instant::now());
        match ended.and_then(|()| self.boot(&mut timeline)) {
            Ok(()) => {
                self.resets += 1;
                self.tell(Event::Reset(cause));
                if let Some(guest) = self.guest.as_ref().filter(|_| !self.paused) {
                    guest.vcpus.go();
                }
            }
            Err(failure) => self.fail(failure),
        }
    }

    fn called(&mut self) {
        while let Some(call) = self.setup.qmp.as_ref().and_then(|qmp| qmp.calls.next()) {
            self.answer(call);
        }
    }

    /// Does what QMP wants. That it does not wait for the answer any more is no concern of the guest.
    fn answer(&mut self, call: Call) {
        let _not_waiting = match call {
            Call::Status(answer) => answer.try_send(self.status()).is_ok(),
            Call::Cpus(answer) => {
                let cpus = self.guest.as_ref().map(Guest::cpus).unwrap_or_default();
                answer.try_send(cpus).is_ok()
            }
            Call::Stop(answer) => {
                if let Some(guest) = self.guest.as_ref().filter(|_| !self.paused) {
                    guest.vcpus.pause();
                    self.paused = true;
                    self.tell(Event::Stop);
                }
                answer.try_send(()).is_ok()
            }
            Call::Cont(answer) => {
                if let Some(guest) = self.guest.as_ref().filter(|_| self.paused) {
                    guest.vcpus.go();
                    self.paused = false;
                    self.tell(Event::Resume);
                }
                answer.try_send(()).is_ok()
            }
            Call::Reset(answer) => {
                if self.setup.reboot {
                    self.reset(Cause::HostQmpSystemReset);
                } else {
                    self.finish(Ending::Reset, Cause::HostQmpSystemReset);
                }
                answer.try_send(()).is_ok()
            }
            Call::Quit(answer) => {
                self.finish(Ending::Quit, Cause::HostQmpQuit);
                answer.try_send(()).is_ok()
            }
        };
    }

    fn status(&self) -> Status {
        match (&self.result, self.paused) {
            (Some(Ok(_)), _) => Status::Shutdown,
            (Some(Err(_)), _) => Status::InternalError,
            (None, true) => Status::Paused,
            (None, false) => Status::Running,
        }
    }

    /// Reads the standard input, and gives the guest what it takes of it.
    fn read_input(&mut self, ops: &mut EventOps) {
        match self.input.read() {
            Read::More(Some(Asked::Quit)) => self.finish(Ending::Quit, Cause::HostUi),
            Read::More(Some(Asked::Help)) => output::note(console::HELP),
            Read::More(None) => {}
            Read::End => {
                if self.listening == Listening::Yes {
                    // What was never added cannot be removed, and there is no harm in that.
                    let _never = ops.remove(input_events());
                }
                self.listening = Listening::No;
            }
        }
        self.give_input(ops);
    }

    /// Gives the guest what it takes of the input, and listens for more when it has taken all.
    fn give_input(&mut self, ops: &mut EventOps) {
        if let Some(guest) = &self.guest {
            guest.serial.give(&mut self.input.pending);
        }
        let taken = self.input.pending.is_empty();
        match self.listening {
            Listening::Yes if !taken => {
                let _never = ops.remove(input_events());
                self.listening = Listening::Later;
            }
            Listening::Later if taken => self.listen(ops),
            _ => {}
        }
    }

    fn listen(&mut self, ops: &mut EventOps) {
        self.listening = match ops.add(input_events()) {
            Ok(()) => Listening::Yes,
            Err(event_manager::Error::Epoll(error)) if error.errno() == libc::EPERM => {
                Listening::WhenThereIsRoom
            }
            Err(error) => {
                tracing::info!(%error, "the standard input is not listened to");
                Listening::No
            }
        };
    }

    fn checked_initrd(&mut self) {
        match self.initrd.take() {
            Some(Ok(Checked::Whole)) | None => {}
            Some(Ok(Checked::NotFollowed(format))) => {
                tracing::info!(format, "the initial RAM disk is not checked to its end");
            }
            Some(Ok(Checked::Unknown)) => {
                tracing::warn!("the initial RAM disk is not in a form that Linux unpacks");
            }
            Some(Err(error)) => self.fail(error.into()),
        }
    }
}

impl MutEventSubscriber for Supervisor<'_> {
    fn init(&mut self, ops: &mut EventOps) {
        let calls = self.setup.qmp.as_ref().map(|qmp| qmp.calls.wake());
        let sources = [
            Some((self.signals.get_read().as_raw_fd(), SIGNAL)),
            Some((self.reports.as_raw_fd(), REPORT)),
            Some((self.room.as_raw_fd(), ROOM)),
            Some((self.initrd.done().as_raw_fd(), INITRD)),
            calls.map(|wake| (wake.as_raw_fd(), CALL)),
        ];
        for (fd, about) in sources.into_iter().flatten() {
            if let Err(error) = ops.add(Events::with_data_raw(fd, about, EventSet::IN)) {
                self.fail(other(error));
            }
        }
        if self.listening == Listening::Yes {
            self.listen(ops);
        }
        if self.listening == Listening::WhenThereIsRoom {
            self.read_input(ops);
        }
    }

    fn process(&mut self, events: Events, ops: &mut EventOps) {
        match events.data() {
            SIGNAL => self.signalled(),
            REPORT => self.reported(),
            ROOM => {
                // It says no more than that there is room.
                let _count = self.room.read();
                self.give_input(ops);
                if self.listening == Listening::WhenThereIsRoom && self.input.pending.is_empty() {
                    self.read_input(ops);
                }
            }
            INPUT => self.read_input(ops),
            INITRD => {
                // There is one result.
                let _count = self.initrd.done().read();
                self.checked_initrd();
            }
            CALL => {
                // It says no more than that there are calls.
                let _count = self.setup.qmp.as_ref().map(|qmp| qmp.calls.wake().read());
                self.called();
            }
            _ => {}
        }
    }
}

fn input_events() -> Events {
    Events::with_data_raw(stdin().as_raw_fd(), INPUT, EventSet::IN)
}

/// What a vCPU that failed is for the command.
fn failed(error: CpuError) -> Failure {
    if error.is_of_guest() {
        Failure::Guest(error.into())
    } else {
        other(error)
    }
}

impl Guest {
    fn first_run(&self) -> Option<Instant> {
        self.vcpus.board().first_run.get().copied()
    }

    fn cpus(&self) -> Vec<Cpu> {
        let threads = self.vcpus.thread_ids().iter();
        let cpus = (0..).zip(threads.zip(&self.mpidrs));
        cpus.map(|(index, (thread_id, mpidr))| Cpu {
            index,
            thread_id: *thread_id,
            mpidr: *mpidr,
        })
        .collect()
    }

    /// Ends the guest, and says whether its vCPUs still had the plan's registers, which some kernels change when a
    /// vCPU is switched on.
    fn end(self, plan: &Plan) -> Result<(), Failure> {
        let ran = self.first_run().is_some();
        for vcpu in self.vcpus.end() {
            match plan.verify(&KvmVcpu::new(&vcpu)) {
                Err(ApplyError::Differs(found)) if ran => return Err(Failure::AfterRun(found)),
                Err(error) if ran => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }
}
