//! No VMs, on a machine that is never there.

use super::vm::Maker;
use crate::failure::Failure;
use crate::machine::Machine;
use idreg_runtime::fake::FakeVm;
use std::num::NonZeroU16;

impl Maker for Machine {
    type Vm = FakeVm;

    fn make(&self, _vcpus: NonZeroU16) -> Result<FakeVm, Failure> {
        match *self {}
    }
}
