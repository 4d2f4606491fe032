//! Templates in JSON.

use super::{Bitmap, FeatureModifier, Fingerprint, MOST_BITS, RegisterModifier, Template};
use crate::number;
use crate::reading::{self, Bounded};
use crate::text::Printable;
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

/// The maximum number of modifiers: several times the 312 registers of the longest dump known.
const MOST_MODIFIERS: usize = 4096;
/// The maximum length of a bitmap in characters, with a separator for each bit.
const MOST_CHARACTERS: usize = 2 * MOST_BITS as usize + 2;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateObject {
    #[serde(default)]
    kvm_capabilities: Bounded<String, MOST_MODIFIERS>,
    #[serde(default)]
    vcpu_features: Bounded<FeatureObject, MOST_MODIFIERS>,
    #[serde(default)]
    reg_modifiers: Bounded<RegisterObject, MOST_MODIFIERS>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureObject {
    index: u32,
    bitmap: Bitmap,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterObject {
    addr: RegisterId,
    bitmap: Bitmap,
}

struct RegisterId(u64);

/// A file of Firecracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// A custom CPU template, or the output of `cpu-template-helper template dump`.
    Template(Template),
    /// The output of `cpu-template-helper fingerprint dump`.
    Fingerprint(Fingerprint),
}

/// The members of templates and of fingerprints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentObject {
    kernel_version: Option<String>,
    guest_cpu_config: Option<Template>,
    #[serde(rename = "firecracker_version")]
    _firecracker_version: Option<IgnoredAny>,
    #[serde(rename = "microcode_version")]
    _microcode_version: Option<IgnoredAny>,
    #[serde(rename = "bios_version")]
    _bios_version: Option<IgnoredAny>,
    #[serde(rename = "bios_revision")]
    _bios_revision: Option<IgnoredAny>,
    #[serde(default)]
    kvm_capabilities: Bounded<String, MOST_MODIFIERS>,
    #[serde(default)]
    vcpu_features: Bounded<FeatureObject, MOST_MODIFIERS>,
    #[serde(default)]
    reg_modifiers: Bounded<RegisterObject, MOST_MODIFIERS>,
}

/// Reads a template or a fingerprint, of which every member is known.
impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object: DocumentObject = reading::object(deserializer)?;
        let Some(guest_cpu_config) = object.guest_cpu_config else {
            let template = TemplateObject {
                kvm_capabilities: object.kvm_capabilities,
                vcpu_features: object.vcpu_features,
                reg_modifiers: object.reg_modifiers,
            };
            return Ok(Self::Template(template.into()));
        };
        let missing = || D::Error::missing_field("kernel_version");
        Ok(Self::Fingerprint(Fingerprint {
            kernel_version: object.kernel_version.ok_or_else(missing)?,
            guest_cpu_config,
        }))
    }
}

/// Reads a template, of which every member is known.
impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object: TemplateObject = reading::object(deserializer)?;
        Ok(object.into())
    }
}

impl From<TemplateObject> for Template {
    fn from(object: TemplateObject) -> Self {
        let features = object.vcpu_features.0.into_iter();
        let registers = object.reg_modifiers.0.into_iter();
        Self {
            capabilities: object.kvm_capabilities.0,
            features: features
                .map(|FeatureObject { index, bitmap }| FeatureModifier {
                    index,
                    bits: bitmap,
                })
                .collect(),
            registers: registers
                .map(|RegisterObject { addr, bitmap }| RegisterModifier {
                    id: addr.0,
                    bits: bitmap,
                })
                .collect(),
        }
    }
}

impl<'de> Deserialize<'de> for RegisterId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        number::parse(&text).map(Self).map_err(D::Error::custom)
    }
}

/// Reads `0b` and up to 128 of `0`, `1` and `x`, with `_` between them.
impl<'de> Deserialize<'de> for Bitmap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        bitmap(&text).ok_or_else(|| {
            D::Error::custom(format_args!(
                "`{}` is not a bitmap; write 0b and up to {MOST_BITS} of 0, 1 and x",
                Printable(&text)
            ))
        })
    }
}

fn bitmap(text: &str) -> Option<Bitmap> {
    let digits = text.strip_prefix("0b")?;
    if digits.len() > MOST_CHARACTERS {
        return None;
    }
    let mut bits = Bitmap::default();
    let mut count = 0;
    for digit in digits.bytes().filter(|digit| *digit != b'_') {
        let (filter, value) = match digit {
            b'0' => (1, 0),
            b'1' => (1, 1),
            b'x' => (0, 0),
            _ => return None,
        };
        bits.filter = bits.filter << 1 | filter;
        bits.value = bits.value << 1 | value;
        count += 1;
    }
    (1..=MOST_BITS).contains(&count).then_some(bits)
}
