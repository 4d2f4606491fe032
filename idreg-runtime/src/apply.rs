//! A plan's way into a vCPU: write what changes, read everything back, leave nothing half-done.

use crate::description::RegisterDescription;
use crate::host::{ReadError, read_registers};
use crate::number::Hex;
use crate::plan::{Change, Plan, Write};
use crate::values::RegisterValues;
use crate::vcpu::{Errno, VcpuRegs};
use core::fmt;

/// Why a vCPU does not show the model. Every register that was written has its old value again, but
/// for those that [`ApplyError::NotRestored`] names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A register could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The vCPU is not like the one that the plan was made for: other features, or another host.
    #[error(
        "{register} is {} on this vCPU and not {} as on the host that was read: the two were made \
         with different features or by different kernels", Hex(*found), Hex(*planned)
    )]
    OtherHost {
        /// The register's name.
        register: &'static str,
        /// Its value when the host was read.
        planned: u64,
        /// Its value on the vCPU.
        found: u64,
    },
    /// KVM refused a register's new value.
    #[error("{}", refused(.changes, *.errno))]
    Refused {
        /// The changes at fault: each was refused alone too. All of the register's if none was.
        changes: Vec<Change>,
        /// The kernel's error.
        errno: Errno,
    },
    /// KVM accepted the writes and stored something else.
    #[error("KVM accepted the model and stored something else:\n{}", differences(.0))]
    Differs(Vec<Difference>),
    /// After another error, some registers did not take their old values again.
    #[error("{error}; and now {} could not be put back", registers.join(", "))]
    NotRestored {
        /// What went wrong first.
        error: Box<ApplyError>,
        /// The registers that are not as before.
        registers: Vec<&'static str>,
    },
}

/// A register that is not what it should be.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The register.
    pub register: &'static RegisterDescription,
    /// What it should be.
    pub expected: u64,
    /// What it is; nothing if it is not there any more.
    pub found: Option<u64>,
}

impl Plan {
    /// Writes the plan's registers into a vCPU that has not run, and reads every register back.
    ///
    /// Only registers whose value differs are written, so a second vCPU of a VM, which shares most ID
    /// registers with the first, costs little. The result is what the vCPU shows now.
    ///
    /// # Errors
    ///
    /// Any [`ApplyError`]; the vCPU then shows what it showed before.
    pub fn apply(&self, vcpu: &impl VcpuRegs) -> Result<RegisterValues, ApplyError> {
        let description = self.expected().description();
        let before = read_registers(description, vcpu)?;
        let writes = self.outstanding(&before)?;
        let mut expected = before.clone();
        for Write { register, new, .. } in self.writes() {
            expected.set(register, *new);
        }
        for (index, write) in writes.iter().enumerate() {
            if let Err(errno) = vcpu.set(write.register.encoding, write.new) {
                let changes = self.at_fault(vcpu, write, errno);
                let error = ApplyError::Refused { changes, errno };
                // The refused register may hold a part of the changes after the search for the one.
                return Err(restored(
                    vcpu,
                    writes.get(..=index).unwrap_or(&writes),
                    error,
                ));
            }
        }
        let after = read_registers(description, vcpu)
            .map_err(|error| restored(vcpu, &writes, error.into()))?;
        let differences = differing(&expected, &after);
        if differences.is_empty() {
            Ok(after)
        } else {
            Err(restored(vcpu, &writes, ApplyError::Differs(differences)))
        }
    }

    /// The writes that this vCPU still needs.
    fn outstanding(&self, before: &RegisterValues) -> Result<Vec<Write>, ApplyError> {
        let mut outstanding = Vec::new();
        for write in self.writes() {
            let found = before.get(write.register).unwrap_or(0);
            if found == write.old {
                outstanding.push(*write);
            } else if found != write.new {
                let (register, planned) = (write.register.name, write.old);
                return Err(ApplyError::OtherHost {
                    register,
                    planned,
                    found,
                });
            }
        }
        Ok(outstanding)
    }

    /// Tries the changes of a refused register one by one, to name the ones that KVM does not take.
    fn at_fault(&self, vcpu: &impl VcpuRegs, refused: &Write, errno: Errno) -> Vec<Change> {
        let register = refused.register.encoding;
        let of_register = self.changes().iter().copied();
        let of_register: Vec<Change> = of_register
            .filter(|change| change.field.register.encoding == register)
            .collect();
        let is_refused_alone = |change: &Change| {
            let alone = change.field.field.insert(refused.old, change.new);
            vcpu.set(register, alone) == Err(errno)
        };
        let at_fault: Vec<Change> = of_register
            .iter()
            .copied()
            .filter(is_refused_alone)
            .collect();
        if at_fault.is_empty() {
            of_register
        } else {
            at_fault
        }
    }
}

/// Puts the old values back, and says so if that fails.
fn restored(vcpu: &impl VcpuRegs, written: &[Write], error: ApplyError) -> ApplyError {
    let is_lost = |write: &&Write| {
        let encoding = write.register.encoding;
        vcpu.get(encoding) != Ok(write.old)
            && (vcpu.set(encoding, write.old).is_err() || vcpu.get(encoding) != Ok(write.old))
    };
    let lost = written
        .iter()
        .rev()
        .filter(is_lost)
        .map(|write| write.register.name);
    let registers: Vec<&'static str> = lost.collect();
    if registers.is_empty() {
        error
    } else {
        ApplyError::NotRestored {
            error: Box::new(error),
            registers,
        }
    }
}

/// Every register of one set of values that is not the same in another.
#[must_use]
pub fn differing(expected: &RegisterValues, found: &RegisterValues) -> Vec<Difference> {
    let pairs = expected.iter().map(|(register, expected)| Difference {
        register,
        expected,
        found: found.get(register),
    });
    pairs
        .filter(|pair| pair.found != Some(pair.expected))
        .collect()
}

impl PartialEq for Difference {
    fn eq(&self, other: &Self) -> bool {
        self.register.encoding == other.register.encoding
            && (self.expected, self.found) == (other.expected, other.found)
    }
}

impl Eq for Difference {}

/// Shows the register and, field by field, what should be there and what is.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            register,
            expected,
            found,
        } = self;
        let Some(found) = *found else {
            return write!(
                f,
                "{} is not there, expected {}",
                register.name,
                Hex(*expected)
            );
        };
        write!(
            f,
            "{} is {}, expected {}",
            register.name,
            Hex(found),
            Hex(*expected)
        )?;
        for field in register.fields {
            let (wanted, got) = (field.extract(*expected), field.extract(found));
            if wanted != got {
                write!(
                    f,
                    "; {} is {}, expected {}",
                    field.name,
                    field.show(got),
                    field.show(wanted)
                )?;
            }
        }
        Ok(())
    }
}

fn differences(differences: &[Difference]) -> String {
    let lines = differences
        .iter()
        .map(|difference| format!("  {difference}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn refused(changes: &[Change], errno: Errno) -> String {
    let lines = changes.iter().map(|Change { field, old, new }| {
        let (old, new) = (field.field.show(*old), field.field.show(*new));
        format!("KVM refused {field}={new} with {errno}: the host has {old}, which works")
    });
    lines.collect::<Vec<_>>().join("\n")
}
