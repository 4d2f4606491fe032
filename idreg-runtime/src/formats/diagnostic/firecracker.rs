//! Firecracker's messages (Firecracker 1.16, `src/vmm/src/arch/aarch64/vcpu.rs`,
//! `src/vmm/src/persist.rs`).

use super::register::KvmRegister;
use super::scan::{after, has, number, split};
use super::{Diagnostic, Event, Program};

pub(super) fn recognize(line: &str) -> Option<Diagnostic<'_>> {
    register(line).or_else(|| state(line))
}

const fn event(event: Event<'_>) -> Diagnostic<'_> {
    Diagnostic::new(Program::Firecracker, event)
}

/// `Failed to set register ID to value VALUE: ERROR`, `Failed to set register ID: ERROR` of older
/// versions, and the same as `SetOneReg(ID, ...)`.
fn register(line: &str) -> Option<Diagnostic<'_>> {
    let id = after(line, "ailed to set register ").or_else(|| after(line, "SetOneReg("));
    let is_write = id.is_some();
    let id = id.or_else(|| after(line, "ailed to get register "));
    let id = id.or_else(|| after(line, "GetOneReg("))?;
    let (id, rest) = number(id)?;
    let register = KvmRegister::from_id(id)?;
    let value = rest
        .strip_prefix(" to value ")
        .or_else(|| rest.strip_prefix(", \""));
    let value = value.and_then(number);
    // The value of a register of SVE has more than 64 bits.
    let error = split(rest, ": ").map_or(rest, |(_, error)| error);
    let error = error.trim_start_matches([',', ' ']);
    let event_ = if is_write && (has(error, "Invalid argument") || has(error, "Error(22)")) {
        Event::RegisterRefused
    } else if has(error, "os error 2)") || has(error, "Error(2)") {
        Event::RegisterUnknown
    } else {
        Event::RegisterFailed { error }
    };
    let value = value.map(|(value, _)| value);
    Some(event(event_).about(register).with_values(value, None))
}

fn state(line: &str) -> Option<Diagnostic<'_>> {
    let reports = |pattern: &str| has(line, pattern);
    let event_ = if reports("Host CPU manufacturer ID") && reports("differs from") {
        Event::ImplementerDiffers
    } else if reports("Error initializing the vcpu: ") {
        Event::VcpuNotCreated
    } else if reports("Failed to restore the state of the vcpu")
        || reports("Error applying template: ")
        || reports("Failed to restore vCPU state")
        || reports("Failed to restore vCPUs: ")
    {
        Event::VcpuStateNotSet
    } else if reports("Load snapshot error: ")
        || reports("Load microVM snapshot error: ")
        || reports("Failed to build microVM from snapshot")
        || reports("Failed to restore from snapshot")
    {
        Event::SnapshotNotRestored
    } else {
        return None;
    };
    Some(event(event_))
}
