//! `aarch32_id_regs`: on a host without AArch32 its ID registers read as zero after any write.

use crate::vm::{TestVm, host, plainest, skipped};
use idreg_runtime::encoding::Encoding;
use idreg_runtime::host::Host;
use idreg_runtime::register::FieldValue;
use idreg_runtime::regs::id_aa64pfr0_el1::El0;

/// A value that no register has.
const GARBAGE: u64 = 0x1bad_c0de;

/// CRm and op2 of the registers that ignore writes: ID_PFR0-2, ID_DFR0, ID_MMFR0-5, ID_ISAR0-6 and
/// MVFR0-2.
#[rustfmt::skip]
const IGNORING: [(u8, u8); 20] = [
    (1, 0), (1, 1), (1, 2), (1, 4), (1, 5), (1, 6), (1, 7),
    (2, 0), (2, 1), (2, 2), (2, 3), (2, 4), (2, 5), (2, 6), (2, 7),
    (3, 0), (3, 1), (3, 2), (3, 4), (3, 6),
];

/// CRm and op2 of the registers that are zero on every host: ID_AFR0, ID_DFR1 and two without a
/// name.
const ALWAYS_ZERO: [(u8, u8); 4] = [(1, 3), (3, 3), (3, 5), (3, 7)];

fn register((crm, op2): (u8, u8)) -> Encoding {
    Encoding::new(3, 0, 0, crm, op2)
}

/// True if a register describes AArch32, which this host does not have.
pub(crate) fn is_ignored(host: &Host, encoding: Encoding) -> bool {
    !has_aarch32(host) && IGNORING.map(register).contains(&encoding)
}

fn has_aarch32(host: &Host) -> bool {
    let el0 = host.values().field(El0::FIELD).expect("ID_AA64PFR0_EL1");
    el0 == El0::AARCH32.bits()
}

#[test]
fn without_aarch32_registers_are_zero_and_ignore_writes() {
    if has_aarch32(host()) {
        let row = "without_aarch32_registers_are_zero_and_ignore_writes";
        return skipped(row, "the host has AArch32");
    }
    // ID_DFR0_EL1 describes a PMU even then.
    let vm = TestVm::new(plainest(), 1);
    for register in IGNORING.map(register) {
        vm.shows(register, 0);
        assert_eq!(vm.set(register, GARBAGE), Ok(()), "{register}");
        vm.shows(register, 0);
    }
}

#[test]
fn with_aarch32_registers_refuse_garbage() {
    if !has_aarch32(host()) {
        return skipped(
            "with_aarch32_registers_refuse_garbage",
            "the host has no AArch32",
        );
    }
    let vm = TestVm::rich();
    for register in IGNORING.map(register) {
        vm.refuses(register, GARBAGE << 32);
    }
}

#[test]
fn registers_that_are_always_zero_refuse_anything_else() {
    let vm = TestVm::rich();
    for register in ALWAYS_ZERO.map(register) {
        vm.accepts(register, 0);
        vm.refuses(register, GARBAGE);
    }
}
