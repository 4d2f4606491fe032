//! Tests of the demo VMM on an Arm host, to which the testbed copies both (`tests/tests/vmm.rs`).
//!
//! The working directory contains `Image` and `initrd.cpio.gz`, from which Linux guests boot. A row
//! that is not possible on this host prints `skipped: ROW: WHY` on standard error.

#![cfg(all(target_os = "linux", target_arch = "aarch64"))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod affinity;
mod bare;
mod clock;
mod endings;
mod machine_state;
mod memory;
mod program;
mod qmp;
mod refusals;
mod running;
mod state_seams;
mod terminal;
mod views;

use program::vmm_demo;

#[test]
fn the_program_runs_here() {
    let output = vmm_demo(["--version"]).output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    let version = concat!("vmm-demo ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), version);
}

#[test]
fn linux_guests_have_files_to_boot_from() {
    // Linux 7.2, Documentation/arch/arm64/booting.rst: the magic number of an image is at byte 56.
    let image = std::fs::read("Image").expect("a kernel");
    assert_eq!(image.get(56..60), Some(&b"ARM\x64"[..]));
    // RFC 1952, 2.3.1.
    let initrd = std::fs::read("initrd.cpio.gz").expect("an archive");
    assert!(initrd.starts_with(&[0x1f, 0x8b]));
}
