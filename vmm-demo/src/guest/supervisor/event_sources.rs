//! The sources of a guest's events, and the handler of each.

use super::Supervisor;
use crate::guest::initrd_check::InitrdCheck;
use crate::output::failure::Failure;
use event_manager::{EventOps, EventSet, Events, MutEventSubscriber};
use std::os::fd::AsRawFd;

const SIGNAL: u32 = 0;
const VCPU_EXIT: u32 = 1;
const CONSOLE_DRAINED: u32 = 2;
/// Standard input, which its watch adds.
pub(super) const INPUT: u32 = 3;
const INITRD: u32 = 4;
const QMP_CALL: u32 = 5;
const SAVED: u32 = 6;
const MAIN_CALL: u32 = 7;
const THROTTLE: u32 = 8;

impl MutEventSubscriber for Supervisor {
    fn init(&mut self, ops: &mut EventOps) {
        let calls = self.qmp.as_ref().map(|qmp| qmp.calls.wake());
        let initrd = self.initrd.as_ref().map(InitrdCheck::done);
        let sources = [
            Some((self.signals.get_read().as_raw_fd(), SIGNAL)),
            Some((self.events.vcpu_exit.as_raw_fd(), VCPU_EXIT)),
            Some((self.events.console_drained.as_raw_fd(), CONSOLE_DRAINED)),
            Some((self.main_calls.wake().as_raw_fd(), MAIN_CALL)),
            Some((self.throttle_timer.as_raw_fd(), THROTTLE)),
            initrd.map(|done| (done.as_raw_fd(), INITRD)),
            Some((self.save_thread.done().as_raw_fd(), SAVED)),
            calls.map(|wake| (wake.as_raw_fd(), QMP_CALL)),
        ];
        for (fd, source) in sources.into_iter().flatten() {
            if let Err(error) = ops.add(Events::with_data_raw(fd, source, EventSet::IN)) {
                self.fail(Failure::other(error));
            }
        }
        self.start_input(ops);
    }

    fn process(&mut self, events: Events, ops: &mut EventOps) {
        // Reads reset the eventfds; their counts have no meaning.
        match events.data() {
            SIGNAL => self.handle_signals(),
            VCPU_EXIT => {
                let _count = self.events.vcpu_exit.read();
                self.handle_vcpu_exit();
            }
            CONSOLE_DRAINED => {
                let _count = self.events.console_drained.read();
                self.feed_guest(ops);
                if self.input.must_read() {
                    self.read_input(ops);
                }
            }
            INPUT => self.read_input(ops),
            INITRD => {
                let _count = self.initrd.as_ref().map(|check| check.done().read());
                self.handle_initrd_check();
            }
            QMP_CALL => {
                let _count = self.qmp.as_ref().map(|qmp| qmp.calls.wake().read());
                self.handle_calls();
            }
            SAVED => {
                let _count = self.save_thread.done().read();
                self.handle_saved();
            }
            MAIN_CALL => {
                let _count = self.main_calls.wake().read();
                while let Some(call) = self.main_calls.next() {
                    call(self);
                }
                self.start_input(ops);
            }
            THROTTLE => self.handle_throttle_timer(),
            _ => {}
        }
    }
}
