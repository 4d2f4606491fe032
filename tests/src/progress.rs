//! Progress of long work.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::Duration;

/// Display of steps on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// One moving line on a terminal, removed at the end of the step.
    Moving,
    /// One line at the start of each step.
    Lines,
    /// No display.
    Quiet,
}

impl Progress {
    /// Moving on a terminal, lines in a pipe.
    #[must_use]
    pub fn new() -> Self {
        if io::stderr().is_terminal() {
            Self::Moving
        } else {
            Self::Lines
        }
    }

    /// Moving on a terminal, quiet in a pipe.
    #[must_use]
    pub fn on_terminal() -> Self {
        if io::stderr().is_terminal() {
            Self::Moving
        } else {
            Self::Quiet
        }
    }

    /// Shows `step` while `work` runs.
    pub fn step<T>(self, step: &str, work: impl FnOnce() -> T) -> T {
        match self {
            Self::Moving => {
                let bar = ProgressBar::new_spinner().with_message(step.to_owned());
                if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} [{elapsed}]") {
                    bar.set_style(style);
                }
                bar.enable_steady_tick(Duration::from_millis(100));
                let result = work();
                bar.finish_and_clear();
                result
            }
            Self::Lines => {
                eprintln!("testbed: {step}");
                work()
            }
            Self::Quiet => work(),
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}
