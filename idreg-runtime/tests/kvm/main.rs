//! The checks of ID registers in the kernel's own selftests (Linux 7.2,
//! `tools/testing/selftests/kvm`), made through this crate on the KVM of the machine that runs
//! them.
//!
//! Each test is a row of those programs, or a row that they lack. A row that this host cannot show
//! prints `skipped: ROW: WHY` on standard error, where the end-to-end tests of the workspace look
//! for it.

#![cfg(all(target_os = "linux", target_arch = "aarch64", feature = "scratch"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod aarch32_id_regs;
mod configuration;
mod field_values;
mod get_reg_list;
mod machine;
mod no_vgic;
mod order;
mod pmu_counters;
mod set_id_regs;
mod vcpu_states;
mod view;
mod vm;
