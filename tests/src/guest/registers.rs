//! ID registers that user space can read on Linux.

use idreg_runtime::encoding::Encoding;
use std::arch::asm;

/// A register, and the function that reads it: `MRS` has the register in the instruction.
type Reader = (Encoding, fn() -> u64);

macro_rules! readers {
    ($($crm:literal: $($op2:literal)*;)*) => {
        [$($((Encoding::new(3, 0, 0, $crm, $op2), read::<$crm, $op2> as fn() -> u64)),*),*]
    };
}

/// MIDR_EL1, MPIDR_EL1, REVIDR_EL1 and the AArch64 feature registers, whose reads Linux emulates
/// since 4.11 (`Documentation/arch/arm64/cpu-feature-registers.rst`; `emulate_sys_reg` in
/// `arch/arm64/kernel/cpufeature.c`).
const READERS: [Reader; 35] = readers! {
    0: 0 5 6;
    4: 0 1 2 3 4 5 6 7;
    5: 0 1 2 3 4 5 6 7;
    6: 0 1 2 3 4 5 6 7;
    7: 0 1 2 3 4 5 6 7;
};

/// Each register with its value on this CPU. The kernel must emulate the reads, which `HWCAP_CPUID`
/// reports.
pub(super) fn read_all() -> impl Iterator<Item = (Encoding, u64)> {
    READERS
        .into_iter()
        .map(|(encoding, read)| (encoding, read()))
}

#[allow(unsafe_code, reason = "no safe code reads a system register")]
fn read<const CRM: u8, const OP2: u8>() -> u64 {
    let value;
    // SAFETY: reading an ID register changes no state. Without emulation the process gets SIGILL.
    unsafe {
        asm!(
            "mrs {value}, S3_0_C0_C{crm}_{op2}",
            value = out(reg) value,
            crm = const CRM,
            op2 = const OP2,
            options(nomem, nostack, preserves_flags),
        );
    }
    value
}
