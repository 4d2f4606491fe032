//! Host files: a host in JSON.

use super::{CoreReading, Host, HostInfo, Implementation};
use crate::config::VcpuConfig;
use crate::config::capabilities::Capabilities;
use crate::config::options::{SVE_MAX_BITS, SVE_QUADWORD_BITS, sve_lengths};
use crate::description::Description;
use crate::number::{self, Hex};
use crate::regs;
use crate::values::RegisterValues;
use core::fmt;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The schema of a host file: a name and a number, which increases if older readers would misread
/// the file.
pub const SCHEMA: &str = "idreg-host/1";

const SCHEMA_NAME: &str = "idreg-host";
const SCHEMA_NUMBER: u64 = 1;

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
    host: &'h Host,
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
        let cores = self.cores.iter().map(|core| CoreObject {
            cpus: &core.cpus,
            registers: DifferingRegisters { host: self, core },
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
        for difference in self.host.core_differences() {
            let name = difference.register;
            let register = self.host.description().register(name);
            let value = register.and_then(|register| self.core.values.get(register));
            map.serialize_entry(name, &value.map(Hex))?;
        }
        map.end()
    }
}

/// A file's content before a description selects the known registers.
#[derive(Deserialize)]
struct ParsedHost {
    // First in the file, so that a newer file is rejected for its number and not for its content.
    #[serde(rename = "schema", deserialize_with = "schema")]
    _schema: (),
    kernel_release: String,
    capabilities: Capabilities,
    vcpu: VcpuConfig,
    implementations: Vec<Implementation>,
    timer_frequency: u64,
    sve_vector_lengths: Vec<u32>,
    registers: ParsedRegisters,
    #[serde(default)]
    cores: Vec<ParsedCore>,
}

#[derive(Deserialize)]
struct ParsedCore {
    cpus: Vec<u32>,
    registers: BTreeMap<String, Option<Hex>>,
}

/// The registers by name, in the file's order.
struct ParsedRegisters(Vec<(String, ParsedRegister)>);

#[derive(Deserialize)]
#[serde(untagged)]
enum ParsedRegister {
    Register { value: String, writable: String },
    Other(IgnoredAny),
}

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
    /// An error of the deserializer if the file is not a host file or has a newer schema.
    pub fn deserialize_described<'de, D: Deserializer<'de>>(
        description: &'static Description,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        let parsed = ParsedHost::deserialize(deserializer)?;
        let mut values = RegisterValues::new(description);
        let mut writable = RegisterValues::new(description);
        for (name, register) in &parsed.registers.0 {
            let Some(known) = description.register(name) else {
                continue;
            };
            let (value, mask) = register
                .numbers()
                .map_err(|error| D::Error::custom(format!("register {name}: {error}")))?;
            if values.get(known).is_some() {
                return Err(D::Error::custom(format!(
                    "register {name} appears twice; keep one"
                )));
            }
            values.set(known, value);
            writable.set(known, mask);
        }
        let info = HostInfo {
            kernel_release: parsed.kernel_release,
            capabilities: parsed.capabilities,
            vcpu: parsed.vcpu,
            implementations: parsed.implementations,
            timer_frequency: parsed.timer_frequency,
            sve_vector_lengths: parsed.sve_vector_lengths,
        };
        checked(&info, &values).map_err(D::Error::custom)?;
        let cores = parsed.cores.into_iter();
        let cores = cores.map(|core| core.reading(&values)).collect();
        let host = Self {
            info,
            values,
            writable,
            cores: Vec::new(),
        };
        Ok(host.with_cores(cores))
    }
}

/// Checks that a host that was read could have these values.
fn checked(info: &HostInfo, values: &RegisterValues) -> Result<(), String> {
    let (kernel, lengths) = (&info.kernel_release, &info.sve_vector_lengths);
    if kernel.chars().any(char::is_control) {
        return Err(format!(
            "`kernel_release` is {kernel:?}, expected a release without control characters"
        ));
    }
    let is_length = |bits: &u32| sve_lengths().any(|length| length == *bits);
    if !lengths.iter().all(is_length) || !lengths.is_sorted_by(|length, next| length < next) {
        return Err(format!(
            "`sve_vector_lengths` is {lengths:?}, expected multiples of {SVE_QUADWORD_BITS} up to \
             {SVE_MAX_BITS}, ascending"
        ));
    }
    if values.iter().next().is_none() {
        return Err("`registers` has no register that this version knows".to_owned());
    }
    Ok(())
}

impl ParsedCore {
    /// The core type's registers: the host's, with those that the file names replaced.
    fn reading(self, host: &RegisterValues) -> CoreReading {
        let description = host.description();
        let mut values = RegisterValues::new(description);
        for (register, value) in host.iter() {
            let own = self.registers.get(register.name).copied();
            if let Some(value) = own.unwrap_or(Some(Hex(value))) {
                values.set(register, value.0);
            }
        }
        CoreReading {
            cpus: self.cpus,
            values,
        }
    }
}

impl ParsedRegister {
    /// The value and the writable bits.
    fn numbers(&self) -> Result<(u64, u64), String> {
        let Self::Register { value, writable } = self else {
            return Err("expected `value` and `writable`, both as strings".to_owned());
        };
        let number = |text: &str| number::parse(text).map_err(|error| error.to_string());
        Ok((number(value)?, number(writable)?))
    }
}

fn schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let schema = Cow::<str>::deserialize(deserializer)?;
    let digits = schema
        .strip_prefix(SCHEMA_NAME)
        .and_then(|rest| rest.strip_prefix('/'));
    match digits.and_then(|digits| number::parse(digits).ok()) {
        Some(SCHEMA_NUMBER) => Ok(()),
        Some(newer) if newer > SCHEMA_NUMBER => Err(D::Error::custom(format!(
            "schema `{schema}` is newer than `{SCHEMA}`, the newest that this version reads"
        ))),
        _ => Err(D::Error::custom(format!(
            "schema `{schema}` is not `{SCHEMA}`: not a host file"
        ))),
    }
}

impl<'de> Deserialize<'de> for ParsedRegisters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RegistersVisitor)
    }
}

struct RegistersVisitor;

impl<'de> Visitor<'de> for RegistersVisitor {
    type Value = ParsedRegisters;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of register names to values and writable bits")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut registers = Vec::new();
        while let Some(entry) = map.next_entry()? {
            registers.push(entry);
        }
        Ok(ParsedRegisters(registers))
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
