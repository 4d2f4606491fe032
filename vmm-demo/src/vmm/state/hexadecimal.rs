//! Numbers of the state in JSON: `0x` and two digits for each byte, highest byte first.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The largest register, a vector of SVE: 2048 bits.
const MOST_BYTES: usize = 256;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The bytes of a number to write, lowest first; 256 at most.
///
/// A guest stands still while its numbers are written and read, some thousand of them, so that
/// both work digit by digit, without formatting and mostly without allocating.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'b>(pub(super) &'b [u8]);

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;

        let mut text = [b'0'; 2 + 2 * MOST_BYTES];
        let (prefix, digits) = text.split_at_mut(2);
        prefix.copy_from_slice(b"0x");
        let (pairs, _) = digits.as_chunks_mut::<2>();
        for ([high, low], byte) in pairs.iter_mut().zip(self.0.iter().rev()) {
            (*high, *low) = (digit(byte >> 4), digit(byte & 0xf));
        }
        let text = text.get(..2 + 2 * self.0.len());
        let text = text.and_then(|text| str::from_utf8(text).ok());
        serializer
            .serialize_str(text.ok_or_else(|| S::Error::custom("a number of too many bytes"))?)
    }
}

fn digit(value: u8) -> u8 {
    DIGITS.get(usize::from(value)).copied().unwrap_or(b'0')
}

/// The bytes of a number, lowest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Digits)
    }
}

/// Reads the digits of a number of any size.
struct Digits;

impl Visitor<'_> for Digits {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expected_digits(f)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
        let pairs = pairs(text).ok_or_else(|| no_number(text))?;
        let bytes: Option<Vec<u8>> = pairs.iter().rev().copied().map(byte).collect();
        bytes.map(Bytes).ok_or_else(|| no_number(text))
    }
}

/// Reads the digits of a number of this many bytes.
struct ArrayDigits<const N: usize>;

impl<const N: usize> Visitor<'_> for ArrayDigits<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expected_digits(f)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<[u8; N], E> {
        let pairs = pairs(text).ok_or_else(|| no_number(text))?;
        let mut bytes = [0; N];
        if pairs.len() != N {
            let bits = 8 * pairs.len();
            let reason = format!("a number of {bits} bits, expected {} bits", 8 * N);
            return Err(E::custom(reason));
        }
        for (found, pair) in bytes.iter_mut().zip(pairs.iter().rev()) {
            *found = byte(*pair).ok_or_else(|| no_number(text))?;
        }
        Ok(bytes)
    }
}

fn expected_digits(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "0x and two hexadecimal digits for each of 1 to {MOST_BYTES} bytes"
    )
}

fn no_number<E: Error>(text: &str) -> E {
    let text: String = text.chars().take(40).collect();
    E::custom(format!(
        "{text:?}, expected {}",
        &Digits as &dyn serde::de::Expected
    ))
}

/// The pairs of digits of a number, highest first.
fn pairs(text: &str) -> Option<&[[u8; 2]]> {
    let digits = text.strip_prefix("0x")?;
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let is_number = (1..=MOST_BYTES).contains(&pairs.len()) && rest.is_empty();
    is_number.then_some(pairs)
}

fn byte([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// A number of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word(pub(super) u32);

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Number(&self.0.to_le_bytes()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = deserializer.deserialize_str(ArrayDigits)?;
        Ok(Self(u32::from_le_bytes(bytes)))
    }
}

/// A number of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DoubleWord(pub(super) u64);

impl Serialize for DoubleWord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Number(&self.0.to_le_bytes()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DoubleWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = deserializer.deserialize_str(ArrayDigits)?;
        Ok(Self(u64::from_le_bytes(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_number() {
        let number = Number(&[0x34, 0x12]);
        assert_eq!(serde_json::to_string(&number).unwrap(), r#""0x1234""#);
        assert_eq!(
            serde_json::from_str::<Bytes>(r#""0xABcd""#).unwrap(),
            Bytes(vec![0xcd, 0xab])
        );
        assert_eq!(
            serde_json::to_string(&Word(0xa1)).unwrap(),
            r#""0x000000a1""#
        );
        let number = DoubleWord(u64::MAX - 1);
        let json = serde_json::to_string(&number).unwrap();
        assert_eq!(serde_json::from_str::<DoubleWord>(&json).unwrap(), number);
    }

    #[test]
    fn other_text_is_refused() {
        let long = format!("0x{}", "00".repeat(257));
        for text in ["", "0x", "0x1", "12", "0x1g", "0x+1", "0x0\u{e9}", &long] {
            let json = serde_json::to_string(text).unwrap();
            let error = serde_json::from_str::<Bytes>(&json)
                .unwrap_err()
                .to_string();
            assert!(error.contains("expected 0x and two"), "{error}");
        }
        let error = serde_json::from_str::<Word>(r#""0x12""#).unwrap_err();
        assert!(error.to_string().contains("8 bits, expected 32"), "{error}");
    }
}
