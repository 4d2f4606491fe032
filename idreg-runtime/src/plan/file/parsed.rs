//! A plan file's content before a description selects the known registers.

use super::SCHEMA;
use crate::config::{GicIdentity, VcpuConfig};
use crate::description::{Description, RegisterDescription, RegisterField};
use crate::firmware::FirmwareValues;
use crate::model::CpuModel;
use crate::number::Hex;
use crate::plan::elsewhere::Elsewhere;
use crate::plan::{Change, Plan, Warning, Warnings, Write};
use crate::reading::{self, Bounded, Object, check_schema};
use crate::regs;
use crate::text::Printable;
use crate::values::{NamedValues, RegisterValues};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

/// The most items that a list in a file can have, more than there are fields.
const MOST: usize = 4096;

#[derive(Deserialize)]
struct ParsedPlan {
    // First in the file, so that a newer file is rejected for its number and not for its content.
    #[serde(rename = "schema", deserialize_with = "schema")]
    _schema: (),
    cpu: String,
    kernel_release: String,
    vcpu: Object<VcpuConfig>,
    changes: Bounded<Object<ParsedChange>, MOST>,
    writes: Bounded<Object<ParsedWrite>, MOST>,
    #[serde(default)]
    other_writes: Bounded<Object<ParsedOtherWrite>, MOST>,
    #[serde(default)]
    firmware: FirmwareValues,
    #[serde(default)]
    gic: Object<GicIdentity>,
    warnings: Bounded<Object<ParsedWarning>, MOST>,
    expected: NamedValues,
}

#[derive(Deserialize)]
struct ParsedChange {
    property: String,
    old: Hex,
    new: Hex,
}

#[derive(Deserialize)]
struct ParsedWrite {
    register: String,
    old: Hex,
    new: Hex,
}

#[derive(Deserialize)]
struct ParsedOtherWrite {
    register: String,
    old: Hex,
    new: Option<Hex>,
}

#[derive(Deserialize)]
struct ParsedWarning {
    kind: String,
    message: String,
}

/// Reads a plan, which then applies and verifies as the one that was written, on the same host. Its
/// warnings are [recorded](Warning::Recorded) ones.
///
/// ```
/// # let host: idreg_runtime::host::Host =
/// #     serde_json::from_str(include_str!("../../../data/hosts/max-latest.json"))?;
/// use idreg_runtime::fake::FakeVcpu;
/// use idreg_runtime::plan::Plan;
///
/// let plan = Plan::new(&host, &"host,FEAT_DotProd=off".parse()?)?;
/// let file = serde_json::to_string(&plan)?;
///
/// let read: Plan = serde_json::from_str(&file)?;
/// let vcpu = FakeVcpu::new(&host);
/// read.apply(&vcpu)?;
/// plan.verify(&vcpu)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<'de> Deserialize<'de> for Plan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize_described(&regs::DESCRIPTION, deserializer)
    }
}

impl Plan {
    /// Reads a plan file with the registers of another description than [`regs::DESCRIPTION`].
    ///
    /// # Errors
    ///
    /// An error of the deserializer, with the member that it is about: the file is not a plan file,
    /// has a newer schema, a register or property that the description does not have, or members
    /// that contradict each other.
    pub fn deserialize_described<'de, D: Deserializer<'de>>(
        description: &'static Description,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        let parsed: ParsedPlan = reading::object(deserializer)?;
        parsed.plan(description).map_err(D::Error::custom)
    }
}

impl ParsedPlan {
    fn plan(self, description: &'static Description) -> Result<Plan, String> {
        let model = CpuModel::recorded(&self.cpu);
        let model = model.map_err(|error| format!("`cpu`: {error}"))?;
        let expected = self.expected.described(description)?;
        let mut host = expected.clone();
        let mut writes = Vec::new();
        for (index, Object(write)) in self.writes.0.into_iter().enumerate() {
            let found = write.found(&expected);
            let write = found.map_err(|error| format!("`writes[{index}]`: {error}"))?;
            host.set(write.register, write.old);
            writes.push(write);
        }
        let mut elsewhere = Vec::new();
        for (index, Object(other)) in self.other_writes.0.into_iter().enumerate() {
            let register = register(&expected, &other.register);
            let register = register.map_err(|error| format!("`other_writes[{index}]`: {error}"))?;
            host.set(register, other.old.0);
            elsewhere.push(Elsewhere {
                register,
                value: other.new.map(|new| new.0),
            });
        }
        let mut changes = Vec::new();
        for (index, Object(change)) in self.changes.0.into_iter().enumerate() {
            let found = change.found(&host, &expected);
            changes.push(found.map_err(|error| format!("`changes[{index}]`: {error}"))?);
        }
        let warnings = self.warnings.0.into_iter();
        let warnings = warnings
            .map(|Object(ParsedWarning { kind, message })| Warning::Recorded { kind, message });
        Ok(Plan {
            model,
            kernel_release: self.kernel_release,
            config: self.vcpu.0,
            changes,
            writes,
            host,
            expected,
            elsewhere,
            firmware: self.firmware,
            gic_identity: self.gic.0,
            warnings: Warnings::new(warnings.collect()),
        })
    }
}

impl ParsedWrite {
    fn found(&self, expected: &RegisterValues) -> Result<Write, String> {
        let register = register(expected, &self.register)?;
        let (Hex(old), Hex(new)) = (self.old, self.new);
        match expected.get(register) {
            Some(value) if value != new => Err(format!(
                "`new` is {}, and `expected` has {} for {}",
                Hex(new),
                Hex(value),
                register.name
            )),
            _ => Ok(Write { register, old, new }),
        }
    }
}

impl ParsedChange {
    fn found(&self, host: &RegisterValues, expected: &RegisterValues) -> Result<Change, String> {
        let property = &self.property;
        let field: RegisterField = expected.description().property(property).ok_or_else(|| {
            format!(
                "this version does not know the property {}",
                Printable(property)
            )
        })?;
        let (Hex(old), Hex(new)) = (self.old, self.new);
        if host.field(field) == Some(old) && expected.field(field) == Some(new) {
            Ok(Change { field, old, new })
        } else {
            Err(format!(
                "{field} changes from {old:#x} to {new:#x}, but not in the file's registers"
            ))
        }
    }
}

fn register(values: &RegisterValues, name: &str) -> Result<&'static RegisterDescription, String> {
    let mut known = values.iter().map(|(register, _)| register);
    known
        .find(|register| register.name == name)
        .ok_or_else(|| format!("`expected` has no register {}", Printable(name)))
}

fn schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let schema = Cow::<str>::deserialize(deserializer)?;
    check_schema(&schema, SCHEMA, "plan file").map_err(D::Error::custom)
}
