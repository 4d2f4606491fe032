//! The text form of CPU models.

use super::model_name::is_full_name;
#[cfg(feature = "models")]
use super::named::Models;
use super::property::{ENFORCE, PMU_COUNTERS};
use super::{Base, CpuModel, InvalidValue, Override, Setting, UnknownModel};
use crate::number::{self, InvalidNumber};
use crate::text::{on_off, parse_on_off};
use core::fmt;
use core::str::FromStr;

impl CpuModel {
    /// Reads a model's text from a record, such as a file about a guest: a named model that is not
    /// one of this crate stays [unknown](Base::Unknown), with its name.
    ///
    /// [`resolved`](Self::resolved) gives it its values. Without them there is no plan for it.
    ///
    /// # Errors
    ///
    /// [`UnknownModel`] if no model can have the name with its version.
    pub fn recorded(text: &str) -> Result<Self, UnknownModel> {
        Self::parse_with(text, &|name| {
            let unknown = || Self {
                base: Base::Unknown(name.to_owned()),
                ..Self::default()
            };
            of_this_crate(name).or_else(|| is_full_name(name).then(unknown))
        })
    }

    /// Reads a model's text, with a function that finds models other than the host by name.
    pub(super) fn parse_with(
        text: &str,
        find: &dyn Fn(&str) -> Option<Self>,
    ) -> Result<Self, UnknownModel> {
        let mut parts = text.split(',');
        let base = match parts.next().unwrap_or("") {
            // `custom` was this model's name in the first proposal to QEMU.
            "host" | "custom" => Base::Host,
            name => match find(name) {
                Some(model) => model.base,
                None => {
                    let name = name.to_owned();
                    return Err(UnknownModel { name });
                }
            },
        };
        let mut overrides = Vec::new();
        for part in parts {
            overrides.push(Override::parse(part));
        }
        let mut given = overrides.iter().filter_map(Override::enforce);
        let enforce = match (given.next(), given.next()) {
            (Some(enforce), None) => Some(enforce),
            // A word that is given twice stays among the overrides, and the plan rejects it.
            _ => None,
        };
        let mut words = overrides.iter();
        if let (Some(_), Some(word)) = (enforce, words.position(|word| word.enforce().is_some())) {
            overrides.remove(word);
        }
        Ok(Self {
            base,
            overrides,
            enforce: enforce.unwrap_or(false),
        })
    }
}

/// The named model of this crate with a name.
#[cfg(feature = "models")]
fn of_this_crate(name: &str) -> Option<CpuModel> {
    let model = Models::of_this_crate().get(name);
    model.cloned().map(CpuModel::named)
}

#[cfg(not(feature = "models"))]
fn of_this_crate(_: &str) -> Option<CpuModel> {
    None
}

/// Reads `host`, `custom` or a named model of this crate, followed by overrides.
/// [`Models::parse`](super::named::Models::parse) reads models of users too.
///
/// A malformed or repeated override is not an error here, so that the plan reports everything that
/// is wrong with a model at once.
impl FromStr for CpuModel {
    type Err = UnknownModel;

    fn from_str(text: &str) -> Result<Self, UnknownModel> {
        Self::parse_with(text, &of_this_crate)
    }
}

impl Override {
    fn parse(text: &str) -> Self {
        if text == ENFORCE {
            return Self {
                property: text.to_owned(),
                value: Ok(Setting::Switch(true)),
            };
        }
        let (property, value) = match text.split_once('=') {
            Some((property, "")) => (property, Err(InvalidValue::Missing)),
            Some((property, value)) => (property, value.parse().map_err(InvalidValue::NotANumber)),
            None => (text, Err(InvalidValue::Missing)),
        };
        Self {
            property: property.to_owned(),
            value,
        }
    }
}

/// Reads `on`, `off` or a number.
impl FromStr for Setting {
    type Err = InvalidNumber;

    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        match parse_on_off(text) {
            Some(on) => Ok(Self::Switch(on)),
            None => Ok(Self::Number(number::parse(text)?)),
        }
    }
}

/// Shows the text form, the numbers of fields and registers in hexadecimal.
impl fmt::Display for CpuModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)?;
        self.overrides
            .iter()
            .try_for_each(|asked| write!(f, ",{asked}"))?;
        if self.enforce {
            write!(f, ",{ENFORCE}")?;
        }
        Ok(())
    }
}

/// The text form.
#[cfg(feature = "serde")]
impl serde::Serialize for CpuModel {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads the text form, with a named model of this crate. [`CpuModel::recorded`] keeps others.
#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for CpuModel {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Shows `PROPERTY=0x1`, `PROPERTY=on`, or the invalid text. A number of counters is decimal.
impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Ok(Setting::Number(counters)) if self.property == PMU_COUNTERS => {
                write!(f, "{PMU_COUNTERS}={counters}")
            }
            Ok(setting) => write!(f, "{}={setting}", self.property),
            Err(InvalidValue::Missing) => f.write_str(&self.property),
            Err(InvalidValue::NotANumber(error)) => write!(f, "{}={}", self.property, error.text),
        }
    }
}

/// Shows `0x1`, `on` or `off`.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number:#x}"),
            Self::Switch(on) => f.write_str(on_off(*on)),
        }
    }
}
