//! The console of a guest, over the processes and hosts in which it runs.

use super::{Ending, Error, Event, Running};
use crate::guest::json_lines;
use std::time::Instant;

/// Output of a guest, by one process after another.
#[derive(Default)]
pub struct Console {
    stdout: String,
    stderr: String,
    /// Number of JSON lines that were taken.
    taken: usize,
}

impl Console {
    /// The guest's output so far.
    #[must_use]
    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    /// The messages of its processes so far.
    #[must_use]
    pub fn stderr(&self) -> &str {
        &self.stderr
    }

    /// The guest's next JSON line, or `None` if its process ends before.
    ///
    /// # Errors
    ///
    /// As for [`Running::next`], at the deadline.
    pub fn next_line(
        &mut self,
        running: &Running<'_>,
        deadline: Instant,
    ) -> Result<Option<String>, Error> {
        loop {
            if let Some(line) = json_lines(&self.stdout).into_iter().nth(self.taken) {
                self.taken += 1;
                return Ok(Some(line));
            }
            if self.read(running, deadline)?.is_some() {
                return Ok(None);
            }
        }
    }

    /// Reads to the end of the process.
    ///
    /// # Errors
    ///
    /// As for [`Running::next`], at the deadline.
    pub fn end(&mut self, running: &Running<'_>, deadline: Instant) -> Result<Ending, Error> {
        loop {
            if let Some(ending) = self.read(running, deadline)? {
                return Ok(ending);
            }
        }
    }

    /// Reads the next piece, or the end of the process.
    ///
    /// # Errors
    ///
    /// As for [`Running::next`], at the deadline.
    pub fn read(
        &mut self,
        running: &Running<'_>,
        deadline: Instant,
    ) -> Result<Option<Ending>, Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        match running.next(left)? {
            Event::Stdout(bytes) => self.stdout.push_str(&String::from_utf8_lossy(&bytes)),
            Event::Stderr(bytes) => self.stderr.push_str(&String::from_utf8_lossy(&bytes)),
            Event::Ended(ending) => return Ok(Some(ending)),
        }
        Ok(None)
    }
}

/// Shows both streams as text.
impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr)
    }
}
