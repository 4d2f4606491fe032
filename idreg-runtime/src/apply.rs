//! A plan's way into a vCPU: write what changes, read everything back, leave nothing half-done.

use crate::description::RegisterDescription;
use crate::encoding::Encoding;
use crate::host::{ReadError, read_registers};
use crate::number::Hex;
use crate::plan::{Change, Plan, Write};
use crate::regs::MpidrEl1;
use crate::values::RegisterValues;
use crate::vcpu::{Errno, VcpuRegs};
use core::fmt;

/// Why a vCPU does not show the model. Every register has its old value again, but for those that
/// [`ApplyError::NotRestored`] names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A register could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The vCPU is not like the one that the plan was made for. Nothing was written.
    #[error(
        "this vCPU is not like the host that was read: it was made with other features, with another \
         interrupt controller, or on another host:\n{}", lines(.0)
    )]
    OtherHost(Vec<Difference>),
    /// KVM refused some of the changes.
    #[error("{}", lines(.0))]
    Refused(Vec<Refused>),
    /// KVM accepted the writes and stored something else.
    #[error("KVM accepted the model and stored something else:\n{}", lines(.0))]
    Differs(Vec<Difference>),
    /// After an error, some registers did not take their old values again.
    #[error("the vCPU is not as before: {} could not be put back after an error", registers.join(", "))]
    NotRestored {
        /// The registers that are not as before.
        registers: Vec<&'static str>,
        /// What went wrong first.
        #[source]
        error: Box<ApplyError>,
    },
}

/// A change that KVM did not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The change. It was refused alone too, or KVM refused only several of a register together.
    pub change: Change,
    /// The kernel's error.
    pub errno: Errno,
}

/// A register that is not what it should be.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The register.
    pub register: &'static RegisterDescription,
    /// What it should be.
    pub expected: u64,
    /// What it is; nothing if it is not there.
    pub found: Option<u64>,
}

impl Plan {
    /// Writes the plan's registers into a vCPU that has not run, and reads every register back.
    ///
    /// Only registers whose value differs are written, so a second vCPU of a VM, which shares most ID
    /// registers with the first, costs little. The result is what the vCPU shows now: the
    /// [expected](Plan::expected) values, with the vCPU's own MPIDR_EL1.
    ///
    /// # Errors
    ///
    /// Any [`ApplyError`]; the vCPU then shows what it showed before. All changes that KVM refuses are
    /// reported at once.
    pub fn apply(&self, vcpu: &impl VcpuRegs) -> Result<RegisterValues, ApplyError> {
        let description = self.expected().description();
        let before = read_registers(description, vcpu)?;
        let outstanding = self.outstanding(&before)?;
        let refused: Vec<Refused> = outstanding
            .iter()
            .flat_map(|write| self.write(vcpu, write))
            .collect();
        if !refused.is_empty() {
            return Err(restored(vcpu, &outstanding, ApplyError::Refused(refused)));
        }
        let after = read_registers(description, vcpu)
            .map_err(|error| restored(vcpu, &outstanding, error.into()))?;
        let differences = differing(&self.expected_on(&before), &after);
        if differences.is_empty() {
            Ok(after)
        } else {
            Err(restored(
                vcpu,
                &outstanding,
                ApplyError::Differs(differences),
            ))
        }
    }

    /// The writes that this vCPU still needs; all its other registers are as on the host.
    fn outstanding(&self, before: &RegisterValues) -> Result<Vec<Write>, ApplyError> {
        let expected = self.expected_on(before);
        let planned = |difference: &Difference| {
            let write = self.writes().iter().find(|write| {
                write.register.encoding == difference.register.encoding
                    && Some(write.old) == difference.found
            });
            write.copied().ok_or(*difference)
        };
        let (mut outstanding, mut unlike) = (Vec::new(), Vec::new());
        for difference in differing(&expected, before) {
            match planned(&difference) {
                Ok(write) => outstanding.push(write),
                Err(difference) => unlike.push(difference),
            }
        }
        if unlike.is_empty() {
            Ok(outstanding)
        } else {
            Err(ApplyError::OtherHost(unlike))
        }
    }

    /// What a vCPU shall show that shows `before` now.
    fn expected_on(&self, before: &RegisterValues) -> RegisterValues {
        let mut expected = self.expected().clone();
        for (register, value) in before.iter().filter(|(of, _)| is_of_vcpu(of.encoding)) {
            if !self
                .changes()
                .iter()
                .any(|change| change.field.register.encoding == register.encoding)
            {
                expected.set(register, value);
            }
        }
        expected
    }

    /// Writes a register. If KVM refuses, tries its changes one by one, to name those at fault.
    fn write(&self, vcpu: &impl VcpuRegs, write: &Write) -> Vec<Refused> {
        let register = write.register.encoding;
        let Err(errno) = vcpu.set(register, write.new) else {
            return Vec::new();
        };
        let changes = self.changes().iter().copied();
        let of_register = changes.filter(|change| change.field.register.encoding == register);
        let together: Vec<Refused> = of_register
            .map(|change| Refused { change, errno })
            .collect();
        let alone = together.iter().filter_map(|&Refused { change, .. }| {
            let value = change.field.field.insert(write.old, change.new);
            let errno = vcpu.set(register, value).err()?;
            Some(Refused { change, errno })
        });
        let alone: Vec<Refused> = alone.collect();
        if alone.is_empty() { together } else { alone }
    }
}

/// Whether every vCPU has a value of its own: MPIDR_EL1 tells which vCPU it is
/// (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `reset_mpidr`).
fn is_of_vcpu(register: Encoding) -> bool {
    register == MpidrEl1::ENCODING
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
            registers,
            error: Box::new(error),
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
        for field in register.layout.fields {
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

/// Shows property, value, errno, the host's value, and what would work.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            change: Change { field, old, new },
            errno,
        } = self;
        let (old, new) = (field.field.show(*old), field.field.show(*new));
        write!(f, "KVM refused {field}={new} with {errno}: ")?;
        match *errno {
            Errno::EBUSY => {
                f.write_str("the guest has run already, which freezes its ID registers")
            }
            Errno::EINVAL => write!(f, "the host has {old}, which works"),
            _ => write!(f, "the host has {old}"),
        }
    }
}

fn lines<T: fmt::Display>(items: &[T]) -> String {
    items
        .iter()
        .map(T::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
