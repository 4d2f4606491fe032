//! The registers of the floating-point unit, loaded and read back by one sequence of instructions.

use super::vector_values::{LONGEST_VECTOR, Registers, WORD_BYTES};
use rustix::io::Errno;
use rustix::thread::set_sve_vector_length_configuration;
use std::arch::asm;

/// `HWCAP_SVE` of the first word (Linux 7.2, `arch/arm64/include/uapi/asm/hwcap.h`).
const HWCAP_SVE: usize = 1 << 22;

/// Gives this thread the longest SVE vectors of its CPU, and returns their size in bytes, or `None`
/// without SVE. Programs start with shorter ones (Linux 7.2, `Documentation/arch/arm64/sve.rst`).
#[allow(unsafe_code, reason = "the length is that of all code of the thread")]
pub(super) fn longest_sve_bytes() -> Result<Option<u64>, Errno> {
    if rustix::param::linux_hwcap().0 & HWCAP_SVE == 0 {
        return Ok(None);
    }
    // SAFETY: no other code of the thread uses SVE. The kernel takes the next smaller length that
    // the CPU has.
    unsafe { set_sve_vector_length_configuration(LONGEST_VECTOR * WORD_BYTES, false, false) }?;
    Ok(Some(read_vector_length()))
}

/// Loads all registers, waits until CNTVCT_EL0 is `until`, and reads them.
pub(super) fn hold(loaded: &Registers, found: &mut Registers, until: u64, has_sve: bool) {
    if has_sve {
        hold_sve(loaded, found, until);
    } else {
        hold_simd(loaded, found, until);
    }
}

#[allow(unsafe_code, reason = "no safe code reads the vector length")]
fn read_vector_length() -> u64 {
    let bytes;
    // SAFETY: the instruction only writes its output; the kernel enables it where it has the
    // capability.
    unsafe {
        asm!(".arch_extension sve", "rdvl {bytes}, #1", bytes = out(reg) bytes,
            options(nomem, nostack, preserves_flags));
    }
    bytes
}

/// Saves FPCR and FPSR, loads them and the registers by the first part, waits, reads them by the
/// second part and restores FPCR and FPSR.
macro_rules! hold {
    (
        [$($extension:literal)*] $until:ident $loaded:ident $found:ident
        load: $($load:literal)*; store: $($store:literal)*; $($operands:tt)*
    ) => {
        asm!(
            $($extension,)*
            "mrs {saved_control}, fpcr",
            "mrs {saved_status}, fpsr",
            "msr fpcr, {control}",
            "msr fpsr, {status}",
            $($load,)*
            "2:",
            "isb",
            "mrs {now}, cntvct_el0",
            "cmp {now}, {until}",
            "b.lo 2b",
            $($store,)*
            "mrs {control}, fpcr",
            "mrs {status}, fpsr",
            "msr fpcr, {saved_control}",
            "msr fpsr, {saved_status}",
            saved_control = out(reg) _,
            saved_status = out(reg) _,
            now = out(reg) _,
            until = in(reg) $until,
            control = inout(reg) $loaded.control => $found.control,
            status = inout(reg) $loaded.status => $found.status,
            loaded = in(reg) $loaded.vectors.as_ptr(),
            found = in(reg) $found.vectors.as_mut_ptr(),
            out("v0") _, out("v1") _, out("v2") _, out("v3") _,
            out("v4") _, out("v5") _, out("v6") _, out("v7") _,
            out("v8") _, out("v9") _, out("v10") _, out("v11") _,
            out("v12") _, out("v13") _, out("v14") _, out("v15") _,
            out("v16") _, out("v17") _, out("v18") _, out("v19") _,
            out("v20") _, out("v21") _, out("v22") _, out("v23") _,
            out("v24") _, out("v25") _, out("v26") _, out("v27") _,
            out("v28") _, out("v29") _, out("v30") _, out("v31") _,
            $($operands)*
            options(nostack),
        )
    };
}

#[allow(unsafe_code, reason = "no safe code chooses vector registers")]
fn hold_simd(loaded: &Registers, found: &mut Registers, until: u64) {
    // SAFETY: 32 vectors of 16 bytes are read and written, which both arrays have; all registers
    // that change are outputs; FPCR and FPSR are restored.
    unsafe {
        hold!(
            [] until loaded found
            load:
                ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
                "ldr q\\n, [{loaded}, #16 * \\n]"
                ".endr"
                ".irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
                "ldr q\\n, [{loaded}, #16 * \\n]"
                ".endr";
            store:
                ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
                "str q\\n, [{found}, #16 * \\n]"
                ".endr"
                ".irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
                "str q\\n, [{found}, #16 * \\n]"
                ".endr";
        );
    }
}

#[allow(unsafe_code, reason = "no safe code chooses vector registers")]
fn hold_sve(loaded: &Registers, found: &mut Registers, until: u64) {
    // SAFETY: 32 vectors, 16 predicates and FFR are read and written, for which the arrays have
    // space at the architecture's longest vector length; all registers that change are outputs;
    // FPCR and FPSR are restored.
    unsafe {
        hold!(
            [".arch_extension sve"] until loaded found
            load:
                ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
                "ldr z\\n, [{loaded}, #\\n, mul vl]"
                ".endr"
                ".irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
                "ldr z\\n, [{loaded}, #\\n, mul vl]"
                ".endr"
                "ldr p0, [{loaded_first_fault}]"
                "wrffr p0.b"
                ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
                "ldr p\\n, [{loaded_predicates}, #\\n, mul vl]"
                ".endr";
            store:
                ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
                "str z\\n, [{found}, #\\n, mul vl]"
                "str p\\n, [{found_predicates}, #\\n, mul vl]"
                ".endr"
                ".irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
                "str z\\n, [{found}, #\\n, mul vl]"
                ".endr"
                "rdffr p0.b"
                "str p0, [{found_first_fault}]";
            loaded_predicates = in(reg) loaded.predicates.as_ptr(),
            loaded_first_fault = in(reg) loaded.first_fault.as_ptr(),
            found_predicates = in(reg) found.predicates.as_mut_ptr(),
            found_first_fault = in(reg) found.first_fault.as_mut_ptr(),
            out("p0") _, out("p1") _, out("p2") _, out("p3") _,
            out("p4") _, out("p5") _, out("p6") _, out("p7") _,
            out("p8") _, out("p9") _, out("p10") _, out("p11") _,
            out("p12") _, out("p13") _, out("p14") _, out("p15") _,
            out("ffr") _,
        );
    }
}
