//! The CPU affinity of the calling thread.

use super::KvmError;
use crate::vcpu::Errno;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The CPUs that a thread may run on.
#[derive(Debug)]
pub(super) struct Affinity {
    allowed: CpuSet,
}

impl Affinity {
    /// Reads the affinity of the calling thread, limited to CPUs that are online.
    ///
    /// # Errors
    ///
    /// [`KvmError::Affinity`], with `EINVAL` on a machine with more than 1024 CPUs.
    pub(super) fn of_this_thread() -> Result<Self, KvmError> {
        match sched_getaffinity(None) {
            Ok(allowed) => Ok(Self { allowed }),
            Err(error) => Err(KvmError::Affinity {
                source: errno(error),
            }),
        }
    }

    /// True if the thread may run on the CPU.
    pub(super) fn may_run_on(&self, cpu: u32) -> bool {
        index(cpu).is_some_and(|cpu| self.allowed.is_set(cpu))
    }

    /// Runs `work` on one CPU, then restores the thread's affinity.
    ///
    /// # Errors
    ///
    /// [`KvmError::MoveToCpu`] if the thread may not run there; the error of `work`.
    pub(super) fn on<T>(
        &self,
        cpu: u32,
        work: impl FnOnce() -> Result<T, KvmError>,
    ) -> Result<T, KvmError> {
        let _restored = Restored(&self.allowed);
        let mut only = CpuSet::new();
        if let Some(cpu) = index(cpu) {
            only.set(cpu);
        }
        sched_setaffinity(None, &only).map_err(|error| KvmError::MoveToCpu {
            cpu,
            source: errno(error),
        })?;
        work()
    }
}

/// Converts a CPU's number, or returns `None` if it is too large for `CpuSet`, which would panic.
fn index(cpu: u32) -> Option<usize> {
    let cpu = usize::try_from(cpu).ok()?;
    (cpu < CpuSet::MAX_CPU).then_some(cpu)
}

/// Restores the thread's affinity when dropped, on every path.
struct Restored<'a>(&'a CpuSet);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        // Fails only if all of them have gone offline since; the kernel has then chosen others
        // already.
        let _others_now = sched_setaffinity(None, self.0);
    }
}

fn errno(error: rustix::io::Errno) -> Errno {
    Errno(error.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpus() -> Vec<u32> {
        let thread = Affinity::of_this_thread().unwrap();
        let all = (0..1024).filter(|cpu| thread.may_run_on(*cpu));
        all.collect()
    }

    #[test]
    fn work_runs_on_the_cpu_and_the_thread_is_free_again() {
        let before = cpus();
        let thread = Affinity::of_this_thread().unwrap();
        for cpu in before.clone() {
            assert_eq!(thread.on(cpu, || Ok(cpus())).unwrap(), [cpu]);
        }
        assert_eq!(cpus(), before);
    }

    #[test]
    fn the_thread_is_free_again_after_an_error() {
        let before = cpus();
        let thread = Affinity::of_this_thread().unwrap();
        let failed: Result<(), _> = thread.on(before[0], || Err(KvmError::Missing));
        assert!(matches!(failed, Err(KvmError::Missing)));
        assert_eq!(cpus(), before);
    }

    #[test]
    fn a_cpu_that_is_not_there_is_an_error() {
        let before = cpus();
        let thread = Affinity::of_this_thread().unwrap();
        for cpu in [1023, 1024, u32::MAX] {
            assert!(!thread.may_run_on(cpu), "{cpu}");
            let moved = thread.on(cpu, || Ok(()));
            assert!(matches!(moved, Err(KvmError::MoveToCpu { .. })), "{cpu}");
        }
        assert_eq!(cpus(), before);
    }
}
