//! Cloud Hypervisor's messages (Cloud Hypervisor 53, `hypervisor/src/cpu.rs`, `vmm/src/cpu.rs`).

use super::scan::has;
use super::{Diagnostic, Event, Program};

/// The failures of setting a vCPU's registers, as text and as names of errors. None has the
/// register.
const REGISTERS: [&str; 9] = [
    "Failed to set system register",
    "SetSysRegister(",
    "Failed to set one reg",
    "SetRegister(",
    "SetOneReg",
    "Failed to set aarch64 core register",
    "SetAarchCoreRegister(",
    "Could not set the vCPU state",
    "Failed to restore vCPU",
];

pub(super) fn recognize(line: &str) -> Option<Diagnostic<'_>> {
    let reports = |pattern: &str| has(line, pattern);
    let event = if REGISTERS.into_iter().any(reports) {
        Event::VcpuStateNotSet
    } else if reports("Failed to init vcpu") || reports("VcpuInit(") || reports("VcpuFinalize(") {
        Event::VcpuNotCreated
    } else if reports("failed to fill whole buffer") {
        Event::ConnectionClosed
    } else {
        return None;
    };
    Some(Diagnostic::new(Program::CloudHypervisor, event))
}
