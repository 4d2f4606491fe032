//! Events of QEMU and libvirt that name a property, a model or an option.

use super::{Advice, FIND_THE_DIFFERENCE, advice};
use crate::output::escaped;
use idreg_runtime::description::PROPERTY_PREFIX;
use idreg_runtime::formats::diagnostic::Event;
use idreg_runtime::model::property::Property;
use idreg_runtime::regs::DESCRIPTION;

pub(super) fn of(event: &Event) -> Option<Advice> {
    Some(match *event {
        Event::PropertyNotFound { name } => not_found(name),
        Event::CpuTypeUnknown { name } => advice(
            format!(
                "there is no CPU model {}, or not on this machine type",
                escaped(name)
            ),
            "with KVM on arm64 the models are host and max; others need the same CPU, or TCG",
            &["use the model host with overrides; idreg models lists this project's named models"],
        ),
        Event::CpuTypeNotHere { name } => advice(
            format!("the CPU model {} does not work here", escaped(name)),
            "KVM gives guests the host's CPU; the model host needs KVM, and others the same CPU",
            &["use -accel kvm with -cpu host, and overrides for what the guest may see"],
        ),
        Event::OptionUnsupported { name } => advice(
            format!(
                "this host's KVM does not support the option {}",
                escaped(name)
            ),
            "the CPU lacks the feature, or the kernel was built or started without it",
            &["leave the option out, or use a host that has it: idreg dump lists capabilities"],
        ),
        Event::VectorLength { bits } => advice(
            format!("a guest cannot have SVE with this setting of sve{bits}"),
            "KVM gives a guest every vector length of the host up to a maximum",
            &["switch on the maximum alone, such as sve256=on; idreg dump has the host's lengths"],
        ),
        Event::HostCpuIncompatible { features } => advice(
            with_list("the host's CPU lacks what the guest's CPU needs", features),
            "libvirt compares names of models and features, on Arm not the ID registers",
            &[FIND_THE_DIFFERENCE],
        ),
        Event::GuestCpuDiffers { features } => advice(
            with_list("QEMU did not give the guest the requested CPU", features),
            "a feature of the domain's CPU is not there on this host, or under this kernel",
            &[
                "remove the feature from the domain, or use check='none'",
                FIND_THE_DIFFERENCE,
            ],
        ),
        Event::CpuModeUnsupported { mode } => mode_unsupported(mode),
        Event::ComparisonUnsupported => advice(
            "CPU models of this architecture cannot be compared",
            "QEMU and libvirt refuse comparison and baseline on arm64",
            &["idreg compare and idreg baseline do it; idreg qmp answers QEMU's queries"],
        ),
        Event::UnsupportedConfiguration { reason } => unsupported(reason),
        _ => return None,
    })
}

fn with_list(summary: &str, features: &str) -> String {
    if features.is_empty() {
        summary.to_owned()
    } else {
        format!("{summary}: {}", escaped(features))
    }
}

fn not_found(name: &str) -> Advice {
    let summary = format!("there is no property {}", escaped(name));
    match Property::find(&DESCRIPTION, name) {
        Some(Property::Field(_)) => advice(
            summary,
            "the field exists. QEMU up to 11.1 has no properties of fields; a QEMU with them has \
             those that this host's KVM lets be written",
            &["idreg props --all NAME says what KVM allows on a host, and why not"],
        ),
        Some(_) => advice(
            summary,
            "the property exists here; QEMU has it in newer versions, under another name, or not",
            &["idreg check --cpu host,... checks a model with it"],
        ),
        None if name.starts_with(PROPERTY_PREFIX) => advice(
            summary,
            "no register of Linux 7.2 has this field; QEMU's series from version 4 on and Arm \
             spell some fields differently from the kernel",
            &["idreg props --all '*PART*' searches names"],
        ),
        None => advice(
            summary,
            "a misspelt name, or a property of another version or CPU model of QEMU",
            &["-cpu host,help lists QEMU's, idreg props this library's"],
        ),
    }
}

fn unsupported(reason: &str) -> Advice {
    let summary = format!("the configuration is not supported: {}", escaped(reason));
    if !reason.contains("CPU") {
        return advice(summary, "", &[]);
    }
    let remedy =
        "on arm64 use <cpu mode='host-passthrough'/>, and the features sve, pauth and pmu by name";
    advice(summary, "", &[remedy])
}

fn mode_unsupported(mode: &str) -> Advice {
    advice(
        format!("the CPU mode {} is not supported here", escaped(mode)),
        if mode == "host-passthrough" {
            "host-passthrough needs KVM: /dev/kvm is missing, or the domain's type is qemu"
        } else {
            "on arm64 libvirt has host-passthrough with KVM only; there are no named models"
        },
        &["use <cpu mode='host-passthrough'/> with <domain type='kvm'>"],
    )
}
