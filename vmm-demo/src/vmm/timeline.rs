//! Durations of the steps of a guest's start.

use serde::{Serialize, Serializer};
use std::time::{Duration, Instant};

/// The steps until now, since the start of this program.
#[derive(Debug)]
pub struct Timeline {
    started: Instant,
    last: Instant,
    steps: Vec<(&'static str, Duration)>,
}

impl Timeline {
    /// Returns a timeline without steps that began at this time.
    #[must_use]
    pub fn since(started: Instant) -> Self {
        Self {
            started,
            last: started,
            steps: Vec::new(),
        }
    }

    /// Ends the step of this name, which began with the end of the last one.
    pub fn step(&mut self, name: &'static str) {
        self.step_at(name, Instant::now());
    }

    /// Ends the step of this name at another time than now; see [`step`](Self::step).
    pub fn step_at(&mut self, name: &'static str, end: Instant) {
        let took = end.saturating_duration_since(self.last);
        self.last = end;
        tracing::debug!(step = name, took_us = microseconds(took), "start");
        self.steps.push((name, took));
    }

    /// The sum of all steps.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.last.saturating_duration_since(self.started)
    }
}

/// Writes microseconds by name, in the order of the steps, and their sum as `total`.
impl Serialize for Timeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let steps = self.steps.iter().copied();
        let all = steps.chain([("total", self.total())]);
        serializer.collect_map(all.map(|(name, took)| (name, microseconds(took))))
    }
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_add_up() {
        let started = Instant::now();
        let mut timeline = Timeline::since(started);
        timeline.step_at("one", started + Duration::from_micros(5));
        timeline.step_at("two", started + Duration::from_micros(12));
        // A clock that goes back must not be an error.
        timeline.step_at("three", started);
        let json = serde_json::to_string(&timeline).unwrap();
        assert_eq!(json, r#"{"one":5,"two":7,"three":0,"total":0}"#);
        timeline.step("four");
        assert_eq!(timeline.total(), timeline.steps[3].1);
    }
}
