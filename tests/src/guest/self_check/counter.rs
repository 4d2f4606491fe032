//! The virtual counter of the generic timer, which Linux lets user space read.

use std::arch::asm;

/// CNTVCT_EL0, after all loads and stores before it.
#[allow(unsafe_code, reason = "no safe code reads a system register")]
pub(super) fn read() -> u64 {
    let count;
    // SAFETY: barriers and the read of a counter change no state.
    unsafe {
        asm!("dsb ish", "isb", "mrs {count}, cntvct_el0", count = out(reg) count,
            options(nostack, preserves_flags));
    }
    count
}

/// CNTFRQ_EL0, in Hz.
#[allow(unsafe_code, reason = "no safe code reads a system register")]
pub(super) fn frequency() -> u64 {
    let frequency;
    // SAFETY: reading the register changes no state.
    unsafe {
        asm!("mrs {frequency}, cntfrq_el0", frequency = out(reg) frequency,
            options(nomem, nostack, preserves_flags));
    }
    frequency
}
