//! The two sides: a VM of the kernel, and the fake that foresees it.

use idreg_runtime::description::RegisterField;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::fake::FakeVm;
use idreg_runtime::host::Host;
use idreg_runtime::vcpu::{Errno, VcpuRegs};
use std::num::NonZeroU16;
use vmm_demo::output::failure::Failure;

/// A VM whose registers can be read and written.
pub(super) trait Vm {
    fn get(&self, vcpu: u16, register: Encoding) -> Result<u64, Errno>;
    fn set(&self, vcpu: u16, register: Encoding, value: u64) -> Result<(), Errno>;
    /// Lets the guest run for the first time.
    fn run(&mut self) -> Result<(), Failure>;
}

/// What makes VMs of one configuration.
pub(super) trait Maker {
    type Vm: Vm;

    fn make(&self, vcpus: NonZeroU16) -> Result<Self::Vm, Failure>;
}

/// Makes fakes of a host, which have as many vCPUs as are used.
#[derive(Debug)]
pub(super) struct Fakes<'h> {
    pub(super) host: &'h Host,
    /// Values that KVM takes for the hardware's, see [`super::masked_values`].
    pub(super) hidden: Vec<(RegisterField, u64)>,
}

impl Maker for Fakes<'_> {
    type Vm = FakeVm;

    fn make(&self, _vcpus: NonZeroU16) -> Result<FakeVm, Failure> {
        let vm = FakeVm::new(self.host);
        let hidden = self.hidden.iter();
        Ok(hidden.fold(vm, |vm, (field, value)| vm.hides(*field, *value)))
    }
}

impl Vm for FakeVm {
    fn get(&self, vcpu: u16, register: Encoding) -> Result<u64, Errno> {
        self.vcpu(vcpu.into()).get(register)
    }

    fn set(&self, vcpu: u16, register: Encoding, value: u64) -> Result<(), Errno> {
        self.vcpu(vcpu.into()).set(register, value)
    }

    fn run(&mut self) -> Result<(), Failure> {
        FakeVm::run(self);
        Ok(())
    }
}
