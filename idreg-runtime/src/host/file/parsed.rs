//! A host file's content before a description selects the known registers.

use super::SCHEMA;
use crate::config::capabilities::Capabilities;
use crate::config::{GicIdentity, VcpuConfig};
use crate::description::{Description, RegisterDescription};
use crate::firmware::FirmwareValues;
use crate::host::{CoreReading, Host, HostInfo, Implementation};
use crate::number::{self, Hex};
use crate::reading::{check_schema, objects, struct_only};
use crate::text::Printable;
use crate::values::RegisterValues;
use core::fmt;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of CPUs of an arm64 kernel (Linux 7.2, `arch/arm64/Kconfig`, `NR_CPUS`).
pub(super) const MAX_CPUS: usize = 4096;
/// The maximum number of core types in a file; the machines that exist have up to four.
const MAX_CORE_TYPES: usize = 64;

#[derive(Deserialize)]
struct HostMembers {
    // First in the file, so that a newer file is rejected for its number and not for its content.
    #[serde(rename = "schema", deserialize_with = "schema")]
    _schema: (),
    kernel_release: String,
    #[serde(deserialize_with = "struct_only")]
    capabilities: Capabilities,
    #[serde(deserialize_with = "struct_only")]
    vcpu: VcpuConfig,
    #[serde(deserialize_with = "objects::<_, _, MAX_CPUS>")]
    implementations: Vec<Implementation>,
    timer_frequency: u64,
    sve_vector_lengths: Vec<u32>,
    #[serde(default)]
    physical_address_bits: Option<u32>,
    #[serde(default, deserialize_with = "struct_only")]
    gic: GicIdentity,
    #[serde(default)]
    firmware: FirmwareValues,
    registers: ParsedRegisters,
    #[serde(default, deserialize_with = "objects::<_, _, MAX_CORE_TYPES>")]
    cores: Vec<ParsedCore>,
}

/// A host file's content.
pub(super) struct ParsedHost(HostMembers);

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

impl<'de> Deserialize<'de> for ParsedHost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct_only(deserializer).map(Self)
    }
}

impl ParsedHost {
    /// The host with the registers that a description has, and with all core types of the file.
    pub(super) fn host(self, description: &'static Description) -> Result<Host, String> {
        let members = self.0;
        let mut values = RegisterValues::new(description);
        let mut writable = RegisterValues::new(description);
        let mut names = BTreeSet::new();
        for (name, register) in &members.registers.0 {
            if !names.insert(name.as_str()) {
                let name = Printable(name);
                return Err(format!("register {name} appears twice; keep one"));
            }
            let Some(known) = description.register(name) else {
                continue;
            };
            let (value, mask) = register
                .numbers()
                .map_err(|error| format!("register {name}: {error}"))?;
            values.set(known, value);
            writable.set(known, mask);
        }
        let cores = members.cores.into_iter();
        let cores = cores.map(|core| core.reading(&values, &names));
        let cores = cores.collect::<Result<_, _>>()?;
        Ok(Host {
            info: HostInfo {
                kernel_release: members.kernel_release,
                capabilities: members.capabilities,
                vcpu: members.vcpu,
                implementations: members.implementations,
                timer_frequency: members.timer_frequency,
                sve_vector_lengths: members.sve_vector_lengths,
                physical_address_bits: members.physical_address_bits,
                gic: members.gic,
                firmware: members.firmware,
            },
            values,
            writable,
            cores,
        })
    }
}

impl ParsedCore {
    /// The core type's registers: the host's, with those that the file names replaced.
    fn reading(
        self,
        host: &RegisterValues,
        in_file: &BTreeSet<&str>,
    ) -> Result<CoreReading, String> {
        let description = host.description();
        let is_known = |name: &str| description.register(name).is_some() || in_file.contains(name);
        if let Some(unknown) = self.registers.keys().find(|name| !is_known(name)) {
            return Err(format!(
                "`cores` has the register {}, which `registers` does not have",
                Printable(unknown)
            ));
        }
        let mut values = RegisterValues::new(description);
        for register in description.registers {
            if let Some(value) = self.value(register, host) {
                values.set(register, value);
            }
        }
        Ok(CoreReading {
            cpus: self.cpus,
            values,
        })
    }

    fn value(&self, register: &RegisterDescription, host: &RegisterValues) -> Option<u64> {
        match self.registers.get(register.name) {
            Some(own) => own.map(|value| value.0),
            None => host.get(register),
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

/// Reads a schema that is exactly this version's.
fn schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let schema = Cow::<str>::deserialize(deserializer)?;
    check_schema(&schema, SCHEMA, "host file").map_err(D::Error::custom)
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
