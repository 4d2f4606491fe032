//! The two sides of a comparison: a kernel VM, and the fake that predicts its answers.

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
    /// Runs the guest for the first time.
    fn run(&mut self) -> Result<(), Failure>;
}

/// Creates VMs of one configuration.
pub(super) trait VmFactory {
    type Vm: Vm;

    fn create(&self, vcpus: NonZeroU16) -> Result<Self::Vm, Failure>;
}

/// Creates fakes of a host. A fake has as many vCPUs as its callers use.
#[derive(Debug)]
pub(super) struct FakeFactory<'h> {
    pub(super) host: &'h Host,
    /// Masked values of the hardware, see [`super::masked_values`].
    pub(super) masked: Vec<(RegisterField, u64)>,
}

impl VmFactory for FakeFactory<'_> {
    type Vm = FakeVm;

    fn create(&self, _vcpus: NonZeroU16) -> Result<FakeVm, Failure> {
        let vm = FakeVm::new(self.host);
        let masked = self.masked.iter();
        Ok(masked.fold(vm, |vm, (field, value)| vm.masking(*field, *value)))
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
