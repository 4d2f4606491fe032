//! The CPU affinity of the calling thread.

use crate::vcpu::Errno;
use core::ffi::c_ulong;

/// The number of CPUs of the first attempt to read an affinity.
const FIRST_CPUS: usize = 1024;
/// More CPUs than Linux supports (Linux 7.2, `arch/arm64/Kconfig`, `NR_CPUS`).
const MAX_CPUS: usize = 1 << 16;
/// CPUs in one word of a mask.
const WORD: usize = c_ulong::BITS as usize;

/// A set of CPUs in the kernel's form, bit n of the words for CPU n.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CpuMask(Vec<c_ulong>);

impl CpuMask {
    /// The empty set with room for this number of CPUs.
    fn with_room_for(cpus: usize) -> Self {
        Self(vec![0; cpus.div_ceil(WORD)])
    }

    /// The word and the bit in it of a CPU.
    fn place(cpu: u32) -> (usize, c_ulong) {
        let cpu = usize::try_from(cpu).unwrap_or(usize::MAX);
        (cpu / WORD, 1 << (cpu % WORD))
    }

    fn has(&self, cpu: u32) -> bool {
        let (word, bit) = Self::place(cpu);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Adds a CPU, for which there must be room; any other is left out.
    fn add(&mut self, cpu: u32) {
        let (word, bit) = Self::place(cpu);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }
}

/// The CPUs that a thread may run on.
#[derive(Debug)]
pub(crate) struct Affinity {
    allowed: CpuMask,
}

impl Affinity {
    /// Reads the affinity of the calling thread, limited to CPUs that are online.
    ///
    /// # Errors
    ///
    /// The kernel's error; a sandbox may forbid the system call.
    pub(crate) fn of_this_thread() -> Result<Self, Errno> {
        let allowed = read_with_enough_room(get)?;
        Ok(Self { allowed })
    }

    /// True if the thread may run on the CPU.
    pub(crate) fn may_run_on(&self, cpu: u32) -> bool {
        self.allowed.has(cpu)
    }

    /// Runs `work` on one CPU, then restores the thread's affinity.
    ///
    /// # Errors
    ///
    /// The kernel's error if the thread may not run there.
    pub(crate) fn on<T>(&self, cpu: u32, work: impl FnOnce() -> T) -> Result<T, Errno> {
        let _restored = Restored(&self.allowed);
        let mut only = CpuMask(vec![0; self.allowed.0.len()]);
        only.add(cpu);
        set(&only)?;
        Ok(work())
    }
}

/// Restores the thread's affinity when dropped, on every path.
struct Restored<'a>(&'a CpuMask);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        // Fails only if all of them have gone offline since; the kernel has then chosen others
        // already.
        let _others_now = set(self.0);
    }
}

/// Reads a mask with more and more room: the kernel refuses a mask with less than it supports CPUs
/// (Linux 7.2, `kernel/sched/syscalls.c`, `sched_getaffinity`).
fn read_with_enough_room(
    mut get: impl FnMut(&mut CpuMask) -> Result<(), Errno>,
) -> Result<CpuMask, Errno> {
    let mut cpus = FIRST_CPUS;
    loop {
        let mut mask = CpuMask::with_room_for(cpus);
        match get(&mut mask) {
            Ok(()) => return Ok(mask),
            Err(Errno(libc::EINVAL)) if cpus < MAX_CPUS => cpus *= 2,
            Err(error) => return Err(error),
        }
    }
}

#[allow(unsafe_code, reason = "the standard library has no safe interface")]
fn get(mask: &mut CpuMask) -> Result<(), Errno> {
    let size = size_of_val(mask.0.as_slice());
    // SAFETY: the kernel writes at most `size` bytes, the size of the words. It does not take them
    // for a `cpu_set_t`, whose size is fixed.
    let result = unsafe { libc::sched_getaffinity(0, size, mask.0.as_mut_ptr().cast()) };
    if result < 0 {
        Err(last_error())
    } else {
        Ok(())
    }
}

#[allow(unsafe_code, reason = "the standard library has no safe interface")]
fn set(mask: &CpuMask) -> Result<(), Errno> {
    let size = size_of_val(mask.0.as_slice());
    // SAFETY: the kernel reads `size` bytes, the size of the words.
    let result = unsafe { libc::sched_setaffinity(0, size, mask.0.as_ptr().cast()) };
    if result < 0 {
        Err(last_error())
    } else {
        Ok(())
    }
}

fn last_error() -> Errno {
    Errno(
        std::io::Error::last_os_error()
            .raw_os_error()
            .unwrap_or_default(),
    )
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
            assert_eq!(thread.on(cpu, cpus), Ok(vec![cpu]));
        }
        assert_eq!(cpus(), before);
    }

    #[test]
    fn a_cpu_that_is_not_there_is_an_error() {
        let before = cpus();
        let thread = Affinity::of_this_thread().unwrap();
        for cpu in [1023, 1024, u32::MAX] {
            assert!(!thread.may_run_on(cpu), "{cpu}");
            assert_eq!(thread.on(cpu, || ()), Err(Errno(libc::EINVAL)), "{cpu}");
        }
        assert_eq!(cpus(), before);
    }

    #[test]
    fn a_kernel_with_more_cpus_gets_more_room() {
        let kernel = |supported: usize| {
            move |mask: &mut CpuMask| {
                if mask.0.len() * WORD < supported {
                    return Err(Errno(libc::EINVAL));
                }
                mask.add(u32::try_from(supported - 1).unwrap());
                Ok(())
            }
        };
        for supported in [64, 1024, 1025, 4096] {
            let mask = read_with_enough_room(kernel(supported)).unwrap();
            let last = u32::try_from(supported - 1).unwrap();
            assert!(mask.has(last) && !mask.has(last + 1), "{supported}");
        }
        let never = read_with_enough_room(kernel(1 << 20));
        assert_eq!(never, Err(Errno(libc::EINVAL)));
        let forbidden = read_with_enough_room(|_| Err(Errno(libc::EPERM)));
        assert_eq!(forbidden, Err(Errno(libc::EPERM)));
    }
}
