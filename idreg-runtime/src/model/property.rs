//! Properties: the one namespace of the overrides that a CPU model takes.

use crate::config::options::{CpuOption, sve_lengths};
use crate::description::feature::{FEATURE_PREFIX, FeatureDescription};
use crate::description::{Description, RegisterDescription, RegisterField};
use crate::likeness::{LONGEST_NAME, Likeness};
use crate::regs::{AidrEl1, MidrEl1, RevidrEl1};
use core::fmt;

/// The word that makes inconsistencies errors.
pub const ENFORCE: &str = "enforce";

/// The number of event counters of the PMU.
pub const PMU_COUNTERS: &str = "pmu-counters";

/// A property of a CPU model, found by its name.
///
/// ```
/// use idreg_runtime::config::options::CpuOption;
/// use idreg_runtime::model::property::{Property, PropertyType};
/// use idreg_runtime::regs::DESCRIPTION;
///
/// let midr = Property::find(&DESCRIPTION, "midr").ok_or("no such property")?;
/// assert_eq!((midr.value_type(), midr.to_string()), (PropertyType::Number, "midr".to_owned()));
/// let sve = Property::find(&DESCRIPTION, "sve256").ok_or("no such property")?;
/// assert!(matches!(sve, Property::Option(CpuOption::SveLength(256))));
/// assert_eq!(Property::nearest(&DESCRIPTION, "FEAT_DotProdd").as_deref(), Some("FEAT_DotProd"));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Property {
    /// A field: `SYSREG_<REGISTER>_<FIELD>`.
    Field(RegisterField),
    /// A feature of the architecture: `FEAT_<NAME>`.
    Feature(FeatureDescription),
    /// An option of the vCPU.
    Option(CpuOption),
    /// A register that is set as a whole: `midr`, `revidr` or `aidr`.
    Register(&'static RegisterDescription),
    /// The number of event counters of the PMU: `pmu-counters`.
    PmuCounters,
    /// The word `enforce`.
    Enforce,
}

/// The type of a property's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PropertyType {
    /// `on` or `off`.
    Switch,
    /// A number.
    Number,
}

impl Property {
    /// The property of this name, or `None` if there is no such property.
    #[must_use]
    pub fn find(description: &Description, name: &str) -> Option<Self> {
        if let Some(field) = description.property(name) {
            return Some(Self::Field(field));
        }
        if name.starts_with(FEATURE_PREFIX) {
            return description.feature(name).map(Self::Feature);
        }
        if let Ok(option) = name.parse() {
            return Some(Self::Option(option));
        }
        match name {
            PMU_COUNTERS => return Some(Self::PmuCounters),
            ENFORCE => return Some(Self::Enforce),
            _ => {}
        }
        let full_name = WHOLE_REGISTERS
            .into_iter()
            .find(|full| is_short_name(full, name))?;
        description.register(full_name).map(Self::Register)
    }

    /// Every property of a description: options, `pmu-counters`, `enforce`, whole registers,
    /// features and fields.
    pub fn all(description: &'static Description) -> impl Iterator<Item = Self> {
        let lengths = sve_lengths().map(CpuOption::SveLength);
        let options = CpuOption::SWITCHES.into_iter().chain(lengths);
        let registers = whole_registers(description).map(Self::Register);
        let features = description.features.iter().map(Self::Feature);
        let fields = description.fields().map(Self::Field);
        options
            .map(Self::Option)
            .chain([Self::PmuCounters, Self::Enforce])
            .chain(registers)
            .chain(features)
            .chain(fields)
    }

    /// The name that is most like one that does not exist, or `None` if no name is near.
    ///
    /// Case and a missing prefix do not count. Without the feature `suggestions` only names that
    /// differ in these are found.
    #[must_use]
    pub fn nearest(description: &Description, name: &str) -> Option<String> {
        if name.len() > LONGEST_NAME {
            return None;
        }
        let mut likeness = Likeness::to(name);
        let mut nearest = None;
        let compare: &mut dyn FnMut(String) = &mut |known| {
            if likeness.is_highest(&known) {
                nearest = Some(known);
            }
        };
        for field in description.fields() {
            compare(field.to_string());
        }
        for feature in description.features.iter() {
            compare(feature.name().to_owned());
        }
        for option in CpuOption::SWITCHES {
            compare(option.to_string());
        }
        for register in whole_registers(description) {
            compare(short_name(register));
        }
        compare(PMU_COUNTERS.to_owned());
        compare(ENFORCE.to_owned());
        nearest
    }

    /// The name of a register that is most like one that does not exist, by the rules of
    /// [`nearest`](Self::nearest), or `None` if no name is near.
    #[must_use]
    pub fn nearest_register(description: &Description, name: &str) -> Option<String> {
        if name.len() > LONGEST_NAME {
            return None;
        }
        let mut likeness = Likeness::to(name);
        let mut nearest = None;
        for register in description.registers {
            if likeness.is_highest(register.name) {
                nearest = Some(register.name.to_owned());
            }
        }
        nearest
    }

    /// The type of the property's value.
    #[must_use]
    pub const fn value_type(&self) -> PropertyType {
        match self {
            Self::Field(_) | Self::Register(_) | Self::PmuCounters => PropertyType::Number,
            Self::Feature(_) | Self::Option(_) | Self::Enforce => PropertyType::Switch,
        }
    }
}

/// The registers that models set as a whole.
const WHOLE_REGISTERS: [&str; 3] = [MidrEl1::NAME, RevidrEl1::NAME, AidrEl1::NAME];

/// The registers that models set as a whole, as far as a description has them.
fn whole_registers(
    description: &Description,
) -> impl Iterator<Item = &'static RegisterDescription> {
    let names = WHOLE_REGISTERS.into_iter();
    names.filter_map(|name| description.register(name))
}

/// True if a name is the property of a register that is set as a whole.
fn is_short_name(register: &str, name: &str) -> bool {
    let short = register.strip_suffix("_EL1").unwrap_or(register);
    let lower_case = short.bytes().map(|byte| byte.to_ascii_lowercase());
    lower_case.eq(name.bytes())
}

/// The property of a register that is set as a whole, or `None` for any other register.
pub(crate) fn whole_register(register: &RegisterDescription) -> Option<String> {
    let whole = [MidrEl1::NAME, RevidrEl1::NAME, AidrEl1::NAME];
    whole.contains(&register.name).then(|| short_name(register))
}

/// The property of a register that is set as a whole, such as `midr` for MIDR_EL1.
pub(crate) fn short_name(register: &RegisterDescription) -> String {
    let name = register.name;
    let name = name.strip_suffix("_EL1").unwrap_or(name);
    name.to_ascii_lowercase()
}

/// Shows the name.
impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => field.fmt(f),
            Self::Feature(feature) => f.write_str(feature.name()),
            Self::Option(option) => option.fmt(f),
            Self::Register(register) => f.write_str(&short_name(register)),
            Self::PmuCounters => f.write_str(PMU_COUNTERS),
            Self::Enforce => f.write_str(ENFORCE),
        }
    }
}
