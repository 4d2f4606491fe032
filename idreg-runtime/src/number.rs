//! Numbers in files and messages.

use crate::text::Printable;
use core::fmt;
use core::str::FromStr;

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
#[error("{}", message(.text))]
pub struct InvalidNumber {
    /// The text.
    pub text: String,
}

/// Reads a decimal number, or a hexadecimal number after `0x`.
///
/// A decimal number has no leading zero: `010` is ten to some programs and eight to others, among
/// them QEMU.
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
        .filter(|_| !has_leading_zero(text))
        .and_then(|digits| u64::from_str_radix(digits, radix).ok())
        .ok_or_else(|| InvalidNumber {
            text: text.to_owned(),
        })
}

/// True for decimal digits after a zero.
fn has_leading_zero(text: &str) -> bool {
    let rest = text.strip_prefix('0');
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|digit| digit.is_ascii_digit()))
}

fn message(text: &str) -> String {
    let shown = Printable(text);
    if !has_leading_zero(text) {
        return format!(
            "`{shown}` is not a number; write decimal digits, or 0x and hexadecimal digits, up to \
             64 bits"
        );
    }
    let octal = u64::from_str_radix(text, 8).ok().filter(|octal| *octal > 7);
    let octal = octal.map(|octal| format!(", or {octal:#x} if octal is meant"));
    let decimal = match text.trim_start_matches('0') {
        "" => "0",
        decimal => decimal,
    };
    format!(
        "`{shown}` has a leading zero, with which other programs read it as octal; write {}{}",
        Printable(decimal),
        octal.unwrap_or_default()
    )
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

#[cfg(feature = "serde")]
impl serde::Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
