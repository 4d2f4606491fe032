//! `cost`: what reading a host, planning and applying take, beside the same ioctls by hand.

use crate::cli::Cost;
use crate::failure::Failure;
use crate::machine::Machine;

pub(crate) fn cost(arguments: &Cost) -> Result<(), Failure> {
    let _machine = Machine::open(&arguments.model.cpu)?;
    Ok(())
}
