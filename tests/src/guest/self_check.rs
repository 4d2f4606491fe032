//! Work with which a guest checks itself all the time: on every CPU, memory is rewritten and
//! verified, clocks are read, a timer ticks, and vector registers are left alone and compared.
//!
//! | line | when |
//! |---|---|
//! | `{"ready":true}` | all CPUs work, but the last one, which is off if there are several |
//! | `{"status":{...}}` | the answer to `status`: a [`WorkStatus`] |
//! | `{"online":N}`, `{"offline":N}` | the answers to `online N` and `offline N` |
//! | `{"rest":N}` | the answer to `rest N`: the milliseconds between two writes of 256 KiB |
//! | `{"beat":N}` | the answer to `beat N`: the milliseconds from one `.` to the next, 0 for none |
//! | `.` | when nothing was typed for the time that `beat` has set |
//! | `{"echo":"LINE"}` | the answer to any other line |
//! | `{"error":"..."}` | a check failed, and the guest powers off |
//! | `{"work":"right",...}` | the answer to `end`, after a last check: the members of the status |

mod activity;
mod clock_name;
mod clocks;
mod event;
mod fault;
mod hotplug;
mod interrupts;
mod memory;
mod pattern;
mod settings;
mod status;
mod ticks;
mod vector_values;
mod vectors;

#[cfg(target_arch = "aarch64")]
mod counter;
#[cfg(not(target_arch = "aarch64"))]
mod unsupported;
#[cfg(target_arch = "aarch64")]
mod vector_registers;

#[cfg(not(target_arch = "aarch64"))]
use unsupported::{counter, vector_registers};

pub use clock_name::ClockName;
pub use fault::Fault;
pub use settings::{WorkSettings, WorkSettingsError};
pub use status::{CpuStatus, Gaps, Time, WorkStatus};

use super::conversation::{ConversationError, next_line, say, write_line};
use activity::Threads;
use clocks::{ClockReads, Clocks};
use event::Event;
use interrupts::{InterruptWatch, Watched, counts};
use memory::{Memory, Rest};
use serde_json::{Value, json};
use status::Counters;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::str::FromStr;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;
use ticks::Ticks;
use vectors::Vectors;

/// The line that tells the reader of the console that the guest runs.
const BEAT: &str = ".";

/// A time between beats that never passes.
const NO_BEAT: Duration = Duration::MAX;

/// Errors of the work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkError {
    /// A check failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The console cannot be used.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
}

/// Request in a line.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    Status,
    End,
    Online(usize),
    Offline(usize),
    /// The rest between writes in milliseconds.
    Rest(u64),
    /// The time between beats in milliseconds.
    Beat(u64),
    Echo(String),
}

impl FromStr for Request {
    type Err = std::convert::Infallible;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let number = |prefix| line.strip_prefix(prefix)?.parse().ok();
        Ok(match line {
            "status" => Self::Status,
            "end" => Self::End,
            line => number("online ")
                .map(Self::Online)
                .or_else(|| number("offline ").map(Self::Offline))
                .or_else(|| line.strip_prefix("rest ")?.parse().ok().map(Self::Rest))
                .or_else(|| line.strip_prefix("beat ")?.parse().ok().map(Self::Beat))
                .unwrap_or_else(|| Self::Echo(line.to_owned())),
        })
    }
}

/// Works on `cpus` and answers lines from the console until one of them is `end`, or the input
/// ends.
///
/// # Errors
///
/// Every variant of [`WorkError`].
pub fn work(
    input: impl BufRead + Send + 'static,
    output: &mut impl Write,
    cpus: &[usize],
    settings: WorkSettings,
) -> Result<(), WorkError> {
    let (events, received) = mpsc::channel();
    let mut work = Work::start(cpus, settings, events.clone())?;
    thread::spawn(move || listen(input, &events));
    say(output, &json!({ "ready": true }))?;
    // The work has a sender too, so there is always one.
    loop {
        let line = match received.recv_timeout(work.beat) {
            Ok(Event::Fault(fault)) => return Err(fault.into()),
            Ok(Event::Line(line)) => line?.unwrap_or_else(|| "end".to_owned()),
            Err(_timeout) => {
                write_line(output, BEAT)?;
                continue;
            }
        };
        match line.parse() {
            Ok(Request::End) => break,
            Ok(request) => say(output, &work.answer(request)?)?,
            Err(never) => match never {},
        }
    }
    let mut status = json!({ "work": "right" });
    let counters = work.finish(&received)?;
    if let (Value::Object(status), Value::Object(counters)) = (&mut status, json!(counters)) {
        status.extend(counters);
    }
    Ok(say(output, &status)?)
}

fn listen(mut input: impl BufRead, events: &Sender<Event>) {
    loop {
        let line = next_line(&mut input);
        let goes_on = matches!(line, Ok(Some(_)));
        if events.send(Event::Line(line)).is_err() || !goes_on {
            return;
        }
    }
}

