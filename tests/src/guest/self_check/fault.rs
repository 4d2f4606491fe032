//! Faults of a guest that its work finds.

use super::clock_name::ClockName;
use rustix::io::Errno;
use std::io;

/// A fault of the guest, or of the work itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A word of the memory is not what was written.
    #[error(
        "memory of CPU {cpu}: word {word:#x} of round {round} is {found:#018x}, \
         {expected:#018x} was written"
    )]
    Memory {
        /// The CPU that wrote it.
        cpu: usize,
        /// The round in which it was written.
        round: u64,
        /// Its position in the CPU's part of the memory, in words of eight bytes.
        word: u64,
        /// The value written.
        expected: u64,
        /// The value read.
        found: u64,
    },
    /// The words read in a round have another sum than those written in the round before.
    #[error(
        "memory of CPU {cpu}: the sum of round {round} is {found:#018x}, that of the words written \
         is {expected:#018x}"
    )]
    Sum {
        /// The CPU.
        cpu: usize,
        /// The round in which the words were written.
        round: u64,
        /// The sum of the words written.
        expected: u64,
        /// The sum of the words read.
        found: u64,
    },
    /// A clock went backwards, on one CPU or from one CPU to another.
    #[error("{clock} went backwards: {earlier} was read, and then {later} on CPU {cpu}")]
    Backwards {
        /// The clock.
        clock: ClockName,
        /// The CPU of the later read.
        cpu: usize,
        /// The value read first.
        earlier: u64,
        /// The value read later.
        later: u64,
    },
    /// A register changed while no instruction wrote it.
    #[error(
        "{register} of CPU {cpu} became {found:#018x} while no instruction wrote it; \
         {expected:#018x} was loaded"
    )]
    Register {
        /// The CPU.
        cpu: usize,
        /// The register, and which of its words.
        register: String,
        /// The value loaded.
        expected: u64,
        /// The value found.
        found: u64,
    },
    /// The timer of a CPU raises no interrupts.
    #[error("the timer of CPU {cpu} raised no interrupt in {looks} looks of 100 ms")]
    NoInterrupts {
        /// The CPU.
        cpu: usize,
        /// Number of looks at the count.
        looks: u32,
    },
    /// A thread cannot run on its CPU.
    #[error("cannot run on CPU {cpu}")]
    Pin {
        /// The CPU.
        cpu: usize,
        /// The cause.
        source: Errno,
    },
    /// A thread cannot be started.
    #[error("cannot start a thread for {task}")]
    Thread {
        /// Its task.
        task: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// A thread ended by a panic.
    #[error("a thread of CPU {cpu} panicked")]
    Panic {
        /// Its CPU.
        cpu: usize,
    },
    /// A thread cannot have the longest vectors.
    #[error("cannot change the vector length of SVE")]
    VectorLength(#[source] Errno),
    /// A timer cannot be used.
    #[error("cannot use a timer")]
    Timer(#[source] Errno),
    /// A file of the kernel cannot be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// A file of the kernel is not as expected.
    #[error("{path} has no {what}")]
    Missing {
        /// The file.
        path: String,
        /// The missing entry.
        what: &'static str,
    },
}
