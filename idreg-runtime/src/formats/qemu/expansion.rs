//! The answer of `query-cpu-model-expansion` as a CPU model.

use super::QemuGuest;
use super::read::{InvalidOptions, Reader};
use crate::config::options::CpuOption;
use crate::description::PROPERTY_PREFIX;
use crate::reading::{self, Entries};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The maximum number of properties: several times the fields that the series has.
const MOST_PROPERTIES: usize = 4096;

/// The answer of `query-cpu-model-expansion`, with `return` around it or without.
#[derive(Clone, Debug, PartialEq)]
pub struct Expansion {
    name: String,
    properties: Vec<(String, PropertyValue)>,
}

/// The value of a property in JSON.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum PropertyValue {
    Switch(bool),
    Number(u64),
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "return")]
    returned: Option<ModelObject>,
    model: Option<NamedModel>,
}

#[derive(Deserialize)]
struct ModelObject {
    model: NamedModel,
}

#[derive(Deserialize)]
struct NamedModel {
    name: String,
    #[serde(default)]
    props: Entries<PropertyValue, MOST_PROPERTIES>,
}

/// Reads the answer; members that are not used here are ignored.
impl<'de> Deserialize<'de> for Expansion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let answer: Answer = reading::object(deserializer)?;
        let model = answer
            .returned
            .map(|returned| returned.model)
            .or(answer.model);
        let model = model.ok_or_else(|| D::Error::custom("missing field `model`"))?;
        Ok(Self {
            name: model.name,
            properties: model.props.0,
        })
    }
}

impl Expansion {
    /// The model of the properties. Of the vector lengths that are on, the longest is enough.
    ///
    /// # Errors
    ///
    /// [`InvalidOptions`] for the first property that cannot be read.
    pub fn guest(&self) -> Result<QemuGuest, InvalidOptions> {
        let mut reader = Reader::default();
        Reader::base(&self.name)?;
        let (mut longest, mut sve) = (None, true);
        for (name, value) in &self.properties {
            match (Reader::option(name), value) {
                (Some(CpuOption::SveLength(bits)), PropertyValue::Switch(on)) => {
                    longest = longest.max(Some(bits).filter(|_| *on));
                }
                (Some(option), PropertyValue::Switch(on)) => {
                    sve &= option != CpuOption::Sve || *on;
                    reader.switch(option, *on);
                }
                (None, PropertyValue::Number(value)) if name.starts_with(PROPERTY_PREFIX) => {
                    reader.field(name, *value)?;
                }
                _ => reader.leave_out(name),
            }
        }
        if let Some(bits) = longest.filter(|_| sve) {
            reader.switch(CpuOption::SveLength(bits), true);
        }
        reader.guest()
    }
}
