//! The forms that several commands print as JSON.

use idreg_runtime::apply::ApplyError;
use idreg_runtime::description::FieldOf;
use idreg_runtime::model::CpuModel;
use idreg_runtime::number::Hex;
use idreg_runtime::plan::{Plan, PlanError};
use idreg_runtime::values::RegisterValues;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// Registers by name, in index order.
pub(crate) struct Registers<'v>(pub(crate) &'v RegisterValues);

impl Serialize for Registers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (register, value) in self.0.iter() {
            map.serialize_entry(register.name, &Hex(value))?;
        }
        map.end()
    }
}

/// A register that a plan writes.
#[derive(Serialize)]
pub(crate) struct Write {
    register: &'static str,
    old: Hex,
    new: Hex,
}

pub(crate) fn writes(plan: &Plan) -> Vec<Write> {
    let writes = plan.writes().iter();
    writes
        .map(|write| Write {
            register: write.register.name,
            old: Hex(write.old),
            new: Hex(write.new),
        })
        .collect()
}

/// A model that a host or its kernel refused.
#[derive(Serialize)]
pub(crate) struct Refusal {
    cpu: String,
    rejections: Vec<Rejection>,
}

#[derive(Serialize)]
struct Rejection {
    property: String,
    /// As given if it was no number, else as shown everywhere.
    requested: String,
    host: Option<String>,
    reason: &'static str,
    errno: Option<i32>,
    message: String,
}

impl Refusal {
    /// The refusal as data, if the plan was refused property by property.
    pub(crate) fn of_plan(model: &CpuModel, error: &PlanError) -> Option<Self> {
        let PlanError::Rejected(rejections) = error else {
            return None;
        };
        let rejections = rejections.iter().map(|rejection| Rejection {
            property: rejection.asked.property.clone(),
            requested: match &rejection.asked.value {
                Ok(value) => format!("{value:#x}"),
                Err(_) => rejection.asked.to_string(),
            },
            host: rejection
                .target
                .and_then(|target| target.host)
                .map(|host| format!("{host:#x}")),
            reason: rejection.reason.name(),
            errno: None,
            message: rejection.to_string(),
        });
        Some(Self {
            cpu: model.to_string(),
            rejections: rejections.collect(),
        })
    }

    /// The refusal as data, if KVM refused properties.
    pub(crate) fn of_kvm(model: &CpuModel, error: &ApplyError) -> Option<Self> {
        let ApplyError::Refused { changes, errno } = error else {
            return None;
        };
        let rejections = changes.iter().map(|change| Rejection {
            property: FieldOf::to_string(&change.field),
            requested: format!("{:#x}", change.new),
            host: Some(format!("{:#x}", change.old)),
            reason: "refused-by-kvm",
            errno: Some(errno.0),
            message: error.to_string(),
        });
        Some(Self {
            cpu: model.to_string(),
            rejections: rejections.collect(),
        })
    }
}
