//! Plans in JSON.

mod parsed;

use super::Plan;
use super::elsewhere::Elsewhere;
use crate::config::{GicIdentity, VcpuConfig};
use crate::firmware::FirmwareValues;
use crate::number::Hex;
use crate::values::RegisterValues;
use serde::{Serialize, Serializer};

/// The schema of a serialised plan: a name and a number, which increases if older readers would
/// misread it.
///
/// Members: `schema`; `cpu`, the model's text; `kernel_release` of the host; `vcpu`, the
/// configuration of the vCPUs; `changes`, each with `property`, `old` and `new`; `writes`, each
/// with `register`, `old` and `new`; `other_writes`, the registers that are left to
/// [other writers](Plan::expect), likewise, without `new` if each vCPU has a value of its own, and
/// not in the file if there are none; `firmware`, the firmware registers to write, and `gic`, the
/// identity of the GIC to write, each not in the file if there is none; `warnings`, each with
/// `kind` and `message`; `expected`, every register as the guest sees it. Numbers are `0x` strings.
pub const SCHEMA: &str = "idreg-plan/1";

#[derive(Serialize)]
struct PlanObject<'p> {
    schema: &'static str,
    cpu: String,
    kernel_release: &'p str,
    vcpu: VcpuConfig,
    changes: Vec<ChangeObject>,
    writes: Vec<WriteObject>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_writes: Vec<OtherWriteObject>,
    #[serde(skip_serializing_if = "FirmwareValues::is_empty")]
    firmware: FirmwareValues,
    #[serde(skip_serializing_if = "GicIdentity::is_unknown")]
    gic: GicIdentity,
    warnings: Vec<WarningObject<'p>>,
    expected: &'p RegisterValues,
}

#[derive(Serialize)]
struct ChangeObject {
    property: String,
    old: String,
    new: String,
}

#[derive(Serialize)]
struct WriteObject {
    register: &'static str,
    old: Hex,
    new: Hex,
}

#[derive(Serialize)]
struct OtherWriteObject {
    register: &'static str,
    old: Hex,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Hex>,
}

#[derive(Serialize)]
struct WarningObject<'p> {
    kind: &'p str,
    message: String,
}

/// Serialises to the schema [`SCHEMA`]; the same plan gives the same bytes.
impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let changes = self.changes.iter().map(|change| ChangeObject {
            property: change.field.to_string(),
            old: format!("{:#x}", change.old),
            new: format!("{:#x}", change.new),
        });
        let writes = self.writes.iter().map(|write| WriteObject {
            register: write.register.name,
            old: Hex(write.old),
            new: Hex(write.new),
        });
        let other_writes = self.elsewhere.iter();
        let other_writes = other_writes.map(|Elsewhere { register, value }| OtherWriteObject {
            register: register.name,
            old: Hex(self.host.get(register).unwrap_or(0)),
            new: value.map(Hex),
        });
        let warnings = self.warnings().iter().map(|warning| WarningObject {
            kind: warning.name(),
            message: warning.to_string(),
        });
        let object = PlanObject {
            schema: SCHEMA,
            cpu: self.model.to_string(),
            kernel_release: &self.kernel_release,
            vcpu: self.config,
            changes: changes.collect(),
            writes: writes.collect(),
            other_writes: other_writes.collect(),
            firmware: self.firmware,
            gic: self.gic_identity,
            warnings: warnings.collect(),
            expected: &self.expected,
        };
        object.serialize(serializer)
    }
}
