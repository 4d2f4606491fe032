//! Applies a plan to a vCPU: writes the changes, reads every register back, and reverts on errors.

use super::{Plan, Write};
use crate::config::capabilities::FEATURE_ID_REGISTERS;
use crate::config::pmu_counters::{PMCR, PMCR_EL0};
use crate::description::RegisterDescription;
use crate::description::rule::Owner;
use crate::encoding::Encoding;
use crate::host::ReadError;
use crate::number::Hex;
use crate::register::RegisterValue;
use crate::regs::CtrEl0;
use crate::text::{caused, comma_list, lines};
use crate::values::RegisterValues;
use crate::vcpu::{Errno, VcpuRegs};
use core::fmt;

pub use super::refused::Refused;

/// The reason why a vCPU does not have the model; `{:#}` and `{:?}` show its causes too. Every
/// register has its old value again, except for those in [`ApplyError::NotRestored`].
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A register cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The vCPU differs from the vCPU that the plan was made for.
    #[error(
        "this vCPU differs from the host that was read: it was created with other features, with \
         another interrupt controller or on another host, or a plan was applied before:\n{}",
        lines(.0)
    )]
    OtherHost(Vec<Difference>),
    /// KVM refused some of the changes.
    #[error("{}", lines(.0))]
    Refused(Vec<Refused>),
    /// KVM accepted the writes and stored something else.
    #[error("KVM accepted the model but stored other values:\n{}", lines(.0))]
    Differs(Vec<Difference>),
    /// KVM refused a number of event counters of the PMU.
    #[error("KVM refused PMCR_EL0 with {counters} event counters with {source}")]
    CountersRefused {
        /// The number of the plan.
        counters: u32,
        /// The kernel's error.
        source: Errno,
    },
    /// The PMU has another number of event counters than that of the plan.
    #[error(
        "the PMU has {found} event counters, expected {expected}: KVM changes the number before \
         the first run of the VM, up to the host's"
    )]
    Counters {
        /// The number of the plan.
        expected: u32,
        /// The number in PMCR_EL0.
        found: u32,
    },
    /// After an error, some registers could not be restored. The vCPU must not run.
    #[error(fmt = not_restored)]
    NotRestored {
        /// The registers that do not have their old values.
        registers: Vec<&'static str>,
        /// The first error.
        #[source]
        error: Box<ApplyError>,
    },
}

/// Shows the message and its causes, as `main` prints the errors that it returns.
impl fmt::Debug for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

fn not_restored(
    registers: &[&'static str],
    error: &ApplyError,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let registers = comma_list(registers);
    let message =
        format!("the vCPU is left changed: {registers} could not be restored after an error");
    caused(&message, error, f)
}

/// A register whose value is not the expected one.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The register.
    pub register: &'static RegisterDescription,
    /// The expected value.
    pub expected: u64,
    /// The present value, or `None` if the vCPU does not have the register.
    pub found: Option<u64>,
}

/// The old values of the written registers, in the order of the writes.
///
/// Only registers of the feature ID range are writable, so a plan never has more writes, and
/// nothing is allocated before the last write.
type BeforeWrites = [u64; FEATURE_ID_REGISTERS];

/// The old values of the registers that a plan changes.
struct Before {
    writes: BeforeWrites,
    /// PMCR_EL0, if the plan sets the number of counters.
    pmcr: Option<u64>,
}

