//! Stand-in for platforms other than Linux on Arm, where no [`Machine`] exists.

use super::vm::VmFactory;
use idreg_runtime::fake::FakeVm;
use std::num::NonZeroU16;
use vmm_demo::machine::Machine;
use vmm_demo::output::failure::Failure;

impl VmFactory for Machine {
    type Vm = FakeVm;

    fn create(&self, _vcpus: NonZeroU16) -> Result<FakeVm, Failure> {
        match *self {}
    }
}
