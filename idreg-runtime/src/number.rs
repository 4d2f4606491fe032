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
    value(text.as_bytes()).ok_or_else(|| InvalidNumber {
        text: text.to_owned(),
    })
}

fn value(text: &[u8]) -> Option<u64> {
    match text {
        [b'0', b'x' | b'X', digits @ ..] => of_digits(digits, 16),
        // Any other zero would lead.
        [b'0', _, ..] => None,
        digits => of_digits(digits, 10),
    }
}

/// The number of at least one digit. `from_str_radix` accepts a sign too, and is slower.
fn of_digits(digits: &[u8], radix: u8) -> Option<u64> {
    let mut number: u64 = 0;
    for digit in digits {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            b'A'..=b'F' => digit - b'A' + 10,
            _ => return None,
        };
        if digit >= radix {
            return None;
        }
        number = number
            .checked_mul(radix.into())?
            .checked_add(digit.into())?;
    }
    (!digits.is_empty()).then_some(number)
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
        let number = deserializer.deserialize_str(HexVisitor)?;
        number.map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "serde")]
struct HexVisitor;

#[cfg(feature = "serde")]
impl serde::de::Visitor<'_> for HexVisitor {
    type Value = Result<u64, InvalidNumber>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(parse(text))
    }
}
