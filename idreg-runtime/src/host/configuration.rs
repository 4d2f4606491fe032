//! The check of a vCPU against the configuration that it is said to have been created with.

use super::ReadError;
use crate::config::options::{CpuOption, OptionSetting};
use crate::config::pmu_counters::{PMCR, PMCR_EL0};
use crate::config::{Gic, VcpuConfig};
use crate::description::RegisterField;
use crate::description::rule::{Owner, Safety};
use crate::encoding::Encoding;
use crate::number::Hex;
use crate::register::FieldValue;
use crate::regs::id_aa64pfr0_el1;
use crate::values::RegisterValues;
use crate::vcpu::{Errno, VcpuRegs};
use core::fmt;

/// A part of the configuration that the vCPU or its VM has otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigurationDifference {
    /// The vCPU was created with the other setting of an option.
    Option {
        /// The option and its setting in the configuration.
        configured: OptionSetting,
        /// The part of the vCPU that shows the other setting.
        shown: OptionEvidence,
    },
    /// The VM has another interrupt controller.
    Gic {
        /// The controller in the configuration.
        configured: Option<Gic>,
        /// The controller that the VM has.
        found: Option<Gic>,
    },
    /// The configuration has a GICv3, and the vCPU shows none.
    NoGicV3 {
        /// The field that shows it.
        field: RegisterField,
    },
    /// The vCPU has SVE vectors above the limit.
    SveLength {
        /// The limit in the configuration, in bits.
        limit: u32,
        /// The vCPU's longest vector, in bits.
        longest: u32,
    },
    /// The vCPU lacks SVE vectors that the host has within the limit.
    SveLengths {
        /// The limit in the configuration, in bits.
        limit: u32,
        /// The vCPU's longest vector, in bits.
        longest: u32,
        /// The host's longest vector within the limit, in bits.
        host: u32,
    },
}

/// The part of a vCPU that shows an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionEvidence {
    /// A field that is zero without the option.
    Field {
        /// The field.
        field: RegisterField,
        /// The field's value, not 0.
        value: u64,
    },
    /// A register that KVM has with the option alone.
    Present {
        /// The register's name.
        register: &'static str,
    },
    /// The absence of a register that KVM has with the option.
    Absent {
        /// The register's name.
        register: &'static str,
    },
    /// The execution state in PSTATE.
    ProcessorState {
        /// PSTATE.
        value: u64,
    },
}

/// A register that a vCPU has if it was created with an option, on every kernel with the option.
///
/// ID registers alone do not decide: on a machine whose cores have different PMUs the version of
/// the PMU is 0 though vCPUs have one (Linux 7.2, `arch/arm64/kernel/cpufeature.c`, an inexact
/// PMUVer becomes 0), and no field tells of a guest hypervisor.
struct Witness {
    owner: Owner,
    register: &'static str,
    encoding: Encoding,
}

/// Linux 6.1 to 7.2, `arch/arm64/kvm/sys_regs.c`: `sve_visibility`, `ptrauth_visibility`,
/// `pmu_visibility`, `mte_visibility` and `el2_visibility`.
const WITNESSES: [Witness; 5] = [
    witness(Owner::Sve, "ZCR_EL1", Encoding::new(3, 0, 1, 2, 0)),
    witness(Owner::Pauth, "APIAKEYLO_EL1", Encoding::new(3, 0, 2, 1, 0)),
    witness(Owner::Pmu, PMCR, PMCR_EL0),
    witness(Owner::Mte, "GCR_EL1", Encoding::new(3, 0, 1, 0, 6)),
    witness(Owner::El2, "HCR_EL2", Encoding::new(3, 4, 1, 1, 0)),
];

const fn witness(owner: Owner, register: &'static str, encoding: Encoding) -> Witness {
    Witness {
        owner,
        register,
        encoding,
    }
}

/// The name of a register by which the options of a vCPU are told apart, such as PMCR_EL0; `None`
/// for any other.
#[must_use]
pub fn option_register_name(register: Encoding) -> Option<&'static str> {
    let mut witnesses = WITNESSES.iter();
    let witness = witnesses.find(|witness| witness.encoding == register);
    witness.map(|witness| witness.register)
}

/// True for a register that a vCPU has because of an option that is on in the configuration.
pub(crate) fn is_of_an_option(config: VcpuConfig, register: Encoding) -> bool {
    let mut witnesses = WITNESSES.iter();
    witnesses.any(|witness| {
        let option = CpuOption::of(witness.owner);
        witness.encoding == register && option.is_some_and(|option| option.is_on(config))
    })
}

/// The options without which a vCPU would not have these registers.
pub(crate) fn shown_options(has: impl Fn(Encoding) -> bool) -> VcpuConfig {
    let mut config = VcpuConfig::new();
    for witness in WITNESSES.iter().filter(|witness| has(witness.encoding)) {
        match witness.owner {
            Owner::Sve => config.sve = true,
            Owner::Pauth => config.pauth = true,
            Owner::Pmu => config.pmu = true,
            Owner::Mte => config.mte = true,
            Owner::El2 => config.el2 = true,
            Owner::Gic | Owner::Topology => {}
        }
    }
    config
}

