//! Allocations between a plan and its last write: there are none, so a VMM can apply a plan
//! anywhere.

mod hosts;

use hosts::{MAX_7_2, host};
use idreg_runtime::encoding::Encoding;
use idreg_runtime::plan::Plan;
use idreg_runtime::vcpu::{Errno, VcpuRegs};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::cell::{Cell, RefCell};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A vCPU with registers in an array, which counts the allocations before each write.
struct CountingVcpu {
    registers: RefCell<[(u16, u64); 64]>,
    before_last_write: Cell<usize>,
    writes: Cell<u32>,
}

impl VcpuRegs for CountingVcpu {
    fn get(&self, register: Encoding) -> Result<u64, Errno> {
        let registers = self.registers.borrow();
        let found = registers
            .iter()
            .find(|(packed, _)| *packed == register.packed());
        found.map(|(_, value)| *value).ok_or(Errno::ENOENT)
    }

    fn set(&self, register: Encoding, value: u64) -> Result<(), Errno> {
        self.before_last_write.set(allocations());
        self.writes.set(self.writes.get() + 1);
        let mut registers = self.registers.borrow_mut();
        let found = registers
            .iter_mut()
            .find(|(packed, _)| *packed == register.packed());
        found.ok_or(Errno::ENOENT)?.1 = value;
        Ok(())
    }
}

/// The number of allocations of this program; it has no second test that could allocate meanwhile.
fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

#[test]
fn nothing_is_allocated_before_the_last_write() {
    let host = host(MAX_7_2);
    let model =
        "host,FEAT_SHA512=off,FEAT_CRC32=off,midr=0x413fd0c1,SYSREG_ID_AA64MMFR2_EL1_E0PD=0";
    let plan = Plan::new(&host, &model.parse().expect("a model")).expect("a plan");
    let mut registers = [(0, 0); 64];
    for (slot, (register, value)) in registers.iter_mut().zip(host.values().iter()) {
        *slot = (register.encoding.packed(), value);
    }
    let vcpu = CountingVcpu {
        registers: RefCell::new(registers),
        before_last_write: Cell::new(0),
        writes: Cell::new(0),
    };
    let before = allocations();
    plan.apply(&vcpu).expect("the vCPU takes everything");
    assert_eq!(vcpu.writes.get(), 4);
    assert_eq!(vcpu.before_last_write.get(), before);
    assert!(
        allocations() > before,
        "the counter counts: the result is allocated"
    );
}
