//! The messages of the reasons why a guest cannot run on a host.

use super::Incompatibility;
use crate::config::pmu_counters::CounterObstacle;
use crate::config::{Gic, GicObstacle};
use crate::description::RegisterField;
use crate::description::rule::Owner;
use crate::firmware::{FirmwareObstacle, FirmwareRegister};
use crate::host::Obstacle;
use crate::number::Hex;
use crate::text::{alternatives, comma_list};
use core::fmt;

/// Shows what the guest has, what the host has, and why KVM cannot make them equal, in one line.
impl fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCapability { .. }
            | Self::NotRead { .. }
            | Self::Gic { .. }
            | Self::VectorLengths { .. }
            | Self::PmuCounters { .. } => self.configuration(f),
            Self::Field { .. } | Self::NoRegister { .. } | Self::OtherBits { .. } => {
                self.register(f)
            }
            Self::ImpliesIdc { .. } | Self::CacheLine { .. } => self.caches(f),
            Self::TimerFrequency { .. }
            | Self::PhysicalAddressBits { .. }
            | Self::GicIdentity { .. }
            | Self::Firmware { .. }
            | Self::OtherCpu { .. } => self.machine(f),
        }
    }
}

impl Incompatibility {
    /// Writes a reason of the configuration of the vCPUs.
    fn configuration(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCapability {
                setting,
                capability,
            } => write!(
                f,
                "{setting}: the guest's vCPUs have it, and this host's KVM does not support it (no \
                 {capability})"
            ),
            Self::NotRead { read_with } => write!(
                f,
                "{wanted}: the guest's vCPUs have it, and the host was read with {read_with}, so \
                 its registers are unknown; read the host with {wanted}",
                wanted = read_with.opposite()
            ),
            Self::Gic { view, host } => write!(
                f,
                "the guest has {}, and the host was read with {}; read the host with the guest's, \
                 if its KVM has it",
                gic(*view),
                gic(*host)
            ),
            Self::VectorLengths { view, host } => write!(
                f,
                "the guest has SVE vectors of {} bits, and the host of {}; a guest has every \
                 length of its host up to a maximum",
                comma_list(view),
                comma_list(host)
            ),
            Self::PmuCounters {
                view,
                host,
                obstacle,
                kernel,
            } => counters(*view, *host, *obstacle, kernel, f),
            _ => Ok(()),
        }
    }

    /// Writes a reason of a register.
    fn register(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field {
                field,
                view,
                host,
                allowed,
                obstacle,
                kernel,
            } => {
                let (view, host) = (field.field.show(*view), field.field.show(*host));
                write!(f, "{field}: the guest has {view} and this host {host}, ")?;
                match obstacle {
                    Obstacle::Above | Obstacle::Below | Obstacle::Inexact | Obstacle::Refused => {
                        write!(f, "which allows {}", alternatives(allowed))
                    }
                    other => fixed(*other, *field, kernel, f),
                }
            }
            Self::NoRegister { register, view } => write!(
                f,
                "{register}: the guest has {}, and this host's KVM does not have the register",
                Hex(*view)
            ),
            Self::OtherBits {
                register,
                view,
                host,
            } => write!(
                f,
                "{register}: the bits that no field has are {} in the guest and {} on this host, \
                 and KVM keeps the host's",
                Hex(*view),
                Hex(*host)
            ),
            _ => Ok(()),
        }
    }

    /// Writes a reason of the caches of a vCPU.
    fn caches(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ImpliesIdc { vcpu, clidr } => write!(
                f,
                "vCPU {vcpu}: CLIDR_EL1 {} tells the guest that it need not clean its data cache \
                 for instructions, but on this host it must (CTR_EL0.IDC is 0)",
                Hex(*clidr)
            ),
            Self::CacheLine {
                vcpu,
                selection,
                view,
                host,
            } => write!(
                f,
                "vCPU {vcpu}: CCSIDR_EL1 of CSSELR_EL1 {selection} has lines of {view} bytes, and \
                 this host's are {host} bytes; KVM refuses shorter lines"
            ),
            _ => Ok(()),
        }
    }

    /// Writes a reason of the machine around the vCPUs.
    fn machine(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimerFrequency { view, host } => write!(
                f,
                "the guest's timer counts at {view} Hz and this host's at {host} Hz, which no VMM \
                 can change"
            ),
            Self::PhysicalAddressBits { view, host } => write!(
                f,
                "the guest's physical addresses have {view} bits, and a VM of this host at most \
                 {host}"
            ),
            Self::GicIdentity {
                register,
                view,
                host,
                obstacle,
            } => write!(
                f,
                "{register}: the guest has {view:#010x} and this host {host:#010x}, {}",
                gic_obstacle(*obstacle)
            ),
            Self::Firmware {
                register,
                view,
                host,
                obstacle,
            } => firmware(*register, *view, *host, *obstacle, f),
            Self::OtherCpu { host, told } => write!(
                f,
                "this host has a CPU with {host}, and the guest was told that it runs on {}",
                comma_list(told)
            ),
            _ => Ok(()),
        }
    }
}

