//! Standard input as an event source: registered with epoll only while input is wanted.

use super::console::{ConsoleInput, InputKind, InputRead};
use super::keys::EscapeCommand;
use event_manager::{EventOps, EventSet, Events};
use rustix::stdio::stdin;
use std::collections::VecDeque;
use std::os::fd::AsRawFd;

/// The console's input and its registration with epoll.
#[derive(Debug)]
pub(crate) struct StdinWatch {
    input: ConsoleInput,
    state: WatchState,
    event_id: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WatchState {
    /// Registered with epoll.
    Registered,
    /// Not registered until the guest has taken the pending input.
    Paused,
    /// A regular file: epoll rejects it, and it is always readable.
    Unpollable,
    /// At its end, not readable, or not ours to read.
    Closed,
}

impl StdinWatch {
    /// Creates a watch, not registered yet, whose events carry `event_id`.
    pub(crate) fn new(kind: InputKind, event_id: u32) -> Self {
        Self {
            input: ConsoleInput::new(kind),
            state: match kind {
                InputKind::Background => WatchState::Closed,
                InputKind::Terminal | InputKind::Other => WatchState::Registered,
            },
            event_id,
        }
    }

    /// Registers standard input with epoll, if there is any to read.
    pub(crate) fn start(&mut self, ops: &mut EventOps) {
        if self.state == WatchState::Registered {
            self.register(ops);
        }
    }

    /// True if input must be read now, because epoll never reports it.
    pub(crate) fn must_read(&self) -> bool {
        self.state == WatchState::Unpollable && self.input.wants_more()
    }

    /// Reads available input; returns the escape command in it.
    pub(crate) fn read(&mut self, ops: &mut EventOps) -> Option<EscapeCommand> {
        match self.input.read() {
            InputRead::More(command) => command,
            InputRead::End => {
                if self.state == WatchState::Registered {
                    // Removing a descriptor that was never added does no harm.
                    let _never = ops.remove(self.events());
                }
                self.state = WatchState::Closed;
                None
            }
        }
    }

    /// Input that the guest has not taken yet.
    pub(crate) fn pending(&mut self) -> &mut VecDeque<u8> {
        &mut self.input.pending
    }

    /// True if the terminal holds typed input that is not read, and with it any escape command.
    pub(crate) fn holds_back(&self) -> bool {
        self.input.holds_back()
    }

    /// Pauses or resumes the registration, by the amount of pending input.
    pub(crate) fn update(&mut self, ops: &mut EventOps) {
        let wants_more = self.input.wants_more();
        match self.state {
            WatchState::Registered if !wants_more => {
                let _never = ops.remove(self.events());
                self.state = WatchState::Paused;
            }
            WatchState::Paused if wants_more => self.register(ops),
            _ => {}
        }
    }

    fn register(&mut self, ops: &mut EventOps) {
        self.state = match ops.add(self.events()) {
            Ok(()) => WatchState::Registered,
            Err(event_manager::Error::Epoll(error)) if error.errno() == libc::EPERM => {
                WatchState::Unpollable
            }
            Err(error) => {
                tracing::info!(%error, "cannot watch standard input; it is ignored");
                WatchState::Closed
            }
        };
    }

    fn events(&self) -> Events {
        Events::with_data_raw(stdin().as_raw_fd(), self.event_id, EventSet::IN)
    }
}
