//! Host files.

use idreg_runtime::fleet::{Fleet, Policy};
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;

/// A host that can be read is written to a file that reads as the same host, and has an answer to
/// every question.
pub fn host_file(bytes: &[u8]) {
    let Ok(host) = serde_json::from_slice::<Host>(bytes) else {
        return;
    };
    let file = serde_json::to_string(&host).expect("a host file");
    let again: Host = serde_json::from_str(&file).expect("our own file");
    assert_eq!(serde_json::to_string(&again).expect("a host file"), file);
    let _answer = Plan::new(&host, &CpuModel::host());
    let mut fleet = Fleet::new();
    fleet.add("host", &host).expect("the only description");
    let _answer = fleet.baseline(&Policy::default());
}
