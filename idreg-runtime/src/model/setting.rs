//! Overrides: a property and the value that is requested for it.

use super::property::{ENFORCE, PMU_COUNTERS};
use crate::config::options::OptionSetting;
use crate::number::InvalidNumber;
use crate::text::on_off;

/// One override as requested; a [`Plan`](crate::plan::Plan) checks if it is possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The property's name as given.
    pub property: String,
    /// The value, or the error of its text.
    pub value: Result<Setting, InvalidValue>,
}

/// The requested value of an override.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setting {
    /// The value of a field or a register, or a number of counters.
    Number(u64),
    /// The state of an option or a feature: on or off.
    Switch(bool),
}

/// The error of a missing or invalid value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidValue {
    /// No `=` after the name, or no text after it.
    #[error("no value given: the form is `PROPERTY=VALUE`")]
    Missing,
    /// The text is neither a number nor `on` or `off`.
    #[error(transparent)]
    NotANumber(#[from] InvalidNumber),
}

impl Override {
    /// The value of an override that requires a number.
    pub(crate) fn number(&self) -> Result<u64, InvalidValue> {
        match &self.value {
            Ok(Setting::Number(number)) => Ok(*number),
            Ok(Setting::Switch(on)) => Err(not_a_number(on_off(*on).to_owned())),
            Err(error) => Err(error.clone()),
        }
    }

    /// The value of an override that requires `on` or `off`.
    pub(crate) fn switch(&self) -> Result<bool, InvalidValue> {
        match &self.value {
            Ok(Setting::Switch(on)) => Ok(*on),
            Ok(Setting::Number(number)) => Err(not_a_number(number.to_string())),
            Err(error) => Err(error.clone()),
        }
    }

    /// The state of the word `enforce`, or `None` for an override of something else.
    pub(super) fn enforce(&self) -> Option<bool> {
        match (self.property.as_str(), &self.value) {
            (ENFORCE, Ok(Setting::Switch(on))) => Some(*on),
            _ => None,
        }
    }

    /// The number of event counters that the override sets, or `None`.
    pub(crate) fn pmu_counters(&self) -> Option<u32> {
        let number = self
            .number()
            .ok()
            .filter(|_| self.property == PMU_COUNTERS)?;
        u32::try_from(number).ok()
    }

    /// The option that the override sets, or `None`.
    #[must_use]
    pub fn option(&self) -> Option<OptionSetting> {
        match self.value {
            Ok(Setting::Switch(on)) => Some(OptionSetting {
                option: self.property.parse().ok()?,
                on,
            }),
            _ => None,
        }
    }
}

fn not_a_number(text: String) -> InvalidValue {
    InvalidNumber { text }.into()
}
