//! No VMs, on a machine that is never there.

use super::vm::Maker;
use idreg_runtime::fake::FakeVm;
use std::num::NonZeroU16;
use vmm_demo::machine::Machine;
use vmm_demo::output::failure::Failure;

impl Maker for Machine {
    type Vm = FakeVm;

    fn make(&self, _vcpus: NonZeroU16) -> Result<FakeVm, Failure> {
        match *self {}
    }
}
