//! Events of Linux about the CPUs of one machine.

use super::{Advice, advice};
use crate::output::escaped;
use idreg_runtime::formats::diagnostic::Event;

pub(super) fn of(event: &Event) -> Option<Advice> {
    Some(match *event {
        Event::CpusDiffer { .. } => advice(
            "CPUs of one machine differ in a register",
            "the machine has several core types; guests see what the CPU has on which they started",
            &["idreg props and idreg check consider all core types of a host"],
        ),
        Event::CpusDifferSomewhere => advice(
            "CPUs of one machine differ in features",
            "the lines before this one name the registers",
            &[],
        ),
        Event::CapabilityDetected { name } => advice(
            format!("the kernel uses a feature or workaround: {}", escaped(name)),
            "",
            &["idreg props --features lists what guests can see"],
        ),
        Event::CapabilityConflict { name, cpu } => advice(
            format!("CPU{cpu} does not fit the others in: {}", escaped(name)),
            "a CPU that came up late lacks what the system relies on, or has what it must not \
             have; the kernel does not start it. In a guest: vCPUs with different ID registers",
            &["give every vCPU of a VM the same ID registers, and a hotplugged one too"],
        ),
        Event::Overridden { is_ignored: true } => advice(
            "the kernel ignores a value for a field of an ID register on its command line",
            "the value is above what the CPU has; only lower ones are safe",
            &["remove the parameter, or give a value that the CPU can honour"],
        ),
        Event::Overridden { is_ignored: false } => advice(
            "the kernel's command line overrides a field of an ID register",
            "a parameter such as arm64.nosve, or id_aa64isar1.gpi=0",
            &["remove the parameter if guests need the field: it lowers their limit too"],
        ),
        _ => return None,
    })
}
