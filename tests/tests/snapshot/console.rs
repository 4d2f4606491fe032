//! The console of a guest, from its boot on and over snapshots.

use idreg_tests::guest::json_lines;
use idreg_tests::machine::{Ending, Event, Running};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Time limit of an answer, which takes a second or two on an idle machine, and of the boot.
pub(crate) const LIMIT: Duration = Duration::from_mins(5);

/// The output of a guest, by one process after another.
#[derive(Default)]
pub(crate) struct Console {
    stdout: String,
    stderr: String,
    /// Number of JSON lines that were taken.
    taken: usize,
}

impl Console {
    /// The guest's next JSON line, which must not be an error.
    pub(crate) fn next_line(&mut self, running: &Running<'_>) -> Value {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(line) = json_lines(&self.stdout).get(self.taken) {
                self.taken += 1;
                let line: Value = serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("{error}: {line}\n{self:?}"));
                assert_eq!(line.get("error"), None, "{self:?}");
                return line;
            }
            self.read(running, deadline);
        }
    }

    /// Reads until the guest has printed this text.
    pub(crate) fn wait_for(&mut self, running: &Running<'_>, text: &str) {
        let deadline = Instant::now() + LIMIT;
        while !self.stdout.contains(text) {
            self.read(running, deadline);
        }
    }

    /// Reads to the end of the process.
    pub(crate) fn end(&mut self, running: &Running<'_>) -> i32 {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.event(running, deadline) {
                Some(Ending::Exited(code)) => return code,
                Some(Ending::Killed(signal)) => panic!("killed by {signal}: {self:?}"),
                None => {}
            }
        }
    }

    fn read(&mut self, running: &Running<'_>, deadline: Instant) {
        let ending = self.event(running, deadline);
        assert_eq!(ending, None, "the guest's process has ended: {self:?}");
    }

    fn event(&mut self, running: &Running<'_>, deadline: Instant) -> Option<Ending> {
        let left = deadline.saturating_duration_since(Instant::now());
        let event = running.next(left);
        match event.unwrap_or_else(|error| panic!("{error:?}: {self:?}")) {
            Event::Stdout(bytes) => self.stdout.push_str(&String::from_utf8_lossy(&bytes)),
            Event::Stderr(bytes) => self.stderr.push_str(&String::from_utf8_lossy(&bytes)),
            Event::Ended(ending) => return Some(ending),
        }
        None
    }
}

/// Shows both streams as text.
impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr)
    }
}
