//! Registers that the VMM writes itself, beside the plan.

use super::apply::{Difference, differing_where};
use super::{Change, Plan};
use crate::description::RegisterDescription;
use crate::number::Hex;
use crate::values::RegisterValues;

/// A register that the plan does not write although it may change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elsewhere {
    pub(super) register: &'static RegisterDescription,
    /// The value that another writer gives it, or `None` if each vCPU has one of its own.
    pub(super) value: Option<u64>,
}

/// The reason why a plan cannot expect a value that the VMM writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectError {
    /// The host's vCPUs do not have the register.
    #[error("this host's KVM does not have {register}, so a VMM cannot write it")]
    Absent {
        /// The register's name.
        register: &'static str,
    },
    /// The value would undo a change of the model.
    #[error(
        "{} in {register} would undo {}={} of the model; write a value that has it",
        Hex(*value),
        change.field,
        change.field.field.show(change.new)
    )]
    Undoes {
        /// The register's name.
        register: &'static str,
        /// The value that the VMM writes.
        value: u64,
        /// The change of the plan.
        change: Change,
    },
}

impl PartialEq for Elsewhere {
    fn eq(&self, other: &Self) -> bool {
        self.register.encoding == other.register.encoding && self.value == other.value
    }
}

impl Eq for Elsewhere {}

impl Plan {
    /// Expects a value that the VMM writes to a register itself, such as CLIDR_EL1 for the caches
    /// that its guest sees, or MPIDR_EL1 for a topology of its own.
    ///
    /// The plan no longer writes the register. [`apply`](Plan::apply) takes the host's value and
    /// this one, so that the VMM can write before or after it, and [`verify`](Plan::verify) takes
    /// only this one. Whether KVM accepts the value is between it and the VMM. If each vCPU has
    /// another value, each needs a clone of the plan.
    ///
    /// ```
    /// # let host: idreg_runtime::host::Host =
    /// #     serde_json::from_str(include_str!("../../data/hosts/max-latest.json"))?;
    /// use idreg_runtime::fake::FakeVcpu;
    /// use idreg_runtime::plan::Plan;
    /// use idreg_runtime::register::RegisterValue;
    /// use idreg_runtime::regs::ClidrEl1;
    /// use idreg_runtime::vcpu::VcpuRegs;
    ///
    /// let mut plan = Plan::new(&host, &"host,FEAT_DotProd=off".parse()?)?;
    /// plan.expect(ClidrEl1::DESCRIPTION, 0x0a20_0023)?;
    ///
    /// let vcpu = FakeVcpu::new(&host);
    /// plan.apply(&vcpu)?;
    /// vcpu.set(ClidrEl1::ENCODING, 0x0a20_0023)?;
    /// plan.verify(&vcpu)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ExpectError`] if the host's vCPUs do not have the register, or if the value lacks a field
    /// that the model changes; the plan is then as it was.
    pub fn expect(
        &mut self,
        register: &RegisterDescription,
        value: u64,
    ) -> Result<&mut Self, ExpectError> {
        let is_it = |own: &&'static RegisterDescription| own.encoding == register.encoding;
        let own = self.expected.iter().map(|(own, _)| own).find(is_it);
        let Some(register) = own else {
            let register = register.name;
            return Err(ExpectError::Absent { register });
        };
        let undone = self.changes.iter().find(|change| {
            let RegisterDescription { encoding, .. } = change.field.register;
            *encoding == register.encoding && change.field.field.extract(value) != change.new
        });
        if let Some(change) = undone {
            return Err(ExpectError::Undoes {
                register: register.name,
                value,
                change: *change,
            });
        }
        self.leave(register, Some(value));
        Ok(self)
    }

    /// Leaves a register to another writer.
    pub(crate) fn leave(&mut self, register: &'static RegisterDescription, value: Option<u64>) {
        let is_other = |other: &'static RegisterDescription| other.encoding != register.encoding;
        self.writes.retain(|write| is_other(write.register));
        self.elsewhere.retain(|known| is_other(known.register));
        self.elsewhere.push(Elsewhere { register, value });
        if let Some(value) = value {
            self.expected.set(register, value);
        }
    }

    /// The registers of a vCPU that has the plan whose values are not the expected ones. A
    /// register of another writer can have the host's value too.
    pub(super) fn unlike(
        &self,
        expected: &RegisterValues,
        found: &RegisterValues,
    ) -> Vec<Difference> {
        differing_where(expected, found, &|difference| match self
            .of_another_writer(difference.register)
        {
            None => true,
            Some(Elsewhere { value: None, .. }) => false,
            Some(Elsewhere { register, value }) => {
                difference.found != *value && difference.found != self.host.get(register)
            }
        })
    }

    /// The registers of a vCPU that has run whose values are not the expected ones. A register of
    /// another writer has its value.
    pub(super) fn unlike_in_guest(&self, found: &RegisterValues) -> Vec<Difference> {
        let mut differences = differing_where(&self.in_guest(), found, &|difference| {
            let known = self.of_another_writer(difference.register);
            known.is_none_or(|known| known.value.is_some())
        });
        for Elsewhere { register, value } in &self.elsewhere {
            let reported = differences.iter();
            let mut reported = reported.map(|difference| difference.register.encoding);
            if let Some(expected) = *value
                && found.get(register) != Some(expected)
                && !reported.any(|encoding| encoding == register.encoding)
            {
                differences.push(Difference {
                    register,
                    expected,
                    found: found.get(register),
                });
            }
        }
        differences
    }

    fn of_another_writer(&self, register: &RegisterDescription) -> Option<&Elsewhere> {
        let mut known = self.elsewhere.iter();
        known.find(|known| known.register.encoding == register.encoding)
    }
}