struct Work {
    /// Size of a CPU's part of the memory, in bytes.
    part: u64,
    rest: Arc<Rest>,
    /// The time between beats.
    beat: Duration,
    cpus: BTreeMap<usize, Threads>,
    watched: Watched,
    watch: Threads,
    clocks: Arc<Clocks>,
    events: Sender<Event>,
}

impl Work {
    fn start(cpus: &[usize], settings: WorkSettings, events: Sender<Event>) -> Result<Self, Fault> {
        let mut working = cpus;
        if let [others @ .., last] = cpus
            && !others.is_empty()
        {
            hotplug::set_online(*last, false)?;
            working = others;
        }
        let watched = Watched::default();
        let mut work = Self {
            part: settings.memory_bytes() / (cpus.len() as u64).max(1),
            rest: Arc::default(),
            beat: NO_BEAT,
            cpus: BTreeMap::new(),
            watched: Arc::clone(&watched),
            watch: Threads::new(None, events.clone()),
            clocks: Arc::new(Clocks::new()),
            events,
        };
        for &cpu in working {
            work.start_cpu(cpu)?;
        }
        let watch = move || Ok(InterruptWatch::new(watched));
        work.watch.start("interrupts", watch)?;
        Ok(work)
    }

    fn start_cpu(&mut self, cpu: usize) -> Result<(), Fault> {
        let (part, counters) = (self.part, Arc::<Counters>::default());
        let mut threads = Threads::new(Some(cpu), self.events.clone());
        let (rest, of_thread) = (Arc::clone(&self.rest), Arc::clone(&counters));
        threads.start("memory", move || {
            Ok(Memory::new(cpu, part, rest, of_thread))
        })?;
        let (clocks, of_thread) = (Arc::clone(&self.clocks), Arc::clone(&counters));
        threads.start("clocks", move || {
            Ok(ClockReads::new(cpu, clocks, of_thread))
        })?;
        let of_thread = Arc::clone(&counters);
        threads.start("ticks", move || Ticks::new(of_thread))?;
        let of_thread = Arc::clone(&counters);
        threads.start("vectors", move || Vectors::new(cpu, of_thread))?;
        self.cpus.insert(cpu, threads);
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.insert(cpu, counters);
        Ok(())
    }

    fn stop_cpu(&mut self, cpu: usize) -> Result<(), Fault> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.remove(&cpu);
        drop(watched);
        self.cpus.remove(&cpu).map_or(Ok(()), Threads::finish)
    }

    fn answer(&mut self, request: Request) -> Result<Value, Fault> {
        match request {
            Request::Status => Ok(json!({ "status": self.status()? })),
            Request::Online(cpu) if !self.cpus.contains_key(&cpu) => {
                hotplug::set_online(cpu, true)?;
                self.start_cpu(cpu)?;
                Ok(json!({ "online": cpu }))
            }
            Request::Offline(cpu) if self.cpus.contains_key(&cpu) => {
                self.stop_cpu(cpu)?;
                hotplug::set_online(cpu, false)?;
                Ok(json!({ "offline": cpu }))
            }
            Request::Online(cpu) => Ok(json!({ "online": cpu })),
            Request::Offline(cpu) => Ok(json!({ "offline": cpu })),
            Request::Rest(rest) => Ok(json!({ "rest": self.rest.set(rest) })),
            Request::Beat(beat) => {
                self.beat = match beat {
                    0 => NO_BEAT,
                    beat => Duration::from_millis(beat),
                };
                Ok(json!({ "beat": beat }))
            }
            Request::End => Ok(Value::Null),
            Request::Echo(line) => Ok(json!({ "echo": line })),
        }
    }

    fn status(&self) -> Result<WorkStatus, Fault> {
        let interrupts = counts()?;
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let cpus = watched.iter().map(|(&cpu, counters)| {
            counters.status(cpu, interrupts.get(&cpu).copied().unwrap_or_default())
        });
        Ok(WorkStatus {
            cpus: cpus.collect(),
            time: clocks::now(),
            gaps: self.clocks.take_gaps(),
        })
    }

    /// Ends all threads; each checks a last time.
    fn finish(mut self, received: &Receiver<Event>) -> Result<WorkStatus, Fault> {
        let status = self.status()?;
        for (_, threads) in std::mem::take(&mut self.cpus) {
            threads.finish()?;
        }
        self.watch.finish()?;
        let fault = received.try_iter().find_map(|event| match event {
            Event::Fault(fault) => Some(fault),
            Event::Line(_) => None,
        });
        fault.map_or(Ok(status), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_a_request_or_is_echoed() {
        for (line, request) in [
            ("status", Request::Status),
            ("end", Request::End),
            ("online 3", Request::Online(3)),
            ("offline 12", Request::Offline(12)),
            ("rest 250", Request::Rest(250)),
            ("beat 4", Request::Beat(4)),
            ("online x", Request::Echo("online x".to_owned())),
            ("", Request::Echo(String::new())),
        ] {
            assert_eq!(line.parse(), Ok(request));
        }
    }
}
