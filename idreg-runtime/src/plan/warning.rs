//! Warnings about plans that are possible but suspicious.

use super::consistency::{self, Violation};
use crate::description::{RegisterDescription, RegisterField};
use crate::firmware::FirmwareRegister;
use crate::host::{CoreDifference, Host};
use crate::number::Hex;
use crate::text::comma_list;
use core::fmt;

/// A warning about a plan that is possible but suspicious.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The overrides break a rule of the architecture.
    Inconsistent(Violation),
    /// A field gets a value without a name, although other values of the field have names.
    Unnamed {
        /// The field.
        field: RegisterField,
        /// The value.
        value: u64,
    },
    /// Fields that a named model leaves to the host; other hosts may have other values.
    OfHost {
        /// The model's name.
        model: String,
        /// These fields, with the host's values.
        fields: Vec<(RegisterField, u64)>,
    },
    /// The host's own registers contradict each other, without any override.
    HostContradiction(Violation),
    /// A register differs between the host's core types, so the guest's view may depend on the core
    /// that it runs on.
    CoresDiffer(CoreDifference),
    /// The host's registers were not read through KVM: [fields](Host::hidden_fields) that KVM hides
    /// from every guest have values.
    NotOfKvm {
        /// These fields, with their values.
        fields: Vec<(RegisterField, u64)>,
    },
    /// Fields that differ from the guest's view, since they are
    /// [tolerated](crate::tolerance::Tolerance).
    Tolerated(Vec<Tolerated>),
    /// A mitigation on which the guest counts and which the host does not have, since it is
    /// [tolerated](crate::tolerance::Tolerance).
    ToleratedMitigation(ToleratedMitigation),
    /// Facts of a guest's view that could not be compared with the host's, since one of both does
    /// not tell them.
    NotCompared(Vec<&'static str>),
    /// The guest knows nothing of the host's CPUs, so it may lack workarounds for their errata.
    NotAnnounced {
        /// MIDR_EL1 as the guest sees it.
        midr: u64,
        /// MIDR_EL1 of the host's CPUs, each value once.
        host: Vec<u64>,
    },
    /// A warning of a plan that was read from a file.
    Recorded {
        /// The [name](Warning::name) of the warning.
        kind: String,
        /// Its message.
        message: String,
    },
}

/// A field that keeps the host's value although a guest has seen another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerated {
    /// The field.
    pub field: RegisterField,
    /// Its value in the guest's view.
    pub view: u64,
    /// Its value on the host.
    pub host: u64,
}

/// Shows the field with both values.
impl fmt::Display for Tolerated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field.field;
        let (view, host) = (field.show(self.view), field.show(self.host));
        write!(f, "{} from {view} to {host}", self.field)
    }
}

/// A mitigation whose level is lower on the host than in the guest's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToleratedMitigation {
    /// The mitigation's firmware register.
    pub register: FirmwareRegister,
    /// The level in the guest's view.
    pub view: u64,
    /// The host's level, or `None` if its KVM does not have the register.
    pub host: Option<u64>,
}

/// Shows the register with both levels, and the consequence.
impl fmt::Display for ToleratedMitigation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            register,
            view,
            host,
        } = *self;
        let consequence = if register.is_not_required(view) {
            "the guest believes that its CPU needs no mitigation, and on this host it may"
        } else {
            "the guest counts on a call for the mitigation that this host does not offer"
        };
        write!(
            f,
            "{}: the guest has {} and this host {}, as tolerated: {consequence}",
            register.name(),
            register.show(view),
            host.map_or_else(|| "none".to_owned(), |host| register.show(host)),
        )
    }
}

