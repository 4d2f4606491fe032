//! Hosts as `vmm-demo dump` wrote them on emulated machines: CPU and kernel.

#![allow(dead_code, reason = "not every test needs every host")]

use idreg_runtime::host::Host;

pub(crate) const MAX_7_2: &str = include_str!("../data/max-7.2.json");
pub(crate) const MAX_6_1: &str = include_str!("../data/max-6.1.json");
pub(crate) const A64FX_7_2: &str = include_str!("../data/a64fx-7.2.json");

pub(crate) fn host(file: &str) -> Host {
    serde_json::from_str(file).expect("a host file that dump wrote")
}
