//! Memory sizes on the command line, such as `512M`.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemorySize(pub u64);

/// The units with their bytes, largest first. A number without a unit counts MiB, as in QEMU's
/// `-m`.
const UNITS: [(char, u64); 4] = [
    ('T', 1 << 40),
    ('G', 1 << 30),
    ('M', 1 << 20),
    ('K', 1 << 10),
];
const DEFAULT_UNIT: u64 = 1 << 20;

/// The granule of memory: a guest's memory consists of the host's pages, and the largest page size
/// of Arm is 64 KiB.
const GRANULE: u64 = 64 << 10;

/// A memory size that is not possible.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum InvalidSize {
    /// The text is not a number with a unit.
    #[error(
        "expected a number with a unit, such as 512M or 4G; the units are K, M (the default), \
         G and T"
    )]
    NotASize,
    /// The number of bytes does not fit into 64 bits.
    #[error("the number of bytes does not fit into 64 bits")]
    TooLarge,
    /// The size is zero.
    #[error("a guest cannot run without memory")]
    Zero,
    /// The size is not a multiple of 64 KiB.
    #[error("memory must be a multiple of 64K; the next is {}", MemorySize(*next))]
    NotAMultiple {
        /// The next multiple.
        next: u64,
    },
}

impl FromStr for MemorySize {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let unit = UNITS
            .into_iter()
            .find(|(unit, _)| text.ends_with([*unit, unit.to_ascii_lowercase()]));
        let digits = match unit {
            Some(_) => text.get(..text.len() - 1).unwrap_or_default(),
            None => text,
        };
        // `u64::from_str` accepts a sign too.
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidSize::NotASize);
        }
        let count: u64 = digits.parse().map_err(|_| InvalidSize::TooLarge)?;
        let bytes = count
            .checked_mul(unit.map_or(DEFAULT_UNIT, |(_, bytes)| bytes))
            .ok_or(InvalidSize::TooLarge)?;
        match bytes % GRANULE {
            _ if bytes == 0 => Err(InvalidSize::Zero),
            0 => Ok(Self(bytes)),
            _ => {
                let next = bytes
                    .checked_next_multiple_of(GRANULE)
                    .ok_or(InvalidSize::TooLarge)?;
                Err(InvalidSize::NotAMultiple { next })
            }
        }
    }
}

/// Shows the size in the largest unit that divides it.
impl fmt::Display for MemorySize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS
            .into_iter()
            .find(|(_, bytes)| self.0 != 0 && self.0.is_multiple_of(*bytes));
        match unit {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(text: &str) -> Result<u64, String> {
        let size: Result<MemorySize, _> = text.parse();
        size.map(|size| size.0).map_err(|error| error.to_string())
    }

    #[test]
    fn units_are_powers_of_two() {
        for (text, bytes) in [
            ("512", 512 << 20),
            ("64K", 64 << 10),
            ("1m", 1 << 20),
            ("4G", 4 << 30),
            ("2t", 2 << 40),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn invalid_sizes_are_refused_with_the_form() {
        for text in [
            "", "G", "-1G", "+1G", "1.5G", "4 G", "0x10M", "4GB", "4Gi", "\u{664}G",
        ] {
            assert!(
                size(text).unwrap_err().contains("such as 512M or 4G"),
                "{text}"
            );
        }
        for text in [
            "99999999999999999999",
            "99999999999T",
            "18446744073709551615K",
        ] {
            assert!(size(text).unwrap_err().contains("64 bits"), "{text}");
        }
        assert!(size("0").unwrap_err().contains("without memory"));
    }

    #[test]
    fn sizes_between_multiples_name_the_next_one() {
        for (text, next) in [("1000001K", "1000064K"), ("1K", "64K"), ("1048575K", "1G")] {
            let expected = format!("memory must be a multiple of 64K; the next is {next}");
            assert_eq!(size(text).unwrap_err(), expected);
        }
    }

    #[test]
    fn sizes_are_shown_in_their_largest_unit() {
        for (bytes, text) in [(4 << 30, "4G"), (1536 << 20, "1536M"), (3, "3 bytes")] {
            assert_eq!(MemorySize(bytes).to_string(), text);
        }
    }
}
