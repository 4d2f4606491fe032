//! Firmware registers in JSON.

use super::{FirmwareRegister, FirmwareValues};
use crate::number::Hex;
use crate::reading::{self, Entries};
use crate::text::Printable;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Serialises registers by [name](FirmwareRegister::name), with `0x` and 16 digits.
impl Serialize for FirmwareValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.iter()
                .map(|(register, value)| (register.name(), Hex(value))),
        )
    }
}

/// Reads registers by name; a register that is not in [`FirmwareRegister::ALL`] is an error unless
/// its value is zero.
impl<'de> Deserialize<'de> for FirmwareValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const MOST: usize = 64;
        let entries: Entries<Hex, MOST> = reading::object(deserializer)?;
        let mut values = Self::default();
        for (name, Hex(value)) in entries.0 {
            match FirmwareRegister::named(&name) {
                Some(register) if values.get(register).is_some() => {
                    return Err(D::Error::custom(format!(
                        "firmware register {name} appears twice; keep one"
                    )));
                }
                Some(register) => values.set(register, value),
                None if value == 0 => {}
                None => {
                    return Err(D::Error::custom(format!(
                        "firmware register {} is {}, and this version does not know it; use the \
                         version that wrote the file",
                        Printable(&name),
                        Hex(value)
                    )));
                }
            }
        }
        Ok(values)
    }
}