/// Writes the reason why a host cannot give a guest its number of event counters, and the models of
/// guests that can run on both hosts.
fn counters(
    view: u32,
    host: u32,
    obstacle: CounterObstacle,
    kernel: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write!(
        f,
        "the guest's PMU has {view} event counters and this host's {host}, "
    )?;
    match obstacle {
        CounterObstacle::Fixed => write!(
            f,
            "and kernel {kernel} does not keep another number (Linux 6.7 does); a guest with \
             pmu=off can run on both"
        ),
        CounterObstacle::El2 => f.write_str(
            "which KVM does not lower for a guest with EL2; a guest with pmu=off can run on both",
        ),
        CounterObstacle::More | CounterObstacle::Unknown => write!(
            f,
            "which KVM does not raise; a guest with pmu-counters={host} or pmu=off can run on both"
        ),
    }
}

/// Writes the reason why a field keeps the host's value.
fn fixed(
    obstacle: Obstacle,
    field: RegisterField,
    kernel: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match obstacle {
        Obstacle::ImplementationId => f.write_str(
            "whose KVM does not allow changes of the registers that identify the implementation \
             (no KVM_CAP_ARM_WRITABLE_IMP_ID_REGS)",
        ),
        Obstacle::Owned(Owner::Gic) => {
            f.write_str("whose KVM sets this field from the VM's interrupt controller")
        }
        Obstacle::Without(owner) => write!(
            f,
            "where the field reads as zero while the option {} is off",
            owner.name()
        ),
        _ => match field.field.rule().owner.and_then(Owner::option) {
            Some(option) => write!(
                f,
                "with the same setting of the option {option}: the CPUs or kernels differ, and \
                 kernel {kernel} does not allow changes of this field"
            ),
            None => write!(
                f,
                "whose kernel {kernel} does not allow changes of {}.{}",
                field.register.name,
                field.field.name()
            ),
        },
    }
}

/// Writes the reason why KVM refuses the guest's value of a firmware register.
fn firmware(
    register: FirmwareRegister,
    view: u64,
    host: Option<u64>,
    obstacle: FirmwareObstacle,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let name = register.name();
    write!(f, "{name}: the guest has {}, ", register.show(view))?;
    let of_host = register.show(host.unwrap_or(0));
    match obstacle {
        FirmwareObstacle::Absent => f.write_str("and this host's KVM does not have the register"),
        FirmwareObstacle::Newer => write!(
            f,
            "and this host's KVM at most {of_host}; a guest that starts with \
             `--firmware {name}={of_host}` fits both"
        ),
        FirmwareObstacle::NoVersion => f.write_str("which no vCPU with PSCI 0.2 or newer has"),
        FirmwareObstacle::Unprotected => write!(
            f,
            "and this host {of_host}: the guest counts on a protection that this host does not have"
        ),
        FirmwareObstacle::NoLevel => f.write_str("which is no level of this workaround"),
        FirmwareObstacle::Services(bits) => write!(
            f,
            "of which this host's KVM does not have the services {bits:#x}"
        ),
    }
}

const fn gic_obstacle(obstacle: GicObstacle) -> &'static str {
    match obstacle {
        GicObstacle::Other => "and KVM changes only the revision in bits 15:12",
        GicObstacle::Newer => "which has no revision above its own in bits 15:12",
        GicObstacle::Lacks => "which lacks features of the guest's GIC",
        GicObstacle::Fixed => "of which KVM switches off nASSGIcap, bit 8, alone",
    }
}

fn gic(gic: Option<Gic>) -> &'static str {
    match gic {
        Some(Gic::V2) => "a GICv2",
        Some(Gic::V3) => "a GICv3",
        None => "no interrupt controller in the kernel",
    }
}
