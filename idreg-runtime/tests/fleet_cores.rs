//! Models of machines with several kinds of cores.

#![allow(
    clippy::indexing_slicing,
    reason = "clippy counts helpers of an integration test as production code"
)]

use idreg_runtime::fleet::{Fleet, Policy};
use idreg_runtime::host::Host;
use serde_json::Value;

/// The registers in which the cores of a real machine differ, with the mask of Linux 7.2.
const SM8450: &str = include_str!("../../tests/data/real-hosts/sm8450-cores.json");

/// `ID_AA64MMFR1_EL1` of `masks-7.2.tsv`.
const MASK: &str = "0xffffffff0ffff00f";

fn host() -> Host {
    let mut json: Value = serde_json::from_str(SM8450).expect("JSON");
    json["capabilities"]["writable_masks"] = true.into();
    json["registers"]["ID_AA64MMFR1_EL1"]["writable"] = MASK.into();
    serde_json::from_value(json).expect("a host")
}

/// SpecSEI is 1 on some cores and 0 on others, and the higher value is the safe one.
#[test]
fn field_in_which_cores_differ_is_in_the_model() {
    let mut fleet = Fleet::new();
    fleet.add("sm8450", &host()).expect("the first host");
    let baseline = fleet.baseline(&Policy::default()).expect("a model");
    let fit = &baseline.fits()[0];
    assert_eq!(
        fit.model().to_string(),
        "host,SYSREG_ID_AA64MMFR1_EL1_SpecSEI=0x1"
    );
    assert!(
        fit.plan().warnings().is_empty(),
        "{:?}",
        fit.plan().warnings()
    );
}
