//! libvirt's messages (libvirt 11.3, `src/cpu/`, `src/qemu/qemu_process.c`,
//! `src/qemu/qemu_driver.c`, `src/util/virerror.c`).

use super::scan::{after, has, quoted, split};
use super::{Diagnostic, Event, Program};

pub(super) fn recognize(line: &str) -> Option<Diagnostic<'_>> {
    let event = compatibility(line).or_else(|| configuration(line))?;
    Some(Diagnostic::new(Program::Libvirt, event))
}

fn compatibility(line: &str) -> Option<Event<'_>> {
    if let Some(rest) = after(line, "guest CPU doesn't match specification") {
        return Some(Event::GuestCpuDiffers {
            features: features(rest),
        });
    }
    let rest = after(line, "CPU is incompatible with host CPU")
        .or_else(|| after(line, "guest and host CPU are not compatible"))?;
    Some(Event::HostCpuIncompatible {
        features: features(rest),
    })
}

/// The list after `missing features: `, `extra features: ` or `required features: `.
fn features(text: &str) -> &str {
    let list = after(text, "features: ").unwrap_or_default();
    let list = split(list, "\"").map_or(list, |(list, _)| list);
    list.trim_end()
}

fn configuration(line: &str) -> Option<Event<'_>> {
    if has(line, "is not supported by hypervisor") {
        if let Some(rest) = after(line, "CPU mode '") {
            let mode = quoted(rest)?;
            return Some(Event::CpuModeUnsupported { mode });
        }
        let rest = after(line, "CPU model ")?;
        let name = rest.split_whitespace().next()?;
        return Some(Event::CpuTypeUnknown {
            name: name.trim_matches('\''),
        });
    }
    let compares = has(line, "hypervisor CPU is not supported for arch")
        || has(line, "hypervisor-cpu-baseline") && has(line, "not supported")
        || has(line, "hypervisor-cpu-compare") && has(line, "not supported");
    if compares {
        return Some(Event::ComparisonUnsupported);
    }
    // In a log of JSON objects the message ends in a quotation mark.
    let reason = after(line, "unsupported configuration: ")?;
    let reason = split(reason, "\"").map_or(reason, |(reason, _)| reason);
    let reason = reason.trim_end();
    Some(Event::UnsupportedConfiguration { reason })
}