impl Plan {
    /// Writes the plan's registers into a vCPU that has not run, and reads every register back.
    ///
    /// The vCPU must have the host's values or those of this plan. A vCPU with another plan is
    /// refused. Registers of [other writers](Plan::expect) are read and not written.
    ///
    /// A register that already has its new value is not written, so a second vCPU of a VM, which
    /// shares most ID registers with the first, costs little. The result has the vCPU's registers
    /// afterwards: the [expected](Plan::expected) values, with the vCPU's own MPIDR_EL1.
    ///
    /// The vCPU gets one read for each register of the plan's writes, one write for each that
    /// differs, and one read for each register of the host. Nothing is allocated before the last
    /// write. A [number of event counters](crate::config::VcpuConfig::pmu_counters) is one read of
    /// PMCR_EL0, and where it differs one write and another read.
    ///
    /// # Errors
    ///
    /// Any [`ApplyError`]; the vCPU then has its old values. All changes that KVM refuses are
    /// reported at once.
    pub fn apply(&self, vcpu: &impl VcpuRegs) -> Result<RegisterValues, ApplyError> {
        let mut before = Before {
            writes: [0; FEATURE_ID_REGISTERS],
            pmcr: None,
        };
        self.read_before(vcpu, &mut before.writes)?;
        before.pmcr = self.read_pmcr(vcpu)?;
        let mut refused = Vec::new();
        for (write, old) in self.writes().iter().zip(before.writes) {
            if old != write.new
                && let Err(errno) = vcpu.set(write.register.encoding, write.new)
            {
                refused.extend(self.culprits(vcpu, write, errno));
            }
        }
        if !refused.is_empty() {
            return Err(self.restored(vcpu, &before, ApplyError::Refused(refused)));
        }
        self.set_counters(vcpu, before.pmcr)
            .map_err(|error| self.restored(vcpu, &before, error))?;
        let after = self
            .read_back(vcpu)
            .map_err(|error| self.restored(vcpu, &before, error.into()))?;
        let differences = self.unlike(self.expected(), &after);
        if differences.is_empty() {
            return Ok(after);
        }
        let error = self.restored(vcpu, &before, ApplyError::Differs(differences));
        Err(self.as_other_host(vcpu, error))
    }

    /// Compares the registers that a guest read with the plan.
    ///
    /// CTR_EL0.TminLine may have any value if the plan does not write CTR_EL0. KVM reports it as 0,
    /// but with Enhanced Virtualization Traps (ID_AA64MMFR2_EL1.EVT) a guest reads the CPU's own
    /// CTR_EL0 unless its VM has another one (Linux 7.2, `arch/arm64/kvm/sys_regs.c`,
    /// `vcpu_set_hcr`). The field is the size of memory tags in caches: only guests with the option
    /// `mte` use it.
    #[must_use]
    pub fn differing_reads(&self, read: &RegisterValues) -> Vec<Difference> {
        let mut expected = self.in_guest();
        let is_written = |write: &Write| write.register.encoding == CtrEl0::DESCRIPTION.encoding;
        let own: Option<CtrEl0> = read.get_as();
        if let Some(own) = own.filter(|_| !self.writes().iter().any(is_written)) {
            expected.set_field(own.tminline());
        }
        differing(&expected, read)
    }

    /// Reads every register of a vCPU that has the plan and has run: KVM changes some registers
    /// when a guest starts.
    ///
    /// # Errors
    ///
    /// [`ApplyError::Read`], or [`ApplyError::Differs`] with every register whose value is not the
    /// one that is expected [in the guest](Plan::in_guest), or [`ApplyError::Counters`]. Nothing is
    /// written.
    pub fn verify(&self, vcpu: &impl VcpuRegs) -> Result<RegisterValues, ApplyError> {
        let found = self.read_back(vcpu)?;
        self.check_counters(vcpu)?;
        let differences = self.unlike_in_guest(&found);
        if differences.is_empty() {
            Ok(found)
        } else {
            Err(ApplyError::Differs(differences))
        }
    }

    /// Reads the registers of the plan's writes, and rejects values that are neither the host's nor
    /// the planned ones.
    fn read_before(
        &self,
        vcpu: &impl VcpuRegs,
        before: &mut BeforeWrites,
    ) -> Result<(), ApplyError> {
        let mut unlike = Vec::new();
        for (write, slot) in self.writes().iter().zip(before) {
            let found = match vcpu.get(write.register.encoding) {
                Ok(value) => Some(value),
                Err(Errno::ENOENT) => None,
                Err(source) => {
                    let register = write.register.name;
                    return Err(ReadError { register, source }.into());
                }
            };
            *slot = found.unwrap_or(0);
            if found != Some(write.old) && found != Some(write.new) {
                unlike.push(Difference {
                    register: write.register,
                    expected: write.old,
                    found,
                });
            }
        }
        if unlike.is_empty() {
            Ok(())
        } else {
            Err(ApplyError::OtherHost(unlike))
        }
    }

    /// Reads every register that the host has.
    fn read_back(&self, vcpu: &impl VcpuRegs) -> Result<RegisterValues, ReadError> {
        let mut values = RegisterValues::new(self.expected().description());
        for (register, _) in self.expected().iter() {
            match vcpu.get(register.encoding) {
                Ok(value) => values.set(register, value),
                Err(Errno::ENOENT) => {}
                Err(source) => {
                    let register = register.name;
                    return Err(ReadError { register, source });
                }
            }
        }
        Ok(values)
    }

