//! Names of a vCPU's core registers, for messages.

use std::borrow::Cow;

// Offsets in `struct kvm_regs`, in words of 32 bits (Linux 7.2,
// `arch/arm64/include/uapi/asm/kvm.h` and `asm/ptrace.h`).
const SP: u64 = 62;
const SPSR: u64 = 72;
const VECTORS: u64 = 84;
const STATUS: u64 = 212;
const CONTROL: u64 = 213;

/// The name of the core register of this number, or `None` if there is none.
pub(super) fn name(number: u64) -> Option<Cow<'static, str>> {
    const NAMES: [&str; 5] = ["sp", "pc", "pstate", "sp_el1", "elr_el1"];
    const SPSRS: [&str; 5] = ["spsr_el1", "spsr_abt", "spsr_und", "spsr_irq", "spsr_fiq"];
    let among = |names: [&'static str; 5], first: u64| {
        let index = usize::try_from((number - first) / 2).ok()?;
        names.get(index).copied().map(Cow::Borrowed)
    };
    match number {
        0..SP => Some(Cow::Owned(format!("x{}", number / 2))),
        SP..SPSR => among(NAMES, SP),
        SPSR..82 => among(SPSRS, SPSR),
        VECTORS..STATUS => Some(Cow::Owned(format!("v{}", (number - VECTORS) / 4))),
        STATUS => Some(Cow::Borrowed("fpsr")),
        CONTROL => Some(Cow::Borrowed("fpcr")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_layout() {
        for (number, expected) in [
            (0, "x0"),
            (60, "x30"),
            (62, "sp"),
            (64, "pc"),
            (66, "pstate"),
            (68, "sp_el1"),
            (70, "elr_el1"),
            (72, "spsr_el1"),
            (80, "spsr_fiq"),
            (84, "v0"),
            (208, "v31"),
            (212, "fpsr"),
            (213, "fpcr"),
        ] {
            assert_eq!(name(number).as_deref(), Some(expected));
        }
        assert_eq!(name(214), None);
    }
}
