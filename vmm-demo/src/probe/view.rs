//! The ID registers as a guest read them.

use idreg_runtime::description::{Description, RegisterDescription};
use idreg_runtime::plan::Plan;
use idreg_runtime::plan::apply::Difference;
use idreg_runtime::values::RegisterValues;

/// The registers that a guest could read, and those whose read trapped.
#[derive(Debug)]
pub struct GuestView {
    /// The registers that the guest read.
    pub values: RegisterValues,
    /// The registers whose read trapped.
    pub absent: Vec<&'static RegisterDescription>,
}

impl GuestView {
    /// Creates a view from the value of each register, `None` where the read trapped.
    pub fn new(
        description: &'static Description,
        reads: impl Iterator<Item = (&'static RegisterDescription, Option<u64>)>,
    ) -> Self {
        let mut view = Self {
            values: RegisterValues::new(description),
            absent: Vec::new(),
        };
        for (register, value) in reads {
            match value {
                Some(value) => view.values.set(register, value),
                None => view.absent.push(register),
            }
        }
        view
    }

    /// The registers whose values in the guest differ from the plan.
    #[must_use]
    pub fn differing(&self, plan: &Plan) -> Vec<Difference> {
        plan.differing_reads(&self.values)
    }
}
