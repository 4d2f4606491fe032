//! A place in which the sides of a migration run guests, fail and are killed.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// The guests that run, by side. All sides of a test share it.
#[derive(Debug, Default)]
pub(crate) struct World(Mutex<Running>);

#[derive(Debug, Default)]
struct Running {
    sides: Vec<&'static str>,
    most: usize,
    ever: Vec<&'static str>,
}

impl World {
    /// Enters that a side's guest runs or stands still.
    pub(crate) fn set(&self, side: &'static str, runs: bool) {
        let mut running = lock(&self.0);
        running.sides.retain(|other| *other != side);
        if runs {
            running.sides.push(side);
            running.ever.push(side);
        }
        running.most = running.most.max(running.sides.len());
    }

    /// The sides whose guests run.
    pub(crate) fn running(&self) -> Vec<&'static str> {
        lock(&self.0).sides.clone()
    }

    /// True if a side's guest runs or has run.
    pub(crate) fn has_run(&self, side: &str) -> bool {
        lock(&self.0).ever.contains(&side)
    }

    /// The most guests that ever ran at once.
    pub(crate) fn most(&self) -> usize {
        lock(&self.0).most
    }
}

/// The fault of a process at one of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Injection {
    /// It is killed before the call.
    Kill,
    /// The call fails, if it can.
    Fail,
}

/// The process of a side, which counts its calls to the world outside.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) side: &'static str,
    world: Arc<World>,
    state: Mutex<Life>,
}

#[derive(Debug)]
struct Life {
    calls: usize,
    injection: Option<(usize, Injection)>,
    alive: bool,
}

impl Process {
    pub(crate) fn new(side: &'static str, world: &Arc<World>) -> Arc<Self> {
        Arc::new(Self {
            side,
            world: Arc::clone(world),
            state: Mutex::new(Life {
                calls: 0,
                injection: None,
                alive: true,
            }),
        })
    }

    /// Injects a fault at the call of this number, counted from now.
    pub(crate) fn inject(&self, call: usize, injection: Injection) {
        let mut life = lock(&self.state);
        life.injection = Some((life.calls + call, injection));
    }

    /// Injects no fault from now on.
    pub(crate) fn spare(&self) {
        lock(&self.state).injection = None;
    }

    /// Counts a call.
    pub(crate) fn call(&self) -> io::Result<()> {
        let mut life = lock(&self.state);
        let number = life.calls;
        life.calls += 1;
        match life.injection {
            Some((at, Injection::Kill)) if number == at => {
                life.alive = false;
                self.world.set(self.side, false);
            }
            Some((at, Injection::Fail)) if number == at => {
                return Err(io::Error::other("injected fault"));
            }
            _ => {}
        }
        if life.alive {
            return Ok(());
        }
        Err(io::Error::other("the process is dead"))
    }

    pub(crate) fn is_alive(&self) -> bool {
        lock(&self.state).alive
    }

    /// The number of calls so far.
    pub(crate) fn calls(&self) -> usize {
        lock(&self.state).calls
    }

    /// Enters that the process's guest runs or stands still, if the process is alive.
    pub(crate) fn set_running(&self, runs: bool) {
        let life = lock(&self.state);
        if life.alive {
            self.world.set(self.side, runs);
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics with a lock")
}
