//! Scratch VMs of this machine's kernel.

use super::vm::{Vm, VmFactory};
use idreg_runtime::encoding::Encoding;
use idreg_runtime::kvm::ScratchVm;
use idreg_runtime::vcpu::{Errno, VcpuRegs};
use std::num::NonZeroU16;
use vmm_demo::machine::Machine;
use vmm_demo::output::failure::Failure;

impl VmFactory for Machine {
    type Vm = ScratchVm;

    fn create(&self, vcpus: NonZeroU16) -> Result<ScratchVm, Failure> {
        let config = self.host().info().vcpu;
        ScratchVm::with_vcpus(self.kvm(), config, vcpus).map_err(Failure::other)
    }
}

impl Vm for ScratchVm {
    fn get(&self, vcpu: u16, register: Encoding) -> Result<u64, Errno> {
        self.regs_of(vcpu).ok_or(Errno::ENOENT)?.get(register)
    }

    fn set(&self, vcpu: u16, register: Encoding, value: u64) -> Result<(), Errno> {
        self.regs_of(vcpu)
            .ok_or(Errno::ENOENT)?
            .set(register, value)
    }

    fn run(&mut self) -> Result<(), Failure> {
        self.run_immediately().map_err(Failure::other)
    }
}
