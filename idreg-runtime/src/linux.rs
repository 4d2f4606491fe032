//! This machine's CPUs, kernel and timer, as Linux shows them without KVM.
//!
//! A host is read with them ([`HostInfo`](crate::host::HostInfo)). A file or a system call that
//! this process may not use makes them unknown and is not an error, so a VMM can read its host in a
//! sandbox. It may also read them before it enters the sandbox, or be told them:
//!
//! ```
//! use idreg_runtime::linux::MachineInfo;
//!
//! let mut machine = MachineInfo::unknown();
//! machine.kernel_release = "6.12.74".to_owned();
//! ```
//!
//! [`kernel_release`] calls `uname`, `timer_frequency` (arm64) makes no system call. The others
//! call `openat` (with musl followed by `fcntl` `F_SETFD`), `read` and `close` for these files:
//!
//! - [`midrs`]: `/proc/cpuinfo`; if CPUs differ, also those of [`implementations`];
//! - [`implementations`]: `/sys/devices/system/cpu/present`, and of each CPU
//!   `/sys/devices/system/cpu/cpu*/regs/identification/midr_el1`, `revidr_el1` and `aidr_el1`.
//!
//! [`SYSTEM_CALLS`] lists all of them, for the filter of a sandbox.

#[cfg(any(test, all(target_arch = "aarch64", feature = "scratch")))]
pub(crate) mod affinity;
#[cfg(any(test, all(target_arch = "aarch64", feature = "scratch")))]
pub(crate) mod core_types;
mod implementations;
mod system_calls;

pub use self::implementations::{UnexpectedContent, implementations, midrs};
pub use self::system_calls::{SYSTEM_CALLS, SystemCall};

use crate::host::Implementation;
use core::mem::MaybeUninit;

/// The facts about this machine that a host has beside the answers of KVM.
///
/// What is unknown is empty, zero or, for the kernel's release, the word `unknown`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MachineInfo {
    /// The CPUs, by number, with the registers that identify the implementation of each. Without
    /// them a host is read as one with a single core type.
    pub implementations: Vec<Implementation>,
    /// The kernel's release, as `uname -r` prints it.
    pub kernel_release: String,
    /// The generic timer's frequency in Hz (CNTFRQ_EL0).
    pub timer_frequency: u64,
}

impl MachineInfo {
    /// Reads everything. This opens up to three files of each CPU.
    ///
    /// # Errors
    ///
    /// [`UnexpectedContent`] if a file can be read and has another form than the kernel's.
    pub fn read() -> Result<Self, UnexpectedContent> {
        Ok(Self::with(implementations()?))
    }

    /// Reads what it takes to tell core types apart, from one file if all CPUs have the same
    /// MIDR_EL1; for machines with hundreds of CPUs. REVIDR_EL1 and AIDR_EL1 are then `None`.
    ///
    /// # Errors
    ///
    /// The error of [`read`](Self::read).
    pub fn read_midrs() -> Result<Self, UnexpectedContent> {
        Ok(Self::with(midrs()?))
    }

    /// Nothing known.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            implementations: Vec::new(),
            kernel_release: UNKNOWN.to_owned(),
            timer_frequency: 0,
        }
    }

    fn with(implementations: Vec<Implementation>) -> Self {
        Self {
            implementations,
            kernel_release: kernel_release(),
            #[cfg(target_arch = "aarch64")]
            timer_frequency: timer_frequency(),
            #[cfg(not(target_arch = "aarch64"))]
            timer_frequency: 0,
        }
    }
}

impl Default for MachineInfo {
    /// Nothing known.
    fn default() -> Self {
        Self::unknown()
    }
}

/// The kernel's release if no system call tells it.
const UNKNOWN: &str = "unknown";

/// The release of the running kernel, as `uname -r` prints it, or `unknown` if this process may not
/// call `uname`.
#[must_use]
#[allow(unsafe_code, reason = "the standard library has no safe interface")]
pub fn kernel_release() -> String {
    let mut names = MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: `uname` writes a `utsname`, for which there is room.
    if unsafe { libc::uname(names.as_mut_ptr()) } != 0 {
        return UNKNOWN.to_owned();
    }
    // SAFETY: all bytes were zeroed, and any byte is valid in the arrays of characters.
    let names = unsafe { names.assume_init() };
    let characters = names
        .release
        .iter()
        .map(|character| character.to_ne_bytes());
    let release: Vec<u8> = characters
        .flatten()
        .take_while(|character| *character != 0)
        .collect();
    String::from_utf8_lossy(&release).into_owned()
}

/// The frequency of this host's generic timer in Hz (CNTFRQ_EL0), which every guest sees too.
#[must_use]
#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code, reason = "no safe interface offers this register")]
pub fn timer_frequency() -> u64 {
    let frequency;
    // SAFETY: reads CNTFRQ_EL0 and nothing else. Linux lets EL0 read it, or emulates the read if a
    // timer erratum makes it trap (arch/arm64/kernel/traps.c, cntfrq_read_handler).
    unsafe {
        core::arch::asm!(
            "mrs {}, cntfrq_el0", out(reg) frequency,
            options(nomem, nostack, preserves_flags)
        );
    }
    frequency
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_is_that_of_the_kernel() {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        assert_eq!(kernel_release(), release.trim_end());
    }

    #[test]
    fn machine_is_read_as_a_whole_and_by_midr() {
        let all = MachineInfo::read().unwrap();
        let by_midr = MachineInfo::read_midrs().unwrap();
        assert!(!all.implementations.is_empty());
        assert!(!by_midr.implementations.is_empty());
        assert_eq!(all.kernel_release, by_midr.kernel_release);
        assert_eq!(all.timer_frequency, by_midr.timer_frequency);
    }
}
