//! A host as a file.

use super::{About, Host};
use crate::description::Description;
use crate::number::Hex;
use crate::regs;
use crate::values::RegisterValues;
use core::fmt;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The schema of a host file: a name and a number that grows when old readers would be misled.
pub const SCHEMA: &str = "idreg-host/1";

const SCHEMA_NAME: &str = "idreg-host";
const SCHEMA_NUMBER: u32 = 1;

#[derive(Serialize)]
struct Written<'h> {
    schema: &'static str,
    #[serde(flatten)]
    about: &'h About,
    registers: Registers<'h>,
}

struct Registers<'h>(&'h Host);

#[derive(Serialize, Deserialize)]
struct Register {
    value: Hex,
    writable: Hex,
}

impl Serialize for Host {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let file = Written {
            schema: SCHEMA,
            about: &self.about,
            registers: Registers(self),
        };
        file.serialize(serializer)
    }
}

impl Serialize for Registers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (register, value) in self.0.values.iter() {
            let writable = Hex(self.0.writable(register));
            map.serialize_entry(
                register.name,
                &Register {
                    value: Hex(value),
                    writable,
                },
            )?;
        }
        map.end()
    }
}

/// Only the schema, so that a newer file is refused for its number and not for what it holds.
#[derive(Deserialize)]
struct Read {
    #[serde(deserialize_with = "schema")]
    #[allow(dead_code, reason = "reading it is checking it")]
    schema: (),
    #[serde(flatten)]
    about: About,
    registers: ReadRegisters,
}

impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Read {
            about, registers, ..
        } = Read::deserialize(deserializer)?;
        let ReadRegisters { values, writable } = registers;
        Ok(Self {
            about,
            values,
            writable,
        })
    }
}

fn schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let schema = std::borrow::Cow::<str>::deserialize(deserializer)?;
    let number = schema
        .strip_prefix(SCHEMA_NAME)
        .and_then(|rest| rest.strip_prefix('/'));
    match number.and_then(|number| number.parse::<u32>().ok()) {
        Some(SCHEMA_NUMBER) => Ok(()),
        Some(newer) if newer > SCHEMA_NUMBER => Err(D::Error::custom(format!(
            "schema `{schema}` is newer than `{SCHEMA}`, the newest this version reads"
        ))),
        _ => Err(D::Error::custom(format!(
            "schema `{schema}` is not `{SCHEMA}`: no host file"
        ))),
    }
}

struct ReadRegisters {
    values: RegisterValues,
    writable: RegisterValues,
}

impl<'de> Deserialize<'de> for ReadRegisters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RegistersVisitor(&regs::DESCRIPTION))
    }
}

struct RegistersVisitor(&'static Description);

impl<'de> Visitor<'de> for RegistersVisitor {
    type Value = ReadRegisters;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of register names to values and writable bits")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = RegisterValues::new(self.0);
        let mut writable = RegisterValues::new(self.0);
        while let Some(name) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            let Some(register) = self.0.register(&name) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let read: Register = map.next_value()?;
            if values.get(register).is_some() {
                return Err(A::Error::custom(format!("register {name} is there twice")));
            }
            values.set(register, read.value.0);
            writable.set(register, read.writable.0);
        }
        Ok(ReadRegisters { values, writable })
    }
}

/// A value that may be missing, as a `0x` string or null.
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
