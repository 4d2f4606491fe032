//! Numbers in files and messages.

use core::fmt;
use core::str::FromStr;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A register's value, written as `0x` and 16 digits.
///
/// ```
/// use idreg_runtime::number::Hex;
///
/// assert_eq!(Hex(0x411fd401).to_string(), "0x00000000411fd401");
/// assert_eq!("0x1f".parse(), Ok(Hex(31)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hex(pub u64);

/// The error of text that is not a number of 64 bits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a number; write decimal digits, or 0x and hexadecimal digits, up to 64 bits"
)]
pub struct InvalidNumber {
    /// The text.
    pub text: String,
}

/// Reads a decimal number, or a hexadecimal number after `0x`.
///
/// # Errors
///
/// [`InvalidNumber`] for anything else, signs and spaces included.
pub fn parse(text: &str) -> Result<u64, InvalidNumber> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    // `from_str_radix` accepts a sign too.
    let digits = digits
        .chars()
        .all(|digit| digit.is_digit(radix))
        .then_some(digits);
    digits
        .and_then(|digits| u64::from_str_radix(digits, radix).ok())
        .ok_or_else(|| InvalidNumber {
            text: text.to_owned(),
        })
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#018x}", self.0)
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Hex {
    type Err = InvalidNumber;

    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        parse(text).map(Self)
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
