//! Firecracker: custom CPU templates and the dumps of `cpu-template-helper`.
//!
//! A template changes bits of registers, by the ids of `KVM_SET_ONE_REG`, and bits of the features
//! that vCPUs are created with (Firecracker 1.16, `docs/cpu_templates/schema.json`,
//! `cpu_config/aarch64/custom_cpu_template.rs`). It has no names and no comments.

mod dump;
#[cfg(feature = "serde")]
mod file;
mod read;

pub use self::dump::{Fingerprint, InvalidDump};
#[cfg(feature = "serde")]
pub use self::file::Document;
pub use self::read::TemplateModel;

use super::{Exported, ExportedGuest, Unsaid};
use crate::config::VcpuConfig;
use crate::config::options::{CpuOption, OptionSetting};
use crate::description::RegisterDescription;
use crate::encoding::Encoding;
use crate::plan::Plan;
use crate::regs::{AidrEl1, ClidrEl1, MidrEl1, RevidrEl1};
use crate::values::RegisterValues;
use core::fmt;

/// A custom CPU template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// The capabilities that KVM is asked for, by number; with `!` those that are not asked for.
    pub capabilities: Vec<String>,
    /// The changes of vCPU features.
    pub features: Vec<FeatureModifier>,
    /// The changes of registers.
    pub registers: Vec<RegisterModifier>,
}

/// A change of bits in a word of the features of `KVM_ARM_VCPU_INIT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureModifier {
    /// The number of the word, of 32 bits.
    pub index: u32,
    /// The bits.
    pub bits: Bitmap,
}

/// A change of bits in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterModifier {
    /// The register's id in `KVM_SET_ONE_REG`.
    pub id: u64,
    /// The bits.
    pub bits: Bitmap,
}

/// Bits that are set to 0 or 1; all others stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bitmap {
    /// The bits that are set.
    pub filter: u128,
    /// Their values; 0 outside of the filter.
    pub value: u128,
}

/// The maximum number of bits in a bitmap, and the number that `cpu-template-helper` writes.
pub const MOST_BITS: u32 = 128;

/// The vCPU features that a template must leave as they are: `POWER_OFF`, `EL1_32BIT`, `PSCI_0_2`
/// and `PMU_V3`, bits 0 to 3.
const KEPT_FEATURES: u32 = 0xf;

const NO_PMU: &str = "Firecracker makes vCPUs without a PMU";
const NO_OPTION: &str = "a template cannot express it";
const NO_LIMIT: &str = "a template cannot set KVM_REG_ARM64_SVE_VLS, which has 512 bits";
const NO_CAPABILITY: &str = "Firecracker does not enable KVM_CAP_ARM_WRITABLE_IMP_ID_REGS";
const OWN_CACHES: &str = "Firecracker writes the register itself";

/// Writes a template that makes a guest from Firecracker's vCPUs on the host, as JSON.
///
/// ```
/// # let host: idreg_runtime::Host =
/// #     serde_json::from_str(include_str!("../../data/hosts/neoverse-n1-latest.json"))?;
/// use idreg_runtime::formats::{ExportedGuest, firecracker};
/// use idreg_runtime::plan::Plan;
///
/// let plan = Plan::new(&host, &"host,pmu=off,SYSREG_ID_AA64ISAR0_EL1_DP=0".parse()?)?;
/// let exported = firecracker::template(ExportedGuest { host: &host, plan: &plan });
/// assert!(exported.text.contains("\"addr\": \"0x603000000013c030\""));
/// assert_eq!(exported.unsaid, []);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn template(guest: ExportedGuest<'_>) -> Exported {
    let (template, unsaid) = Template::new(guest.plan);
    let text = format!("{template}\n");
    Exported { text, unsaid }
}

impl Template {
    /// The template for a plan, and the parts of the guest that it does not express.
    #[must_use]
    pub fn new(plan: &Plan) -> (Self, Vec<Unsaid>) {
        let mut unsaid = unsaid_options(plan.config());
        let mut template = Self {
            features: vec![features(plan.config())],
            ..Self::default()
        };
        for change in plan.changes() {
            if let Some(reason) = not_settable(change.field.register) {
                unsaid.push(Unsaid::field(change.field, change.new, reason));
                continue;
            }
            let mask = change.field.field.mask();
            let value = change.field.field.insert(0, change.new);
            template.set(change.field.register.encoding.kvm_id(), mask, value);
        }
        template.registers.sort_by_key(|modifier| modifier.id);
        (template, unsaid)
    }