/// Compares a vCPU that has not run, and whose registers have these values, with a configuration.
///
/// Registers cannot tell the execution state at EL1, the vector lengths, and a VM with a GICv2 or
/// without a GIC from one with a GICv3: KVM shows a GICv3 until the first run.
///
/// # Errors
///
/// [`ReadError`] if a register that decides cannot be read.
pub(crate) fn differences(
    config: VcpuConfig,
    values: &RegisterValues,
    vcpu: &impl VcpuRegs,
) -> Result<Vec<ConfigurationDifference>, ReadError> {
    let mut differences = Vec::new();
    for witness in &WITNESSES {
        let Some(option) = CpuOption::of(witness.owner) else {
            continue;
        };
        let configured = OptionSetting::of(option, config);
        let shown = shown_by_field(witness.owner, values);
        let shown = match (configured.on, shown) {
            (true, Some(_)) => continue,
            (false, Some(evidence)) => evidence,
            (on, None) => match (on, has(vcpu, witness)?) {
                (true, false) => OptionEvidence::Absent {
                    register: witness.register,
                },
                (false, true) => OptionEvidence::Present {
                    register: witness.register,
                },
                _ => continue,
            },
        };
        differences.push(ConfigurationDifference::Option { configured, shown });
    }
    let field = id_aa64pfr0_el1::Gic::FIELD;
    if config.gic == Some(Gic::V3) && values.field(field) == Some(0) {
        differences.push(ConfigurationDifference::NoGicV3 { field });
    }
    Ok(differences)
}

/// A field that is not zero, of those that the option sets and that are zero without it.
///
/// A negative value means that nothing is there: on machines with synchronous tag faults alone,
/// kernels before 6.16 show MTE_frac 0xf without the option too.
fn shown_by_field(owner: Owner, values: &RegisterValues) -> Option<OptionEvidence> {
    let decides = |field: &RegisterField| {
        let rule = field.field.rule();
        (rule.owner, rule.needs) == (Some(owner), Some(owner)) && rule.safety != Safety::SignedLower
    };
    let mut fields = values.description().fields().filter(decides);
    fields.find_map(|field| {
        let value = values.field(field).filter(|value| *value != 0)?;
        Some(OptionEvidence::Field { field, value })
    })
}

fn has(vcpu: &impl VcpuRegs, witness: &Witness) -> Result<bool, ReadError> {
    match vcpu.get(witness.encoding) {
        Ok(_) => Ok(true),
        Err(Errno::ENOENT) => Ok(false),
        Err(source) => Err(ReadError {
            register: witness.register,
            source,
        }),
    }
}

/// Shows the part, both sides, and the two remedies.
impl fmt::Display for ConfigurationDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Option { configured, shown } => write!(
                f,
                "the configuration has {configured}, but the vCPU {shown}: use a configuration \
                 with {}, or a vCPU that was created with {configured}",
                configured.opposite()
            ),
            Self::Gic { configured, found } => write!(
                f,
                "the configuration has {}, but the VM has {}: use a configuration with {}, or \
                 read after the VM has {}",
                Controller(configured),
                Controller(found),
                Controller(found),
                Controller(configured),
            ),
            Self::NoGicV3 { field } => write!(
                f,
                "the configuration has {}, but the vCPU shows {field}=0x0: use a configuration \
                 with {} or with {}, or a VM with a GICv3",
                Controller(Some(Gic::V3)),
                Controller(Some(Gic::V2)),
                Controller(None),
            ),
            Self::SveLength { limit, longest } => write!(
                f,
                "the configuration limits SVE vectors to {limit} bits, but the vCPU has {longest}: \
                 use a configuration with this limit, or limit the vCPU before it is finalised"
            ),
            Self::SveLengths {
                limit,
                longest,
                host,
            } => write!(
                f,
                "the configuration limits SVE vectors to {limit} bits, but the vCPU has only \
                 {longest} of the host's {host}: use a configuration with this limit, or a vCPU \
                 with the limit {limit}"
            ),
        }
    }
}

/// Shows `a GICv3` or `no in-kernel GIC`.
struct Controller(Option<Gic>);

impl fmt::Display for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(gic) => write!(f, "a {gic}"),
            None => f.write_str("no in-kernel GIC"),
        }
    }
}

impl fmt::Display for OptionEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Field { field, value } => write!(f, "shows {field}={}", field.field.show(value)),
            Self::Present { register } => {
                write!(f, "has {register}, which exists with the option alone")
            }
            Self::Absent { register } => {
                write!(f, "has no {register}, which exists with the option")
            }
            Self::ProcessorState { value } => write!(f, "starts with PSTATE {}", Hex(value)),
        }
    }
}