/// Shows the warning in a line.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inconsistent(violation) => violation.fmt(f),
            Self::Unnamed { field, value } => {
                write!(
                    f,
                    "{field}={value:#x}: the value has no name in the description"
                )
            }
            Self::OfHost { model, fields } => {
                write!(f, "{model} leaves these to the host: ")?;
                let (whole, others) = whole_registers(fields);
                for (register, value) in &whole {
                    write!(f, "{}={}, ", register.name, Hex(*value))?;
                }
                of_registers(&others, f)
            }
            Self::HostContradiction(violation) => {
                write!(f, "the host contradicts itself: {violation}")
            }
            Self::CoresDiffer(difference) => difference.fmt(f),
            Self::NotOfKvm { fields } => not_of_kvm(fields, f),
            Self::Tolerated(fields) => write!(
                f,
                "the guest sees fields change, as tolerated: {}",
                comma_list(fields)
            ),
            Self::ToleratedMitigation(mitigation) => mitigation.fmt(f),
            Self::NotCompared(facts) => write!(
                f,
                "unknown on one side, so not compared: {}",
                comma_list(facts)
            ),
            Self::NotAnnounced { midr, host } => {
                let host: Vec<Hex> = host.iter().copied().map(Hex).collect();
                write!(
                    f,
                    "the guest sees MIDR_EL1 {} and was told of no other CPU, while this host has \
                     {}: it may lack workarounds for errata; announce the host's CPUs to the guest",
                    Hex(*midr),
                    comma_list(&host)
                )
            }
            Self::Recorded { message, .. } => f.write_str(message),
        }
    }
}

fn not_of_kvm(fields: &[(RegisterField, u64)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("the host's registers are not those of a KVM guest: ")?;
    of_registers(fields, f)?;
    f.write_str(
        ", which KVM hides; all results are about a machine that no KVM guest sees; read the host \
         through KVM",
    )
}

/// Registers with their values.
type Registers = Vec<(&'static RegisterDescription, u64)>;

/// The registers of which every field is in a list, and the fields of the others.
fn whole_registers(fields: &[(RegisterField, u64)]) -> (Registers, Vec<(RegisterField, u64)>) {
    let has = |field: RegisterField| fields.iter().any(|(listed, _)| *listed == field);
    let mut registers = Registers::new();
    let mut others = Vec::new();
    for (field, value) in fields {
        let RegisterField {
            register,
            field: bits,
        } = *field;
        if !register.fields().all(has) {
            others.push((*field, *value));
            continue;
        }
        match registers.last_mut() {
            Some((last, whole)) if last.encoding == register.encoding => {
                *whole = bits.insert(*whole, *value);
            }
            _ => registers.push((register, bits.insert(0, *value))),
        }
    }
    (registers, others)
}

/// Writes fields with their values: `ID_AA64MMFR2_EL1.EVT=0x1 (IMP)`.
fn of_registers(fields: &[(RegisterField, u64)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, (field, value)) in fields.iter().enumerate() {
        let (register, field) = (field.register.name, field.field);
        let before = if index == 0 { "" } else { ", " };
        write!(
            f,
            "{before}{register}.{}={}",
            field.name(),
            field.show(*value)
        )?;
    }
    Ok(())
}

impl Warning {
    /// The warnings about a host itself, which every plan for it has unless overrides remove their
    /// cause.
    #[must_use]
    pub fn of_host(host: &Host) -> Vec<Self> {
        Self::of_host_beside(host, &[])
    }

    /// The warnings about a host itself, except for fields that a model sets to values that every
    /// core type can honour.
    pub(crate) fn of_host_beside(host: &Host, set: &[RegisterField]) -> Vec<Self> {
        let mut warnings = Vec::new();
        for violation in consistency::contradictions(host.values()) {
            warnings.push(Self::HostContradiction(violation));
        }
        for difference in host.differences_beside(set) {
            warnings.push(Self::CoresDiffer(difference));
        }
        let fields = host.hidden_fields();
        if !fields.is_empty() {
            warnings.push(Self::NotOfKvm { fields });
        }
        warnings
    }

    /// True for what differs from the guest's view as tolerated.
    #[must_use]
    pub const fn is_tolerated(&self) -> bool {
        matches!(self, Self::Tolerated(_) | Self::ToleratedMitigation(_))
    }

    /// A stable name for programs.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Inconsistent(_) => "inconsistent",
            Self::Unnamed { .. } => "unnamed-value",
            Self::OfHost { .. } => "of-host",
            Self::HostContradiction(_) => "host-contradiction",
            Self::CoresDiffer(_) => "cores-differ",
            Self::NotOfKvm { .. } => "not-of-kvm",
            Self::Tolerated(_) => "tolerated",
            Self::ToleratedMitigation(_) => "tolerated-mitigation",
            Self::NotCompared(_) => "not-compared",
            Self::NotAnnounced { .. } => "not-announced",
            Self::Recorded { kind, .. } => kind,
        }
    }
}
