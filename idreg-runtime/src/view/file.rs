//! View files: a view in JSON.

use super::{CacheSizes, MOST_VCPUS, VcpuReading, View, ViewInfo};
use crate::config::target::TargetCpu;
use crate::config::{GicIdentity, VcpuConfig};
use crate::description::Description;
use crate::firmware::FirmwareValues;
use crate::model::CpuModel;
use crate::number::Hex;
use crate::reading::{self, Bounded, Object, check_schema};
use crate::regs;
use crate::values::{NamedValues, RegisterValues};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// The schema of a view file: a name and a number, which increases if older readers would misread
/// the file.
///
/// Members: `schema`; `kernel_release` of the source; `cpu`, the text of the model that was asked
/// for; `vcpu`, the configuration of the vCPUs; `sve_vector_lengths` in bits; `pmu_counters`, the
/// number of event counters of the PMU; `target_cpus`, each with `midr`, `revidr` and `aidr`;
/// `timer_frequency` in Hz; `physical_address_bits`; `gic` with `iidr` and `typer2`; `firmware`,
/// the firmware registers by their names in `asm/kvm.h`; `registers` and `caches`, the ID registers
/// and CCSIDR_EL1 by selection that are the same on all vCPUs; `vcpus`, for each vCPU the
/// `registers` and `caches` that are not. Register values are `0x` strings. What is unknown is left
/// out. Unknown members are ignored.
pub const SCHEMA: &str = "idreg-view/1";

/// The maximum number of target CPUs in a file, more than a machine has kinds of cores.
const MOST_TARGET_CPUS: usize = 1024;
/// The maximum length of a model in a file, in bytes.
const MOST_MODEL: usize = 1 << 16;
/// The most items that a list of vector lengths or caches can have.
const MOST_ITEMS: usize = 16;

#[derive(Serialize)]
struct ViewObject<'v> {
    schema: &'static str,
    kernel_release: &'v str,
    cpu: String,
    vcpu: VcpuConfig,
    sve_vector_lengths: &'v [u32],
    #[serde(skip_serializing_if = "Option::is_none")]
    pmu_counters: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    target_cpus: Vec<TargetCpuObject>,
    timer_frequency: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_address_bits: Option<u32>,
    #[serde(skip_serializing_if = "GicIdentity::is_unknown")]
    gic: GicIdentity,
    #[serde(skip_serializing_if = "FirmwareValues::is_empty")]
    firmware: FirmwareValues,
    registers: &'v RegisterValues,
    #[serde(skip_serializing_if = "Option::is_none")]
    caches: Option<Vec<Option<ShortHex>>>,
    vcpus: Vec<VcpuObject<'v>>,
}

#[derive(Serialize)]
struct VcpuObject<'v> {
    #[serde(skip_serializing_if = "is_without_values")]
    registers: &'v RegisterValues,
    #[serde(skip_serializing_if = "Option::is_none")]
    caches: Option<Vec<Option<ShortHex>>>,
}

#[derive(Serialize, Deserialize)]
struct TargetCpuObject {
    midr: Hex,
    revidr: Hex,
    aidr: Hex,
}

/// A register of 32 bits, written as `0x` and 8 digits.
#[derive(Clone, Copy)]
struct ShortHex(u32);

/// Serialises to the schema [`SCHEMA`]; the same view gives the same bytes.
impl Serialize for View {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let common_caches = self.common_caches();
        let vcpus = self.own.iter().zip(&self.caches);
        let vcpus = vcpus.map(|(registers, caches)| VcpuObject {
            registers,
            caches: common_caches.is_none().then(|| shown(caches)),
        });
        let info = &self.info;
        let file = ViewObject {
            schema: SCHEMA,
            kernel_release: &info.kernel_release,
            cpu: info.model.to_string(),
            vcpu: info.vcpu,
            sve_vector_lengths: &info.sve_vector_lengths,
            pmu_counters: info.pmu_counters,
            target_cpus: info.target_cpus.iter().copied().map(Into::into).collect(),
            timer_frequency: info.timer_frequency,
            physical_address_bits: info.physical_address_bits,
            gic: info.gic,
            firmware: info.firmware,
            registers: &self.common,
            vcpus: vcpus.collect(),
            caches: common_caches.filter(|caches| !caches.is_empty()).map(shown),
        };
        file.serialize(serializer)
    }
}

impl View {
    /// The cache sizes of all vCPUs, or `None` if they differ.
    fn common_caches(&self) -> Option<&CacheSizes> {
        let (first, others) = self.caches.split_first()?;
        others.iter().all(|other| other == first).then_some(first)
    }
}

fn shown(caches: &CacheSizes) -> Vec<Option<ShortHex>> {
    caches.iter().map(|size| size.map(ShortHex)).collect()
}

fn is_without_values(values: &RegisterValues) -> bool {
    values.iter().next().is_none()
}

