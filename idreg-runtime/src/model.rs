//! What a guest shall see: a base and overrides, as asked, before any host has a say in it.

use crate::number::{self, InvalidNumber};
use crate::register::FieldValue;
use core::fmt;
use core::str::FromStr;

/// A CPU model: what the host has, but for some overrides.
///
/// The text form is QEMU's: `host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0`. The same with types:
///
/// ```
/// use idreg_runtime::model::CpuModel;
/// use idreg_runtime::regs::id_aa64isar0_el1::Dp;
///
/// let mut model = CpuModel::host();
/// model.set(Dp::NI);
/// assert_eq!(model, "host,SYSREG_ID_AA64ISAR0_EL1_DP=0".parse()?);
/// assert_eq!(model.to_string(), "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0");
/// # Ok::<(), idreg_runtime::model::UnknownModel>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuModel {
    overrides: Vec<Override>,
}

/// One override as it was asked for; whether it can be had is a [`Plan`](crate::plan::Plan)'s business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The property's name as given.
    pub property: String,
    /// The value, or what was given instead of one.
    pub value: Result<u64, InvalidValue>,
}

/// What was given in place of a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidValue {
    /// No `=` after the property's name.
    #[error("no value given: the form is `PROPERTY=VALUE`")]
    Missing,
    /// Something that is not a number.
    #[error(transparent)]
    NotANumber(#[from] InvalidNumber),
}

/// The first word of a model is no model's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no CPU model `{name}`: it is `host`, or `host,PROPERTY=VALUE,...`")]
pub struct UnknownModel {
    /// The word given.
    pub name: String,
}

impl CpuModel {
    /// Everything as on the host.
    #[must_use]
    pub fn host() -> Self {
        Self::default()
    }

    /// Asks for a field's value, in place of what was asked for it before.
    pub fn set<F: FieldValue>(&mut self, value: F) -> &mut Self {
        self.set_property(F::FIELD.to_string(), value.bits())
    }

    /// Asks for a property's value by name, in place of what was asked for it before.
    pub fn set_property(&mut self, property: impl Into<String>, value: u64) -> &mut Self {
        let property = property.into();
        self.overrides.retain(|asked| asked.property != property);
        self.overrides.push(Override {
            property,
            value: Ok(value),
        });
        self
    }

    /// The overrides in the order they were given.
    #[must_use]
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }
}

/// Reads `host` or `custom`, and overrides after it.
///
/// A malformed or repeated override is no error here, so that all that is wrong with a model is said
/// at once, by its plan.
impl FromStr for CpuModel {
    type Err = UnknownModel;

    fn from_str(text: &str) -> Result<Self, UnknownModel> {
        let mut parts = text.split(',');
        // `custom` was this model's name in the first proposal to QEMU.
        match parts.next() {
            Some("host" | "custom") => {}
            name => {
                return Err(UnknownModel {
                    name: name.unwrap_or("").to_owned(),
                });
            }
        }
        Ok(Self {
            overrides: parts.map(Override::parse).collect(),
        })
    }
}

impl Override {
    fn parse(text: &str) -> Self {
        let (property, value) = match text.split_once('=') {
            Some((property, "")) => (property, Err(InvalidValue::Missing)),
            Some((property, value)) => (property, number::parse(value).map_err(Into::into)),
            None => (text, Err(InvalidValue::Missing)),
        };
        Self {
            property: property.to_owned(),
            value,
        }
    }
}

/// Shows the text form, numbers in hexadecimal.
impl fmt::Display for CpuModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("host")?;
        self.overrides
            .iter()
            .try_for_each(|asked| write!(f, ",{asked}"))
    }
}

/// Shows `PROPERTY=0x1`, or what was given.
impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Ok(value) => write!(f, "{}={value:#x}", self.property),
            Err(InvalidValue::Missing) => f.write_str(&self.property),
            Err(InvalidValue::NotANumber(error)) => write!(f, "{}={}", self.property, error.text),
        }
    }
}
