//! Register values in JSON.

use super::RegisterValues;
use crate::description::Description;
use crate::number::Hex;
use crate::reading::{self, Entries};
use crate::regs;
use crate::text::Printable;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl RegisterValues {
    /// Reads registers by name, with another description than [`regs::DESCRIPTION`].
    ///
    /// A register that the description does not have is ignored if its value is zero.
    ///
    /// # Errors
    ///
    /// An error of the deserializer, with the register's name: the value is not a `0x` string, the
    /// name appears twice, or the register is unknown and not zero.
    pub fn deserialize_described<'de, D: Deserializer<'de>>(
        description: &'static Description,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        let named: NamedValues = reading::object(deserializer)?;
        named.described(description).map_err(D::Error::custom)
    }
}

/// Serialises registers by name, in index order, with `0x` and 16 digits.
impl Serialize for RegisterValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.iter()
                .map(|(register, value)| (register.name, Hex(value))),
        )
    }
}

/// Reads registers like [`RegisterValues::deserialize_described`], with [`regs::DESCRIPTION`].
impl<'de> Deserialize<'de> for RegisterValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize_described(&regs::DESCRIPTION, deserializer)
    }
}

/// The maximum number of registers in a file: with op0 3 there are 2^14 encodings, of which KVM's
/// feature ID range has 192.
const MOST_REGISTERS: usize = 1024;

/// The values of registers by name, before a description selects the known ones.
pub(crate) type NamedValues = Entries<Hex, MOST_REGISTERS>;

impl NamedValues {
    /// The values of the registers of a description, or the error of a name.
    pub(crate) fn described(
        self,
        description: &'static Description,
    ) -> Result<RegisterValues, String> {
        let mut values = RegisterValues::new(description);
        for (name, Hex(value)) in self.0 {
            match description.register(&name) {
                Some(register) if values.get(register).is_some() => {
                    return Err(format!("register {name} appears twice; keep one"));
                }
                Some(register) => values.set(register, value),
                // Reads as zero on every CPU that does not have it.
                None if value == 0 => {}
                None => {
                    return Err(format!(
                        "register {} is {}, and this version does not know it; use the version \
                         that wrote the file",
                        Printable(&name),
                        Hex(value)
                    ));
                }
            }
        }
        Ok(values)
    }
}
