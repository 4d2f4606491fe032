//! Numbers of the state in JSON: `0x` and two digits for each byte, highest byte first.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The largest register, a vector of SVE: 2048 bits.
const MOST_BYTES: usize = 256;

/// The bytes of a number to write, lowest first.
///
/// A guest stands still while its numbers are written and read, some thousand of them, so that
/// both work digit by digit without formatting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'b>(pub(super) &'b [u8]);

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(2 + 2 * self.0.len());
        text.push_str("0x");
        for byte in self.0.iter().rev() {
            let digits = [byte >> 4, byte & 0xf];
            text.extend(digits.map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
        }
        serializer.serialize_str(&text)
    }
}

/// The bytes of a number, lowest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Digits)
    }
}

/// Reads the digits of a number.
struct Digits;

impl Visitor<'_> for Digits {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "0x and two hexadecimal digits for each of 1 to {MOST_BYTES} bytes"
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
        let bytes = text.strip_prefix("0x").and_then(bytes);
        bytes.map(Bytes).ok_or_else(|| {
            let text: String = text.chars().take(40).collect();
            E::custom(format!(
                "{text:?}, expected {}",
                &self as &dyn serde::de::Expected
            ))
        })
    }
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || pairs.len() > MOST_BYTES || !rest.is_empty() {
        return None;
    }
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
    pairs.iter().rev().map(byte).collect()
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
        array(deserializer).map(|bytes| Self(u32::from_le_bytes(bytes)))
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
        array(deserializer).map(|bytes| Self(u64::from_le_bytes(bytes)))
    }
}

fn array<'de, const N: usize, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; N], D::Error> {
    let Bytes(bytes) = Bytes::deserialize(deserializer)?;
    bytes.try_into().map_err(|bytes: Vec<u8>| {
        let bits = 8 * bytes.len();
        D::Error::custom(format!("a number of {bits} bits, expected {} bits", 8 * N))
    })
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
