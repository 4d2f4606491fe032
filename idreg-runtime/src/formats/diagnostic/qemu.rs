//! QEMU's messages (QEMU 11.1, `target/arm/kvm.c`, `target/arm/arm-qmp-cmds.c`,
//! `hw/core/machine.c`, `hw/arm/virt.c`, `accel/kvm/kvm-all.c`, `migration/`).

use super::notation::named_encoding;
use super::register::KvmRegister;
use super::scan::{after, decimal, has, hexadecimal, quoted, split};
use super::{Diagnostic, Event, Program};

pub(super) fn recognize(line: &str) -> Option<Diagnostic<'_>> {
    refused_register(line)
        .or_else(|| differing_lists(line))
        .or_else(|| property(line))
        .or_else(|| cpu_type(line))
        .or_else(|| option(line))
        .or_else(|| general(line))
}

const fn event(event: Event<'_>) -> Diagnostic<'_> {
    Diagnostic::new(Program::Qemu, event)
}

/// `Could not set register NAME to HEX (is HEX)`, `...: unknown to KVM` or `...: ERROR`.
fn refused_register(line: &str) -> Option<Diagnostic<'_>> {
    let rest = after(line, "Could not set register ")?;
    let Some((register, rest)) = register(rest) else {
        return Some(event(Event::RegisterRefused));
    };
    if let Some(error) = rest.strip_prefix(": ") {
        let event_ = match error.strip_prefix("unknown to KVM") {
            Some(_) => Event::RegisterUnknown,
            None => Event::RegisterFailed { error },
        };
        return Some(event(event_).about(register));
    }
    let wanted = rest.strip_prefix(" to ").and_then(hexadecimal);
    let present = wanted
        .and_then(|(_, rest)| rest.strip_prefix(" (is "))
        .and_then(hexadecimal);
    let values = [wanted, present].map(|value| value.map(|(value, _)| value));
    let [wanted, present] = values;
    let refused = event(Event::RegisterRefused).about(register);
    Some(refused.with_values(wanted, present))
}

/// A register as `kvm_print_register_name` shows it, and the text after it.
fn register(text: &str) -> Option<(KvmRegister, &str)> {
    let text = text.strip_prefix("system register ").unwrap_or(text);
    if text.starts_with("op0:") {
        let (encoding, rest) = named_encoding(text)?;
        return Some((KvmRegister::System(encoding), rest));
    }
    for (prefix, is_bitmap) in [("fw feat reg ", true), ("fw reg ", false)] {
        if let Some(rest) = text.strip_prefix(prefix) {
            let (number, rest) = decimal(rest)?;
            let number = u16::try_from(number).ok()?;
            return Some((KvmRegister::firmware(is_bitmap, number), rest));
        }
    }
    if let Some(rest) = text.strip_prefix("SVE ") {
        return sve_register(rest);
    }
    let id = ["demuxed reg ", "core reg "]
        .into_iter()
        .find_map(|prefix| text.strip_prefix(prefix));
    let (id, rest) = hexadecimal(id.unwrap_or(text))?;
    Some((KvmRegister::from_id(id)?, rest))
}

fn sve_register(text: &str) -> Option<(KvmRegister, &str)> {
    if let Some(rest) = text.strip_prefix("VLS") {
        return Some((KvmRegister::SveLengths, rest));
    }
    let (group, text) = [("zreg n:", 0), ("preg n:", 0x400)]
        .into_iter()
        .find_map(|(prefix, group)| Some((group, text.strip_prefix(prefix)?)))?;
    let (number, rest) = decimal(text)?;
    let number = u16::try_from(number).ok().filter(|number| *number < 32)?;
    let rest = rest.strip_prefix(" slice:").and_then(decimal);
    let rest = rest.map_or("", |(_, rest)| rest);
    Some((KvmRegister::Sve(group | number << 5), rest))
}

