//! Host files: a host in JSON.

mod consistency;
mod parsed;
mod registers;

use self::parsed::ParsedHost;
use super::{CoreReading, Host, HostInfo};
use crate::description::{Description, RegisterDescription};
use crate::number::Hex;
use crate::regs;
use core::mem;
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The schema of a host file: a name and a number, which increases if older readers would misread
/// the file.
pub const SCHEMA: &str = "idreg-host/1";

#[derive(Serialize)]
struct HostObject<'h> {
    schema: &'static str,
    #[serde(flatten)]
    info: &'h HostInfo,
    registers: RegisterMap<'h>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cores: Vec<CoreObject<'h>>,
}

/// The registers of one core type that are not the same on all types.
#[derive(Serialize)]
struct CoreObject<'h> {
    cpus: &'h [u32],
    registers: DifferingRegisters<'h>,
}

struct DifferingRegisters<'h> {
    differing: &'h [&'static RegisterDescription],
    core: &'h CoreReading,
}

struct RegisterMap<'h>(&'h Host);

#[derive(Serialize)]
struct RegisterObject {
    value: Hex,
    writable: Hex,
}

impl Serialize for Host {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let differing = &self.differing_registers();
        let cores = self.cores.iter().map(|core| CoreObject {
            cpus: &core.cpus,
            registers: DifferingRegisters { differing, core },
        });
        let file = HostObject {
            schema: SCHEMA,
            info: &self.info,
            registers: RegisterMap(self),
            cores: cores.collect(),
        };
        file.serialize(serializer)
    }
}

impl Serialize for RegisterMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (register, value) in self.0.values.iter() {
            let writable = Hex(self.0.writable(register));
            map.serialize_entry(
                register.name,
                &RegisterObject {
                    value: Hex(value),
                    writable,
                },
            )?;
        }
        map.end()
    }
}

impl Serialize for DifferingRegisters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for register in self.differing {
            let value = self.core.values.get(register);
            map.serialize_entry(register.name, &value.map(Hex))?;
        }
        map.end()
    }
}

/// Reads a file with the registers of [`regs::DESCRIPTION`]; others are ignored.
///
/// A file that contradicts itself is an error that names the members.
impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize_described(&regs::DESCRIPTION, deserializer)
    }
}

impl Host {
    /// Reads a host file with the registers of another description than [`regs::DESCRIPTION`];
    /// registers that the description does not have are ignored.
    ///
    /// # Errors
    ///
    /// An error of the deserializer if the file is not a host file, has a newer schema, or
    /// contradicts itself.
    pub fn deserialize_described<'de, D: Deserializer<'de>>(
        description: &'static Description,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        let parsed = ParsedHost::deserialize(deserializer)?;
        let mut host = parsed.host(description).map_err(D::Error::custom)?;
        if let Some(contradiction) = host.contradiction() {
            return Err(D::Error::custom(contradiction));
        }
        let cores = mem::take(&mut host.cores);
        Ok(host.with_cores(cores))
    }
}

/// The form of an optional value in files: a `0x` string or null.
pub(super) mod optional_hex {
    use super::Hex;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(
        clippy::ref_option,
        reason = "serde calls it with a reference to the field"
    )]
    pub(in crate::host) fn serialize<S: Serializer>(
        value: &Option<u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(Hex).serialize(serializer)
    }

    pub(in crate::host) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u64>, D::Error> {
        Ok(Option::<Hex>::deserialize(deserializer)?.map(|hex| hex.0))
    }
}
