//! A host file's content before a description selects the known registers.

use super::SCHEMA;
use super::registers::ParsedRegisters;
use crate::config::capabilities::Capabilities;
use crate::config::{GicIdentity, VcpuConfig};
use crate::description::{Description, RegisterDescription};
use crate::firmware::FirmwareValues;
use crate::host::{CoreReading, Host, HostInfo, Implementation};
use crate::number::Hex;
use crate::reading::{Text, check_schema, objects, struct_only};
use crate::text::Printable;
use crate::values::RegisterValues;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of CPUs of an arm64 kernel (Linux 7.2, `arch/arm64/Kconfig`, `NR_CPUS`).
pub(super) const MAX_CPUS: usize = 4096;
/// The maximum number of core types in a file; the machines that exist have up to four.
const MAX_CORE_TYPES: usize = 64;

#[derive(Deserialize)]
struct HostMembers<'f> {
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
    pmu_counters: Option<u32>,
    #[serde(default)]
    physical_address_bits: Option<u32>,
    #[serde(default, deserialize_with = "struct_only")]
    gic: GicIdentity,
    #[serde(default)]
    firmware: FirmwareValues,
    #[serde(borrow)]
    registers: ParsedRegisters<'f>,
    #[serde(default, deserialize_with = "objects::<_, _, MAX_CORE_TYPES>")]
    cores: Vec<ParsedCore>,
}

/// A host file's content.
pub(super) struct ParsedHost<'f>(HostMembers<'f>);

#[derive(Deserialize)]
struct ParsedCore {
    cpus: Vec<u32>,
    registers: BTreeMap<String, Option<Hex>>,
}

impl<'de> Deserialize<'de> for ParsedHost<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct_only(deserializer).map(Self)
    }
}

impl ParsedHost<'_> {
    /// The host with the registers that a description has, and with all core types of the file.
    pub(super) fn host(self, description: &'static Description) -> Result<Host, String> {
        let members = self.0;
        let mut values = RegisterValues::new(description);
        let mut writable = RegisterValues::new(description);
        // The names that the description does not have.
        let mut unknown = BTreeSet::new();
        let mut expected = 0;
        for (name, register) in members.registers.0 {
            let known = in_order(description, expected, &name);
            let is_first = match known {
                Some(known) => values.get(known).is_none(),
                None => unknown.insert(name.clone()),
            };
            if !is_first {
                let name = Printable(&name);
                return Err(format!("register {name} appears twice; keep one"));
            }
            let Some(known) = known else {
                continue;
            };
            let (value, mask) = register
                .numbers()
                .map_err(|error| format!("register {name}: {error}"))?;
            values.set(known, value);
            writable.set(known, mask);
            expected = known.index + 1;
        }
        let cores = members.cores.into_iter();
        let cores = cores.map(|core| core.reading(&values, &unknown));
        let cores = cores.collect::<Result<_, _>>()?;
        Ok(Host {
            info: HostInfo {
                kernel_release: members.kernel_release,
                capabilities: members.capabilities,
                vcpu: members.vcpu,
                implementations: members.implementations,
                timer_frequency: members.timer_frequency,
                sve_vector_lengths: members.sve_vector_lengths,
                pmu_counters: members.pmu_counters,
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
        unknown: &BTreeSet<Cow<'_, str>>,
    ) -> Result<CoreReading, String> {
        let description = host.description();
        let is_known = |name: &str| description.register(name).is_some() || unknown.contains(name);
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

/// The register of this name: first that at a position is tried, since files have the order of the
/// description.
fn in_order(
    description: &'static Description,
    position: usize,
    name: &str,
) -> Option<&'static RegisterDescription> {
    let next = description.registers.get(position).copied();
    next.filter(|register| register.name == name)
        .or_else(|| description.register(name))
}

/// Reads a schema that is exactly this version's.
fn schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let schema = Text::deserialize(deserializer)?;
    check_schema(&schema.0, SCHEMA, "host file").map_err(D::Error::custom)
}