    /// Tries the changes of a refused register one by one, to find those that KVM refuses.
    fn culprits(&self, vcpu: &impl VcpuRegs, write: &Write, errno: Errno) -> Vec<Refused> {
        let register = write.register.encoding;
        let (mut together, mut alone) = (Vec::new(), Vec::new());
        for change in self.changes() {
            if change.field.register.encoding != register {
                continue;
            }
            let change = *change;
            together.push(Refused { change, errno });
            let value = change.field.field.insert(write.old, change.new);
            if let Err(errno) = vcpu.set(register, value) {
                alone.push(Refused { change, errno });
            }
        }
        if alone.is_empty() { together } else { alone }
    }

    /// Restores the old values, and returns the error, or `NotRestored` if that fails.
    fn restored(&self, vcpu: &impl VcpuRegs, before: &Before, error: ApplyError) -> ApplyError {
        let has = |encoding: Encoding, old: u64| vcpu.get(encoding) == Ok(old);
        let mut registers = Vec::new();
        for (write, old) in self.writes().iter().zip(&before.writes).rev() {
            let encoding = write.register.encoding;
            if !has(encoding, *old) && (vcpu.set(encoding, *old).is_err() || !has(encoding, *old)) {
                registers.push(write.register.name);
            }
        }
        if let Some(old) = before.pmcr
            && !has(PMCR_EL0, old)
            && (vcpu.set(PMCR_EL0, old).is_err() || !has(PMCR_EL0, old))
        {
            registers.push(PMCR);
        }
        if registers.is_empty() {
            error
        } else {
            ApplyError::NotRestored {
                registers,
                error: Box::new(error),
            }
        }
    }

    /// Registers outside the writes that differ after everything is restored differed from the host
    /// before.
    fn as_other_host(&self, vcpu: &impl VcpuRegs, error: ApplyError) -> ApplyError {
        let ApplyError::Differs(_) = &error else {
            return error;
        };
        let is_written = |register: &RegisterDescription| {
            let mut written = self.writes().iter();
            written.any(|write| write.register.encoding == register.encoding)
        };
        let Ok(now) = self.read_back(vcpu) else {
            return error;
        };
        let mut unlike = self.unlike(self.host(), &now);
        unlike.retain(|difference| !is_written(difference.register));
        if unlike.is_empty() {
            error
        } else {
            ApplyError::OtherHost(unlike)
        }
    }
}

/// The registers that differ between two sets of values, except those that identify the vCPU (Linux
/// 7.2, `arch/arm64/kvm/sys_regs.c`, `reset_mpidr`).
#[must_use]
pub fn differing(expected: &RegisterValues, found: &RegisterValues) -> Vec<Difference> {
    differing_where(expected, found, &|_| true)
}

/// The registers that differ between two sets of values, as far as the differences count.
pub(super) fn differing_where(
    expected: &RegisterValues,
    found: &RegisterValues,
    counts: &dyn Fn(&Difference) -> bool,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (register, expected) in expected.iter() {
        let difference = Difference {
            register,
            expected,
            found: found.get(register),
        };
        let differs = difference.found != Some(expected) && !is_of_vcpu(register);
        if differs && counts(&difference) {
            differences.push(difference);
        }
    }
    differences
}

/// True if every vCPU has its own value of the register.
fn is_of_vcpu(register: &RegisterDescription) -> bool {
    let mut fields = register.layout.fields();
    fields.any(|field| field.rule().owner == Some(Owner::Topology))
}

impl PartialEq for Difference {
    fn eq(&self, other: &Self) -> bool {
        self.register.encoding == other.register.encoding
            && (self.expected, self.found) == (other.expected, other.found)
    }
}

impl Eq for Difference {}

/// Shows the register, and the present and the expected value of each field that differs.
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
        for field in register.layout.fields() {
            let (expected, found) = (field.extract(*expected), field.extract(found));
            if expected != found {
                write!(
                    f,
                    "; {} is {}, expected {}",
                    field.name(),
                    field.show(found),
                    field.show(expected)
                )?;
            }
        }
        Ok(())
    }
}
