//! Progress of long work.

use super::failure::Failure;
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// The time before work counts as long.
const QUIET: Duration = Duration::from_millis(500);

/// The number of items that long work has done, on a line of the terminal that disappears at the
/// end. Nothing is shown of short work, or if the standard error is no terminal.
pub struct Progress {
    items: &'static str,
    done: u64,
    start: Instant,
    is_terminal: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Work on items of this name, in the plural.
    #[must_use]
    pub fn new(items: &'static str) -> Self {
        Self {
            items,
            done: 0,
            start: Instant::now(),
            is_terminal: io::stderr().is_terminal(),
            bar: None,
        }
    }

    /// Counts an item that is done.
    pub fn advance(&mut self) {
        self.done += 1;
        if self.is_terminal && self.bar.is_none() && self.start.elapsed() >= QUIET {
            self.bar = Some(bar(self.items));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        }
    }

    /// Prints text to the standard output.
    ///
    /// # Errors
    ///
    /// [`Failure::Output`].
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        // To draw the line again takes longer than most work.
        if io::stdout().is_terminal() {
            self.aside(|| super::text(text))
        } else {
            super::text(text)
        }
    }

    /// Does something that writes to the terminal.
    pub fn aside<T>(&self, action: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(action),
            None => action(),
        }
    }
}

/// The bytes that long work has done and has to do, on a line of the terminal that disappears at
/// the end. Nothing is shown of short work, or if the standard error is no terminal.
pub struct ByteProgress {
    done: &'static str,
    start: Instant,
    is_terminal: bool,
    bar: Option<ProgressBar>,
}

impl ByteProgress {
    /// Work of which bytes are `done`: a past participle.
    #[must_use]
    pub fn new(done: &'static str) -> Self {
        Self {
            done,
            start: Instant::now(),
            is_terminal: io::stderr().is_terminal(),
            bar: None,
        }
    }

    /// Shows the bytes that are done, and those in all.
    pub fn report(&mut self, bytes: u64, total: u64) {
        if self.is_terminal && self.bar.is_none() && self.start.elapsed() >= QUIET {
            self.bar = Some(byte_bar(self.done));
        }
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(bytes);
        }
    }
}

impl fmt::Debug for ByteProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteProgress")
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

impl Drop for ByteProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(items: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(items);
    match ProgressStyle::with_template("{spinner} {human_pos} {msg} [{elapsed}]") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn byte_bar(done: &'static str) -> ProgressBar {
    const TEMPLATE: &str = "{bar:30} {binary_bytes} of {binary_total_bytes} {msg} [{elapsed}]";
    let bar = ProgressBar::new(0).with_message(done);
    match ProgressStyle::with_template(TEMPLATE) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
