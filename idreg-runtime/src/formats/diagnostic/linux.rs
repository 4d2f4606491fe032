//! Messages of Linux on arm64 and of its KVM (Linux 7.2, `arch/arm64/kvm/sys_regs.h`,
//! `arch/arm64/kernel/cpufeature.c`).

use super::notation::{named_encoding, register_name};
use super::register::KvmRegister;
use super::scan::{after, decimal, has, hexadecimal, split, word};
use super::{Diagnostic, Event, Program};
use crate::description::{Description, RegisterField};

pub(super) fn recognize<'t>(
    description: &'static Description,
    line: &'t str,
) -> Option<Diagnostic<'t>> {
    guest_access(line)
        .or_else(|| cpus(description, line))
        .or_else(|| capability(line))
        .or_else(|| overridden(description, line))
}

/// `Unsupported guest sys_reg access at: ...` and the encoding, which can be on the next line:
/// `{ Op0( 3), Op1( 0), CRn( 0), CRm( 4), Op2( 0), func_read },`.
fn guest_access(line: &str) -> Option<Diagnostic<'_>> {
    let function = after(line, "func_");
    let is_write = function.map(|function| function.starts_with("write"));
    let access = Diagnostic::new(Program::Kvm, Event::GuestAccess { is_write });
    if let Some((before, _)) = split(line, "func_")
        && let Some((_, encoding)) = before.split_once('{')
        && let Some((encoding, _)) = named_encoding(encoding)
    {
        return Some(access.about(KvmRegister::System(encoding)));
    }
    let is_access = has(line, "Unsupported guest sys_reg access at:");
    is_access.then_some(access)
}

fn cpus<'t>(description: &'static Description, line: &'t str) -> Option<Diagnostic<'t>> {
    if has(line, "Unsupported CPU feature variation detected") {
        return Some(Diagnostic::new(Program::Linux, Event::CpusDifferSomewhere));
    }
    let rest = after(line, "SANITY CHECK: Unexpected variation in ")?;
    let (name, rest) = word(rest);
    let (boot, rest) = hexadecimal(after(rest, "Boot CPU: ")?)?;
    let (cpu, rest) = decimal(after(rest, "CPU")?)?;
    let (other, _) = hexadecimal(after(rest, ": ")?)?;
    let differ = Diagnostic::new(Program::Linux, Event::CpusDiffer { cpu });
    let differ = differ.with_values(Some(boot), Some(other));
    Some(match register_name(description, name) {
        Some(register) => differ.about(KvmRegister::System(register.encoding)),
        None => differ,
    })
}

fn capability(line: &str) -> Option<Diagnostic<'_>> {
    if let Some(name) = after(line, "CPU features: detected: ") {
        let name = name.trim_end();
        return Some(Diagnostic::new(
            Program::Linux,
            Event::CapabilityDetected { name },
        ));
    }
    let conflict = after(line, ": Detected conflict for capability ")
        .and_then(|rest| after(rest, "("))
        .and_then(|rest| split(rest, "), System: "))
        .map(|(name, _)| name);
    let missing = || after(line, ": missing HWCAP: ").map(str::trim_end);
    let name = conflict.or_else(missing)?;
    let before = split(line, ": Detected conflict")
        .or_else(|| split(line, ": missing HWCAP"))?
        .0;
    let (_, cpu) = before.rsplit_once("CPU")?;
    let (cpu, _) = decimal(cpu)?;
    Some(Diagnostic::new(
        Program::Linux,
        Event::CapabilityConflict { name, cpu },
    ))
}

/// `SYS_ID_AA64ISAR1_EL1[31:28]: forced to 0`, `already set to 0`, `ignoring override to 3` or
/// `impossible override, ignored`.
fn overridden<'t>(description: &'static Description, line: &'t str) -> Option<Diagnostic<'t>> {
    let rest = after(line, "CPU features: ")?;
    let (name, rest) = word(rest);
    let (msb, rest) = decimal(rest.strip_prefix('[')?)?;
    let (lsb, rest) = decimal(rest.strip_prefix(':')?)?;
    let rest = rest.strip_prefix("]: ")?;
    let is_ignored = rest.starts_with("ignoring override") || rest.contains("override, ignored");
    if !is_ignored && !rest.starts_with("forced") && !rest.starts_with("already set") {
        return None;
    }
    let value = after(rest, " to ").and_then(hexadecimal);
    let value = value.map(|(value, _)| value);
    let register = register_name(description, name)?;
    let has_bits = |field: &RegisterField| {
        u64::from(field.field.msb()) == msb && u64::from(field.field.shift()) == lsb
    };
    let field = { register.fields() }.find(has_bits)?;
    let mut overridden = Diagnostic::new(Program::Linux, Event::Overridden { is_ignored })
        .about(KvmRegister::System(register.encoding))
        .with_values(value, None);
    overridden.field = Some(field);
    Some(overridden)
}
