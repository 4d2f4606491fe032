//! Event loop of a guest: signals, console, QMP calls and vCPU exits.

mod arriving;
mod calls;
mod doubt;
mod event_sources;
mod migrating;
pub(crate) mod migration;
mod saving;
mod shutdown;

use self::event_sources::INPUT;
use self::migration::incoming::{Incoming, IncomingOptions};
use self::migration::outgoing::Outgoing;
use super::console::{self, Terminal};
use super::ending::{Ended, Ending};
use super::initrd_check::InitrdCheck;
use super::jobs::Jobs;
use super::keys::{self, EscapeCommand};
use super::lifecycle::{Guest, GuestBuilder, GuestEvents, Origin};
use super::main_thread::MainCalls;
use super::remote::CallQueue;
use super::save_thread::SaveThread;
use super::signals::{Signals, pending_signal};
use super::stdin_watch::StdinWatch;
use crate::output;
use crate::output::failure::Failure;
use crate::qmp::event::{Event, EventSender, ShutdownCause};
use crate::qmp::migration::MigrationSettings;
use crate::vmm::boot::initrd::Checked;
use crate::vmm::timeline::Timeline;
use crate::vmm::vm::Vm;
use event_manager::{EventManager, EventOps, SubscriberOps};
use std::sync::Arc;
use std::{mem, thread};
use vmm_sys_util::timerfd::TimerFd;

/// Connection of the main thread to the QMP server.
#[derive(Debug)]
pub(crate) struct QmpConnection {
    pub(crate) calls: CallQueue,
    pub(crate) events: EventSender,
}

/// The first guest of a run.
#[derive(Debug)]
pub(crate) enum FirstGuest {
    /// A guest to build from this VM.
    Build(Box<GuestBuilder>, Vm),
    /// A guest that arrives from another process.
    Await(IncomingOptions),
}

/// The guest and its event sources.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent conditions")]
pub(crate) struct Supervisor {
    /// `None` until a guest has arrived from another process.
    builder: Option<GuestBuilder>,
    /// `None` before the start, during a reset, after a failed reset, and after the end.
    guest: Option<Guest>,
    events: Arc<GuestEvents>,
    /// True if a guest that resets itself starts again.
    reboot: bool,
    qmp: Option<QmpConnection>,
    signals: Signals,
    input: StdinWatch,
    /// `None` without boot files.
    initrd: Option<InitrdCheck>,
    /// True if the message about input that the terminal keeps was printed.
    held_back: bool,
    /// True if QMP has stopped the vCPUs.
    paused: bool,
    jobs: Jobs,
    save_thread: SaveThread,
    /// Closures of migration threads.
    main_calls: MainCalls<Self>,
    migration_settings: MigrationSettings,
    /// The migration to another process, the last or that under way.
    outgoing: Option<Outgoing>,
    /// The migration to this process.
    incoming: Option<Incoming>,
    /// Ticks while a migration slows the guest down.
    throttle_timer: TimerFd,
    terminal: Option<Terminal>,
    /// True if standard input is to be watched from now on.
    must_start_input: bool,
    resets: u64,
    result: Option<Result<Ending, Failure>>,
}

impl Supervisor {
    pub(crate) fn new(events: Arc<GuestEvents>, signals: Signals) -> Result<Self, Failure> {
        let input = StdinWatch::new(console::input_kind(), INPUT);
        Ok(Self {
            reboot: true,
            builder: None,
            guest: None,
            events,
            qmp: None,
            signals,
            input,
            initrd: None,
            held_back: false,
            paused: false,
            jobs: Jobs::default(),
            save_thread: SaveThread::new().map_err(Failure::other)?,
            main_calls: MainCalls::new().map_err(Failure::other)?,
            migration_settings: MigrationSettings::default(),
            outgoing: None,
            incoming: None,
            throttle_timer: TimerFd::new().map_err(Failure::other)?,
            terminal: None,
            must_start_input: false,
            resets: 0,
            result: None,
        })
    }

    /// Ends the run when the guest resets itself.
    pub(crate) fn no_reboot(&mut self) {
        self.reboot = false;
    }

    /// Lets the guest wait for QMP's `cont`.
    pub(crate) fn start_paused(&mut self) {
        self.paused = true;
    }

    pub(crate) fn connect_qmp(&mut self, qmp: QmpConnection) {
        self.qmp = Some(qmp);
    }

    /// The builder of the guest, or `None` if no guest has arrived.
    pub(crate) fn builder(&self) -> Option<&GuestBuilder> {
        self.builder.as_ref()
    }