/// A file's content before a description selects the known registers.
#[derive(Deserialize)]
struct ParsedView {
    // First in the file, so that a newer file is rejected for its number and not for its content.
    #[serde(rename = "schema", deserialize_with = "schema")]
    _schema: (),
    kernel_release: String,
    cpu: String,
    vcpu: Object<VcpuConfig>,
    sve_vector_lengths: Bounded<u32, MOST_ITEMS>,
    pmu_counters: Option<u32>,
    #[serde(default)]
    target_cpus: Bounded<Object<TargetCpuObject>, MOST_TARGET_CPUS>,
    timer_frequency: u64,
    physical_address_bits: Option<u32>,
    #[serde(default)]
    gic: Object<GicIdentity>,
    #[serde(default)]
    firmware: FirmwareValues,
    registers: NamedValues,
    #[serde(default)]
    caches: Bounded<Option<ShortHex>, MOST_ITEMS>,
    vcpus: Bounded<Object<ParsedVcpu>, MOST_VCPUS>,
}

#[derive(Deserialize)]
struct ParsedVcpu {
    #[serde(default)]
    registers: NamedValues,
    caches: Option<Bounded<Option<ShortHex>, MOST_ITEMS>>,
}

impl<'de> Deserialize<'de> for View {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize_described(&regs::DESCRIPTION, deserializer)
    }
}

impl View {
    /// Reads a view file with the registers of another description than [`regs::DESCRIPTION`].
    ///
    /// A register that the description does not have is ignored if its value is zero.
    ///
    /// # Errors
    ///
    /// An error of the deserializer, with the member that it is about: the file is not a view file,
    /// has a newer schema or an unknown register, or no guest can have such a view.
    pub fn deserialize_described<'de, D: Deserializer<'de>>(
        description: &'static Description,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        let parsed: ParsedView = reading::object(deserializer)?;
        parsed.view(description).map_err(D::Error::custom)
    }
}

impl ParsedView {
    fn view(self, description: &'static Description) -> Result<View, String> {
        if self.cpu.len() > MOST_MODEL {
            return Err(format!("`cpu` has more than {MOST_MODEL} bytes"));
        }
        let model = CpuModel::recorded(&self.cpu);
        let info = ViewInfo {
            kernel_release: self.kernel_release,
            model: model.map_err(|error| format!("`cpu`: {error}"))?,
            vcpu: self.vcpu.0,
            sve_vector_lengths: self.sve_vector_lengths.0,
            pmu_counters: self.pmu_counters,
            target_cpus: self
                .target_cpus
                .0
                .into_iter()
                .map(|cpu| cpu.0.into())
                .collect(),
            timer_frequency: self.timer_frequency,
            physical_address_bits: self.physical_address_bits,
            gic: self.gic.0,
            firmware: self.firmware,
        };
        let common = self.registers.described(description)?;
        let common_caches = sizes(&self.caches);
        let mut vcpus = Vec::new();
        for (number, Object(vcpu)) in self.vcpus.0.into_iter().enumerate() {
            let mut values = common.clone();
            let own = vcpu.registers.described(description);
            let own = own.map_err(|error| format!("`vcpus[{number}]`: {error}"))?;
            for (register, value) in own.iter() {
                if values.get(register).is_some() {
                    return Err(format!(
                        "`vcpus[{number}]`: register {} is in `registers` as well; keep one",
                        register.name
                    ));
                }
                values.set(register, value);
            }
            let caches = vcpu.caches.as_ref().map_or(common_caches.clone(), sizes);
            vcpus.push(VcpuReading { values, caches });
        }
        View::new(info, vcpus).map_err(|error| error.to_string())
    }
}

fn sizes(list: &Bounded<Option<ShortHex>, MOST_ITEMS>) -> CacheSizes {
    list.0.iter().map(|size| size.map(|size| size.0)).collect()
}

fn schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let schema = Cow::<str>::deserialize(deserializer)?;
    check_schema(&schema, SCHEMA, "view file").map_err(D::Error::custom)
}

impl From<TargetCpu> for TargetCpuObject {
    fn from(cpu: TargetCpu) -> Self {
        Self {
            midr: Hex(cpu.midr),
            revidr: Hex(cpu.revidr),
            aidr: Hex(cpu.aidr),
        }
    }
}

impl From<TargetCpuObject> for TargetCpu {
    fn from(cpu: TargetCpuObject) -> Self {
        Self {
            midr: cpu.midr.0,
            revidr: cpu.revidr.0,
            aidr: cpu.aidr.0,
        }
    }
}

impl Serialize for ShortHex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#010x}", self.0))
    }
}

impl<'de> Deserialize<'de> for ShortHex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Hex(value) = Hex::deserialize(deserializer)?;
        let short = u32::try_from(value);
        short
            .map(Self)
            .map_err(|_| D::Error::custom(format!("{} has more than 32 bits", Hex(value))))
    }
}
