//! Values of firmware registers as text: `KVM_REG_ARM_PSCI_VERSION=1.1`.

use super::FirmwareRegister;
use crate::likeness::{LONGEST_NAME, Likeness};
use crate::number;
use crate::text::Printable;
use core::fmt;
use core::str::FromStr;

/// A value for a firmware register, as a VMM takes it from its user.
///
/// ```
/// use idreg_runtime::firmware::{FirmwareRegister, FirmwareSetting};
///
/// let setting: FirmwareSetting = "KVM_REG_ARM_PSCI_VERSION=1.1".parse()?;
/// assert_eq!(setting.register, FirmwareRegister::PsciVersion);
/// assert_eq!(setting.value, 0x1_0001);
/// assert_eq!("KVM_REG_ARM_PSCI_VERSION=0x10001".parse(), Ok(setting));
/// assert_eq!(setting.to_string(), "KVM_REG_ARM_PSCI_VERSION=1.1");
///
/// assert_eq!(FirmwareRegister::nearest("psci_version"), Some(FirmwareRegister::PsciVersion));
/// # Ok::<(), idreg_runtime::firmware::InvalidFirmwareSetting>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirmwareSetting {
    /// The register.
    pub register: FirmwareRegister,
    /// Its value.
    pub value: u64,
}

/// The error of text that is no value for a firmware register.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFirmwareSetting {
    /// There is no `=`.
    #[error(
        "`{}` has no value; write NAME=VALUE, such as KVM_REG_ARM_PSCI_VERSION=1.1",
        Printable(.text)
    )]
    NoValue {
        /// The text.
        text: String,
    },
    /// No firmware register has the name.
    #[error("no firmware register is named `{}`; {}", Printable(.name), advice(*.nearest))]
    UnknownRegister {
        /// The name.
        name: String,
        /// The register of the nearest name, if one is near.
        nearest: Option<FirmwareRegister>,
    },
    /// The value has the wrong form.
    #[error("{}: `{}` is no value; write {}", .register.name(), Printable(.text), form(*.register))]
    Value {
        /// The register.
        register: FirmwareRegister,
        /// The text after `=`.
        text: String,
    },
}

fn advice(nearest: Option<FirmwareRegister>) -> String {
    match nearest {
        Some(nearest) => format!("did you mean {}?", nearest.name()),
        None => {
            let names = FirmwareRegister::ALL.map(FirmwareRegister::name);
            format!("their names: {}", names.join(", "))
        }
    }
}

const fn form(register: FirmwareRegister) -> &'static str {
    match register {
        FirmwareRegister::PsciVersion => "a version such as 1.1, or a number such as 0x10001",
        _ => "a decimal number, or 0x and hexadecimal digits",
    }
}

impl FirmwareRegister {
    /// The register whose name is most like one that does not exist, or `None` if no name is near.
    ///
    /// Case and a missing `KVM_REG_ARM_` do not count. Without the feature `suggestions` only names
    /// that differ in these are found.
    #[must_use]
    pub fn nearest(name: &str) -> Option<Self> {
        if name.len() > LONGEST_NAME {
            return None;
        }
        let mut likeness = Likeness::to(name);
        let known = Self::ALL.into_iter();
        known
            .filter(|register| likeness.is_highest(register.name()))
            .last()
    }

    /// Reads a value in the form of [`show`](Self::show), or as a number.
    fn parse_value(self, text: &str) -> Option<u64> {
        match (self, text.split_once('.')) {
            (Self::PsciVersion, Some((major, minor))) => {
                let half = |digits| u16::try_from(number::parse(digits).ok()?).ok();
                Some(u64::from(half(major)?) << 16 | u64::from(half(minor)?))
            }
            _ => number::parse(text).ok(),
        }
    }
}

impl FromStr for FirmwareSetting {
    type Err = InvalidFirmwareSetting;

    fn from_str(text: &str) -> Result<Self, InvalidFirmwareSetting> {
        let Some((name, value)) = text.split_once('=') else {
            let text = text.to_owned();
            return Err(InvalidFirmwareSetting::NoValue { text });
        };
        let Some(register) = FirmwareRegister::named(name) else {
            return Err(InvalidFirmwareSetting::UnknownRegister {
                name: name.to_owned(),
                nearest: FirmwareRegister::nearest(name),
            });
        };
        match register.parse_value(value) {
            Some(value) => Ok(Self { register, value }),
            None => Err(InvalidFirmwareSetting::Value {
                register,
                text: value.to_owned(),
            }),
        }
    }
}

/// Shows the form that [`FirmwareSetting::from_str`] reads.
impl fmt::Display for FirmwareSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { register, value } = *self;
        write!(f, "{}={}", register.name(), register.show(value))
    }
}
