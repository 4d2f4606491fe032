//! A machine without KVM, whose calls can be made to fail one by one.

use super::access::{GicAccess, VcpuAccess, VcpuEvents};
use super::gic_register::GicRegister;
use super::register::RegisterId;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::vcpu::Errno;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// The error of a call that was made to fail: no call of KVM returns it otherwise.
pub(super) const FAULT: Errno = Errno(5);

/// PMCNTENSET_EL0 and PMCNTENCLR_EL0, which show the same bits; a write sets or clears them, as
/// before Linux 6.15.
const PMU_HALVES: [RegisterId; 2] = [
    RegisterId::system(Encoding::new(3, 3, 9, 12, 1)),
    RegisterId::system(Encoding::new(3, 3, 9, 12, 2)),
];

/// Counts calls, and makes one of them fail.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    made: Arc<AtomicUsize>,
    failing: Option<usize>,
}

impl Calls {
    pub(super) fn failing_at(call: usize) -> Self {
        Self {
            failing: Some(call),
            ..Self::default()
        }
    }

    pub(super) fn made(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }

    fn next(&self) -> Result<(), Errno> {
        let call = self.made.fetch_add(1, Ordering::SeqCst);
        if self.failing == Some(call) {
            return Err(FAULT);
        }
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct FakeVcpu {
    pub(super) registers: Mutex<BTreeMap<RegisterId, Vec<u8>>>,
    pub(super) power: Mutex<u32>,
    pub(super) events: Mutex<VcpuEvents>,
    /// Registers that keep their values when they are written.
    pub(super) fixed: Vec<RegisterId>,
    pub(super) calls: Calls,
}

impl VcpuAccess for FakeVcpu {
    fn registers(&self) -> Result<Vec<RegisterId>, Errno> {
        self.calls.next()?;
        Ok(self.registers.lock().unwrap().keys().copied().collect())
    }

    fn get(&self, register: RegisterId, value: &mut [u8]) -> Result<(), Errno> {
        self.calls.next()?;
        let registers = self.registers.lock().unwrap();
        let found = registers.get(&register).ok_or(Errno::ENOENT)?;
        value.copy_from_slice(found);
        Ok(())
    }

    fn set(&self, register: RegisterId, value: &[u8]) -> Result<(), Errno> {
        self.calls.next()?;
        let mut registers = self.registers.lock().unwrap();
        let found = registers.get_mut(&register).ok_or(Errno::ENOENT)?;
        if self.fixed.contains(&register) {
            return Ok(());
        }
        match PMU_HALVES.iter().position(|half| *half == register) {
            None => value.clone_into(found),
            Some(half) => {
                let bits = found.iter().zip(value);
                let bits = bits.map(|(old, new)| if half == 0 { old | new } else { old & !new });
                let bits: Vec<u8> = bits.collect();
                for half in PMU_HALVES {
                    registers.insert(half, bits.clone());
                }
            }
        }
        Ok(())
    }

    fn power(&self) -> Result<u32, Errno> {
        self.calls.next()?;
        Ok(*self.power.lock().unwrap())
    }

    fn set_power(&self, power: u32) -> Result<(), Errno> {
        self.calls.next()?;
        *self.power.lock().unwrap() = power;
        Ok(())
    }

    fn events(&self) -> Result<VcpuEvents, Errno> {
        self.calls.next()?;
        Ok(*self.events.lock().unwrap())
    }

    fn set_events(&self, events: VcpuEvents) -> Result<(), Errno> {
        self.calls.next()?;
        *self.events.lock().unwrap() = events;
        Ok(())
    }
}

/// A GIC whose registers all store what is written; a clear register clears those that it stands
/// for.
#[derive(Debug, Default)]
pub(super) struct FakeGic {
    pub(super) registers: Mutex<BTreeMap<GicRegister, u64>>,
    /// The writes, in order.
    pub(super) written: Mutex<Vec<GicRegister>>,
    pub(super) calls: Calls,
}

impl GicAccess for FakeGic {
    fn read(&self, register: GicRegister) -> Result<u64, Errno> {
        self.calls.next()?;
        let registers = self.registers.lock().unwrap();
        Ok(registers.get(&register).copied().unwrap_or_default())
    }

    fn write(&self, register: GicRegister, value: u64) -> Result<(), Errno> {
        self.calls.next()?;
        self.written.lock().unwrap().push(register);
        self.registers.lock().unwrap().insert(register, value);
        Ok(())
    }
}
