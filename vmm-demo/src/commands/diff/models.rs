//! The named models that a host can give before and after its change.

use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::model::named::Models;
use idreg_runtime::plan::Plan;
use serde::Serialize;

/// The named models that a change takes from a host and brings to it.
#[derive(Serialize)]
pub(super) struct ModelChanges {
    /// The models that only the old host can give.
    pub(super) lost: Vec<String>,
    /// The models that only the new host can give.
    pub(super) won: Vec<String>,
}

impl ModelChanges {
    pub(super) fn new(old: &Host, new: &Host) -> Self {
        let (mut lost, mut won) = (Vec::new(), Vec::new());
        for model in Models::built_in().iter() {
            let plan = CpuModel::named(model.clone());
            let usable = [old, new].map(|host| Plan::new(host, &plan).is_ok());
            match usable {
                [true, false] => lost.push(model.full_name().to_owned()),
                [false, true] => won.push(model.full_name().to_owned()),
                _ => {}
            }
        }
        Self { lost, won }
    }
}
