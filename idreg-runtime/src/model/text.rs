//! The text form of CPU models.

use super::property::ENFORCE;
use super::{CpuModel, InvalidValue, Override, Setting, UnknownModel};
use crate::number::{self, InvalidNumber};
use crate::text::{on_off, parse_on_off};
use core::fmt;
use core::str::FromStr;

/// Reads `host` or `custom`, followed by overrides.
///
/// A malformed or repeated override is not an error here, so that the plan reports everything that
/// is wrong with a model at once.
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
        if enforce.is_some() {
            overrides.retain(|asked| asked.enforce().is_none());
        }
        Ok(Self {
            overrides,
            enforce: enforce.unwrap_or(false),
        })
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

/// Shows the text form, numbers in hexadecimal.
impl fmt::Display for CpuModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("host")?;
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

/// Reads the text form.
#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for CpuModel {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Shows `PROPERTY=0x1`, `PROPERTY=on`, or the invalid text.
impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
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
