//! Allocations while a message is recognised: there are none.

use idreg_runtime::formats::diagnostic::Diagnostic;
use idreg_runtime::regs::DESCRIPTION;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The number of allocations of this program; it has no second test that could allocate meanwhile.
fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

#[test]
fn messages_and_registers_are_recognized_without_allocation() {
    for line in [
        "Could not set register op0:3 op1:0 crn:0 crm:6 op2:0 to 1110 (is 110)",
        "{ Op0( 3), Op1( 0), CRn( 0), CRm( 4), Op2( 0), func_read },",
        "Failed to set register 6931039826524487712: Invalid argument (os error 22)",
        "Failed to init vcpu",
        "unsupported configuration: CPU model cortex-a57 is not supported by hypervisor",
        "ID_AA64PFR0_EL1=0x1101000010112222",
        "SYSREG_ID_AA64ISAR0_EL1_DP=1",
        "0x603000000013c020",
    ] {
        let before = allocations();
        let is_recognized = Diagnostic::of(&DESCRIPTION, line).is_ok();
        let after = allocations();
        assert!(is_recognized, "{line}");
        assert_eq!(before, after, "{line}");
    }
}