/// Registers that only one side of a migration has.
fn differing_lists(line: &str) -> Option<Diagnostic<'_>> {
    for (pattern, event_) in [
        (
            "Unexpected register in input stream: ",
            Event::RegisterUnexpected,
        ),
        ("Missing register in input stream: ", Event::RegisterMissing),
    ] {
        if let Some(rest) = after(line, pattern) {
            let id = after(rest, "0x").and_then(hexadecimal);
            let register = match id {
                Some((id, _)) => KvmRegister::from_id(id),
                None => register(rest).map(|(register, _)| register),
            };
            return Some(event(event_).about(register?));
        }
    }
    if has(line, "ailed to load cpu:cpreg_vmstate_array_len") {
        let (guest, destination) = (None, None);
        return Some(event(Event::TooManyRegisters { guest, destination }));
    }
    let rest = after(line, "Invalid value ")?;
    let (guest, rest) = decimal(rest)?;
    let destination = rest.strip_prefix(" expecting positive value <= ")?;
    Some(event(Event::TooManyRegisters {
        guest: Some(guest),
        destination: decimal(destination).map(|(number, _)| number),
    }))
}

/// `Property 'TYPE.NAME' not found` and `Parameter 'model.props.NAME' is unexpected`.
fn property(line: &str) -> Option<Diagnostic<'_>> {
    let not_found = after(line, "Property '")
        .and_then(quoted)
        .filter(|_| has(line, "' not found"));
    let unexpected = || {
        after(line, "Parameter 'model.props.")
            .and_then(quoted)
            .filter(|_| has(line, "' is unexpected"))
    };
    let name = not_found.or_else(unexpected)?;
    let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
    Some(event(Event::PropertyNotFound { name }))
}

fn cpu_type(line: &str) -> Option<Diagnostic<'_>> {
    if let Some(rest) = after(line, "he CPU type '") {
        let name = quoted(rest)?;
        let is_unknown = has(rest, "' is not a recognized ARM CPU type");
        return Some(event(if is_unknown {
            Event::CpuTypeUnknown { name }
        } else if has(rest, "' requires KVM") || has(rest, "works with KVM on this host") {
            Event::CpuTypeNotHere { name }
        } else {
            return None;
        }));
    }
    if let Some(name) = after(line, "unable to find CPU model '").and_then(quoted) {
        return Some(event(Event::CpuTypeUnknown { name }));
    }
    let name = after(line, "Invalid CPU model: ").or_else(|| after(line, "Invalid CPU type: "))?;
    let name = name.split_whitespace().next()?;
    Some(event(Event::CpuTypeUnknown { name }))
}

fn option(line: &str) -> Option<Diagnostic<'_>> {
    let unsupported = |name| Some(event(Event::OptionUnsupported { name }));
    if let Some((before, _)) = split(line, "' feature not supported by KVM on this host") {
        let (_, name) = before.rsplit_once('\'')?;
        return unsupported(name);
    }
    if let Some(rest) = after(line, "KVM does not support providing ") {
        return unsupported(if rest.starts_with("Virtualization extensions") {
            "el2"
        } else if rest.starts_with("MTE") {
            "mte"
        } else {
            return None;
        });
    }
    if has(line, "MTE requested, but not supported by the guest CPU") {
        return unsupported("mte");
    }
    let length = after(line, "cannot enable sve").or_else(|| after(line, "cannot disable sve"));
    let (bits, _) = decimal(length?)?;
    Some(event(Event::VectorLength { bits }))
}

fn general(line: &str) -> Option<Diagnostic<'_>> {
    let event_ = if has(line, "error while loading state for instance") && has(line, "device 'cpu")
    {
        Event::CpuStateNotLoaded
    } else if has(line, "kvm_arch_init_vcpu failed")
        || has(line, "kvm_init_vcpu failed")
        || has(line, "KVM is not supported for this guest CPU type")
    {
        Event::VcpuNotCreated
    } else if has(line, "ailed to put registers after ") || has(line, "Putting registers after ") {
        Event::RegistersNotSet
    } else if has(line, "load of migration failed") {
        Event::MigrationFailed
    } else if has(line, "CPU model comparison is not supported on this target")
        || has(line, "CPU model baseline is not supported on this target")
    {
        Event::ComparisonUnsupported
    } else {
        return None;
    };
    Some(event(event_))
}
