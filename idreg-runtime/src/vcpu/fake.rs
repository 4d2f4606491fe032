//! A vCPU without KVM, for tests on any machine.

use super::{Errno, VcpuRegs};
use crate::description::RegisterDescription;
use crate::encoding::Encoding;
use crate::host::Host;
use crate::values::RegisterValues;
use std::cell::{Cell, RefCell};

/// A vCPU of a recorded [`Host`] that answers as KVM does, as far as the host's masks and the
/// description tell: bits outside the mask stay, and a writable field can go down, not above the host.
///
/// Faults are put in with [`fail_at`](FakeVcpu::fail_at), [`ignore_writes`](FakeVcpu::ignore_writes)
/// and [`run`](FakeVcpu::run).
#[derive(Debug)]
pub struct FakeVcpu {
    limits: Host,
    values: RefCell<RegisterValues>,
    has_run: Cell<bool>,
    calls: Cell<usize>,
    writes: Cell<usize>,
    faults: RefCell<Vec<(usize, Errno)>>,
    write_ignored: RefCell<Vec<Encoding>>,
}

impl FakeVcpu {
    /// A vCPU that shows what the host shows.
    #[must_use]
    pub fn new(host: &Host) -> Self {
        Self {
            values: RefCell::new(host.values().clone()),
            limits: host.clone(),
            has_run: Cell::new(false),
            calls: Cell::new(0),
            writes: Cell::new(0),
            faults: RefCell::new(Vec::new()),
            write_ignored: RefCell::new(Vec::new()),
        }
    }

    /// Lets the call with this number, counted from 0 over reads and writes, fail. May be used for
    /// several calls.
    pub fn fail_at(&self, call: usize, errno: Errno) {
        self.faults.borrow_mut().push((call, errno));
    }

    /// Takes back the faults that have not come yet.
    pub fn no_fault(&self) {
        self.faults.borrow_mut().clear();
    }

    /// Accepts writes of a register and stores nothing, as KVM does with the AArch32 ID registers of a
    /// host that cannot run AArch32 (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `REG_USER_WI`).
    pub fn ignore_writes(&self, register: Encoding) {
        self.write_ignored.borrow_mut().push(register);
    }

    /// Lets the guest run, after which ID registers are frozen.
    pub fn run(&self) {
        self.has_run.set(true);
    }

    /// How many reads and writes there were.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.get()
    }

    /// How many writes there were, refused ones included.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.writes.get()
    }

    fn call(&self) -> Result<(), Errno> {
        let call = self.calls.get();
        self.calls.set(call + 1);
        match self.faults.borrow().iter().find(|(at, _)| *at == call) {
            Some((_, errno)) => Err(*errno),
            None => Ok(()),
        }
    }

    fn register(&self, encoding: Encoding) -> Result<(&'static RegisterDescription, u64), Errno> {
        let registers = self.limits.description().registers;
        let register = registers
            .iter()
            .find(|register| register.encoding == encoding);
        let register = register.ok_or(Errno::ENOENT)?;
        Ok((
            register,
            self.limits.values().get(register).ok_or(Errno::ENOENT)?,
        ))
    }

    /// KVM's check, which is against the host and not against the present value
    /// (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `arm64_check_features`).
    fn accepts(&self, register: &'static RegisterDescription, limit: u64, value: u64) -> bool {
        let mut checked = 0;
        for of in register.fields().filter(|of| self.limits.is_writable(*of)) {
            let field = of.field;
            if field.comparable(field.extract(value)) > field.comparable(field.extract(limit)) {
                return false;
            }
            checked |= field.mask();
        }
        value & !checked == limit & !checked
    }
}

impl VcpuRegs for FakeVcpu {
    fn get(&self, register: Encoding) -> Result<u64, Errno> {
        self.call()?;
        let (register, _) = self.register(register)?;
        self.values.borrow().get(register).ok_or(Errno::ENOENT)
    }

    fn set(&self, encoding: Encoding, value: u64) -> Result<(), Errno> {
        self.writes.set(self.writes.get() + 1);
        self.call()?;
        let (register, limit) = self.register(encoding)?;
        if self.write_ignored.borrow().contains(&encoding) {
            return Ok(());
        }
        let present = self.values.borrow().get(register);
        if self.has_run.get() {
            return if present == Some(value) {
                Ok(())
            } else {
                Err(Errno::EBUSY)
            };
        }
        if !self.accepts(register, limit, value) {
            return Err(Errno::EINVAL);
        }
        self.values.borrow_mut().set(register, value);
        Ok(())
    }
}
