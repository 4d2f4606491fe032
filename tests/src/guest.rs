//! The Linux guest of the demo VMM: the reports of its first program about the CPUs.
//!
//! The program prints one JSON object per line on the console. Kernel messages may be between the
//! lines and inside of them; [`json_lines`] reads the lines without the messages:
//!
//! | line | when |
//! |---|---|
//! | a [`CpuReport`] | for each CPU, in order |
//! | `{"ready":true}` | with `idreg.end=echo`: the program reads lines from the console from now on |
//! | `{"echo":"LINE"}` | the answer to a line |
//! | `{"peek":"0x...","value":"0x..."}` | the answer to `peek 0xADDRESS` |
//! | `{"error":"..."}` | a failure; the guest powers off, or continues with the next line |
//!
//! With `idreg.end=work` it prints the lines of [`work()`].

mod attempt;
mod console;
mod conversation;
mod ending;
mod hexadecimal;
mod physical;
mod report;
mod self_check;

#[cfg(target_arch = "aarch64")]
mod instructions;
#[cfg(target_arch = "aarch64")]
mod registers;
#[cfg(not(target_arch = "aarch64"))]
mod unsupported;

#[cfg(not(target_arch = "aarch64"))]
use unsupported::{instructions, registers};

pub use attempt::{Attempt, AttemptError};
pub use console::{json_lines, kernel_messages};
pub use conversation::{ConversationError, converse};
pub use ending::{EndAction, EndActionError};
pub use hexadecimal::Hexadecimal;
pub use physical::PeekError;
pub use report::{CpuReport, ReportError, cpus};
pub use self_check::{
    ClockName, CpuStatus, Fault, Gaps, Time, WorkError, WorkSettings, WorkSettingsError,
    WorkStatus, work,
};
