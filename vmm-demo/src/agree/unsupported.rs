//! No VMs, on a machine that is never there.

use super::vm::Maker;
use crate::machine::Machine;
use crate::output::failure::Failure;
use idreg_runtime::fake::FakeVm;
use std::num::NonZeroU16;

impl Maker for Machine {
    type Vm = FakeVm;

    fn make(&self, _vcpus: NonZeroU16) -> Result<FakeVm, Failure> {
        match *self {}
    }
}