    /// Starts to check the initial RAM disk of a guest that boots.
    pub(crate) fn check_initrd(&mut self, builder: &GuestBuilder) -> Result<(), Failure> {
        if let Origin::Boot(kernel) = &builder.origin {
            self.initrd = Some(InitrdCheck::start(kernel)?);
        }
        Ok(())
    }

    /// Builds or awaits a guest, runs it and returns when it has ended.
    pub(crate) fn run(
        mut self,
        first: FirstGuest,
        timeline: &mut Timeline,
    ) -> Result<(Self, Ended), Failure> {
        let started = match first {
            FirstGuest::Build(builder, vm) => self.start(builder, vm, timeline),
            FirstGuest::Await(options) => self.await_guest(options),
        };
        if let Err(failure) = started {
            // A signal interrupts slow ioctls of KVM with EINTR.
            let ending = pending_signal(&mut self.signals).ok_or(failure)?;
            let ended = Ended {
                result: Ok(ending),
                resets: 0,
            };
            return Ok((self, ended));
        }
        let mut manager = EventManager::new().map_err(Failure::other)?;
        let id = manager.add_subscriber(self);
        loop {
            manager.run().map_err(Failure::other)?;
            if manager
                .subscriber_mut(id)
                .map_err(Failure::other)?
                .result
                .is_some()
            {
                break;
            }
        }
        self = manager.remove_subscriber(id).map_err(Failure::other)?;
        self.abandon_save();
        self.abandon_migration();
        let guest = self.guest.take();
        let first_run = guest.as_ref().and_then(Guest::first_run);
        if let Some(first_run) = first_run.filter(|_| self.resets == 0) {
            timeline.step_at("first_run", first_run);
        }
        let verified = self.verify_ended(guest);
        self.terminal = None;
        let result = self.result.take().unwrap_or(Ok(Ending::Quit));
        let ended = Ended {
            result: result.and_then(|ending| verified.map(|()| ending)),
            resets: self.resets,
        };
        Ok((self, ended))
    }

    /// Builds the first guest and lets it run.
    fn start(
        &mut self,
        mut builder: Box<GuestBuilder>,
        vm: Vm,
        timeline: &mut Timeline,
    ) -> Result<(), Failure> {
        self.reboot &= builder.origin.can_reboot();
        self.input.pending().extend(builder.origin.take_input());
        let guest = builder.build(vm, timeline)?;
        self.builder = Some(*builder);
        self.terminal = Some(Terminal::take().map_err(Failure::other)?);
        if !self.paused {
            guest.resume();
        }
        self.guest = Some(guest);
        self.must_start_input = true;
        Ok(())
    }

    /// Sends an event to the QMP clients.
    fn send_event(&self, event: Event) {
        if let Some(qmp) = &self.qmp {
            qmp.events.send(event);
        }
    }

    /// Reads standard input, executes an escape command, and feeds the guest.
    fn read_input(&mut self, ops: &mut EventOps) {
        match self.input.read(ops) {
            Some(EscapeCommand::Quit) => self.finish(Ending::Quit, ShutdownCause::HostUi),
            Some(EscapeCommand::Help) => note(keys::HELP),
            None => {}
        }
        self.feed_guest(ops);
        if self.input.holds_back() && !self.held_back {
            self.held_back = true;
            note(keys::HELD_BACK);
        }
    }

    /// Watches standard input once there is a guest.
    fn start_input(&mut self, ops: &mut EventOps) {
        if !mem::take(&mut self.must_start_input) {
            return;
        }
        self.input.start(ops);
        // A guest that has run before may have input that it has not taken yet.
        self.feed_guest(ops);
        if self.input.must_read() {
            self.read_input(ops);
        }
    }

    /// Feeds pending input to the guest, and updates the watch of standard input.
    fn feed_guest(&mut self, ops: &mut EventOps) {
        if let Some(guest) = &self.guest {
            guest.feed_console(self.input.pending());
        }
        self.input.update(ops);
    }

    fn handle_initrd_check(&mut self) {
        match self.initrd.as_mut().and_then(InitrdCheck::take) {
            Some(Ok(Checked::Whole)) | None => {}
            Some(Ok(Checked::NotFollowed(format))) => {
                tracing::info!(format, "this format of initial RAM disk is not checked");
            }
            Some(Ok(Checked::Unknown)) => {
                tracing::warn!("the initial RAM disk is not in a format that Linux unpacks");
            }
            Some(Err(error)) => self.fail(error.into()),
        }
    }
}

/// Prints a message in a thread of its own: a terminal that takes no output must not stop the main
/// thread, which handles signals.
fn note(message: &'static str) {
    let printing = thread::Builder::new().name("message".into());
    if let Err(error) = printing.spawn(|| output::note(message)) {
        tracing::warn!(%error, "a message cannot be printed");
    }
}