    fn set(&mut self, id: u64, filter: u64, value: u64) {
        let bits = Bitmap {
            filter: u128::from(filter),
            value: u128::from(value),
        };
        let mut present = self.registers.iter_mut();
        match present.find(|modifier| modifier.id == id) {
            Some(modifier) => {
                modifier.bits.filter |= bits.filter;
                modifier.bits.value |= bits.value;
            }
            None => self.registers.push(RegisterModifier { id, bits }),
        }
    }

    /// Applies the changes of registers, as Firecracker does; returns the ids that are no registers
    /// of these values.
    pub fn apply(&self, values: &mut RegisterValues) -> Vec<u64> {
        let mut others = Vec::new();
        for RegisterModifier { id, bits } in &self.registers {
            let mut known = values.description().registers.iter();
            let register = known.find(|register| register.encoding.kvm_id() == *id);
            match register.and_then(|register| Some((register, values.get(register)?))) {
                Some((register, value)) => values.set(register, bits.apply(value)),
                None => others.push(*id),
            }
        }
        others
    }
}

impl Bitmap {
    /// The value after the change.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the bits above 64 are not in a register of 64 bits"
    )]
    pub const fn apply(self, value: u64) -> u64 {
        value & !(self.filter as u64) | self.value as u64
    }
}

/// The features that the options set or clear; all others stay.
fn features(config: VcpuConfig) -> FeatureModifier {
    let all = VcpuConfig::new().with_sve(true).with_pauth(true);
    let filter = all.features() & !KEPT_FEATURES;
    let bits = Bitmap {
        filter: u128::from(filter),
        value: u128::from(config.features() & filter),
    };
    FeatureModifier { index: 0, bits }
}

fn unsaid_options(config: VcpuConfig) -> Vec<Unsaid> {
    let mut unsaid = Vec::new();
    for option in CpuOption::SWITCHES {
        let setting = OptionSetting::of(option, config);
        let reason = match option {
            CpuOption::Pmu if setting.on => NO_PMU,
            CpuOption::Mte | CpuOption::El2 if setting.on => NO_OPTION,
            CpuOption::Aarch64 if !setting.on => NO_OPTION,
            _ => continue,
        };
        unsaid.push(Unsaid::new(setting, reason));
    }
    if let Some(bits) = config.sve_limit.filter(|_| config.sve) {
        let option = CpuOption::SveLength(bits);
        unsaid.push(Unsaid::new(OptionSetting { option, on: true }, NO_LIMIT));
    }
    unsaid
}

fn not_settable(register: &RegisterDescription) -> Option<&'static str> {
    const IMPLEMENTATION: [Encoding; 3] =
        [MidrEl1::ENCODING, RevidrEl1::ENCODING, AidrEl1::ENCODING];
    if register.encoding == ClidrEl1::ENCODING {
        return Some(OWN_CACHES);
    }
    let is_implementation = IMPLEMENTATION.contains(&register.encoding);
    is_implementation.then_some(NO_CAPABILITY)
}

/// Shows the template as JSON.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{\n")?;
        if !self.capabilities.is_empty() {
            list(
                "kvm_capabilities",
                &self.capabilities,
                f,
                |capability, f| write!(f, "{capability:?}"),
            )?;
            f.write_str(",\n")?;
        }
        list("vcpu_features", &self.features, f, |modifier, f| {
            let FeatureModifier { index, bits } = modifier;
            write!(
                f,
                "{{ \"index\": {index}, \"bitmap\": \"{}\" }}",
                Bits(*bits, 32)
            )
        })?;
        f.write_str(",\n")?;
        list("reg_modifiers", &self.registers, f, |modifier, f| {
            let RegisterModifier { id, bits } = modifier;
            let bits = Bits(*bits, MOST_BITS);
            write!(
                f,
                "{{\n      \"addr\": \"{id:#x}\",\n      \"bitmap\": \"{bits}\"\n    }}"
            )
        })?;
        f.write_str("\n}")
    }
}

fn list<T>(
    name: &str,
    items: &[T],
    f: &mut fmt::Formatter<'_>,
    show: impl Fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    write!(f, "  \"{name}\": [")?;
    let mut separator = "\n    ";
    for item in items {
        f.write_str(separator)?;
        show(item, f)?;
        separator = ",\n    ";
    }
    f.write_str(if items.is_empty() { "]" } else { "\n  ]" })
}

/// A bitmap with the number of its digits.
struct Bits(Bitmap, u32);

/// Shows `0b`, and for each bit `0`, `1` or `x`.
impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Bitmap { filter, value }, width) = self;
        f.write_str("0b")?;
        for bit in (0..*width).rev() {
            f.write_str(match (filter >> bit & 1, value >> bit & 1) {
                (0, _) => "x",
                (_, 0) => "0",
                _ => "1",
            })?;
        }
        Ok(())
    }
}
