//! Threads of the work, by CPU.

use super::event::Event;
use super::fault::Fault;
use rustix::thread::{CpuSet, sched_setaffinity};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread::{Builder, JoinHandle};

/// A check that goes on until it is stopped.
pub(super) trait Activity {
    /// Checks once; takes a fraction of a second.
    fn step(&mut self) -> Result<(), Fault>;

    /// Checks a last time.
    fn finish(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

/// Threads that run on one CPU, or on any.
pub(super) struct Threads {
    cpu: Option<usize>,
    stop: Arc<AtomicBool>,
    running: Vec<JoinHandle<()>>,
    events: Sender<Event>,
}

impl Threads {
    pub(super) fn new(cpu: Option<usize>, events: Sender<Event>) -> Self {
        Self {
            cpu,
            stop: Arc::default(),
            running: Vec::new(),
            events,
        }
    }

    /// Starts a thread; `activity` is made in it, on its CPU.
    pub(super) fn start<A: Activity>(
        &mut self,
        task: &'static str,
        activity: impl FnOnce() -> Result<A, Fault> + Send + 'static,
    ) -> Result<(), Fault> {
        let (cpu, stop, events) = (self.cpu, Arc::clone(&self.stop), self.events.clone());
        let run = move || {
            let run = cpu
                .map_or(Ok(()), pin)
                .and_then(|()| go_on(&stop, activity));
            if let Err(fault) = run {
                // Without a receiver the guest is ending because of another fault.
                let _ending = events.send(Event::Fault(fault));
            }
        };
        let thread = Builder::new().name(task.to_owned()).spawn(run);
        let thread = thread.map_err(|source| Fault::Thread { task, source })?;
        self.running.push(thread);
        Ok(())
    }

    /// Ends the threads after a last check each.
    pub(super) fn finish(self) -> Result<(), Fault> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.running {
            thread.join().map_err(|_panic| Fault::Panic {
                cpu: self.cpu.unwrap_or_default(),
            })?;
        }
        Ok(())
    }
}

fn pin(cpu: usize) -> Result<(), Fault> {
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None, &set).map_err(|source| Fault::Pin { cpu, source })
}

fn go_on<A: Activity>(
    stop: &AtomicBool,
    activity: impl FnOnce() -> Result<A, Fault>,
) -> Result<(), Fault> {
    let mut activity = activity()?;
    while !stop.load(Ordering::Relaxed) {
        activity.step()?;
    }
    activity.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    struct Countdown(u32);

    impl Activity for Countdown {
        fn step(&mut self) -> Result<(), Fault> {
            self.0 = self.0.checked_sub(1).ok_or(Fault::Panic { cpu: 0 })?;
            Ok(())
        }

        fn finish(&mut self) -> Result<(), Fault> {
            Err(Fault::Panic { cpu: 1 })
        }
    }

    fn fault(start: u32) -> usize {
        let (events, received) = mpsc::channel();
        let mut threads = Threads::new(None, events);
        threads
            .start("countdown", move || Ok(Countdown(start)))
            .unwrap();
        if start == 0 {
            threads.running.pop().unwrap().join().unwrap();
        }
        threads.finish().unwrap();
        match received.recv().unwrap() {
            Event::Fault(Fault::Panic { cpu }) => cpu,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn faults_of_a_step_and_of_the_last_check_are_events() {
        assert_eq!(fault(0), 0);
        assert_eq!(fault(u32::MAX), 1);
    }
}
