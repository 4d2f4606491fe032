//! Boot logs: registers in the messages of firmware, boot loaders and Linux.
//!
//! | line | register |
//! |---|---|
//! | `MIDR_EL1 = 0x410fd083`, `MIDR: 0x410FD083`, `ID_AA64PFR0=0x11112222` | of the first CPU |
//! | `CPU1: MIDR=0x410fd083` | of CPU 1 |
//! | `Booting Linux on physical CPU 0x0000000000 [0x413fd0c1]` | MIDR_EL1 of CPU 0 |
//! | `CPU1: Booted secondary processor 0x0000000001 [0x413fd0c1]` | MIDR_EL1 of CPU 1 |
//! | `Unexpected variation in SYS_CTR_EL0. Boot CPU: 0x84448004, CPU4: 0x84448003` | of CPUs 0, 4 |
//!
//! The lines of Linux are those of Linux 7.2, `arch/arm64/kernel/setup.c`, `smp.c` and
//! `cpufeature.c`.

use super::machine_text::{InvalidMachineText, LAST_CPU, MachineHost, MachineText};
use crate::description::RegisterDescription;
use crate::register::RegisterValue as _;
use crate::regs::{DESCRIPTION, MidrEl1};

/// The lines that a boot log has.
const EXPECTED: &str = "lines such as `MIDR_EL1 = 0x410fd083`, or the kernel's of each CPU";

/// The register of the generic timer's frequency, which is no ID register.
const TIMER_FREQUENCY: &str = "CNTFRQ_EL0";

/// Reads registers from a log, with the first CPU as 0. A register of which the log has no other
/// value on a CPU is the first CPU's.
///
/// ```
/// use idreg_runtime::formats::boot_log;
///
/// let log = "[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x413fd0c1]\n\
///            [    0.001000] CPU1: Booted secondary processor 0x0000000001 [0x413fd0c1]\n";
/// let read = boot_log::read(log)?;
/// assert_eq!(read.host.info().implementations.len(), 2);
/// # Ok::<(), idreg_runtime::formats::machine_text::InvalidMachineText>(())
/// ```
///
/// # Errors
///
/// [`InvalidMachineText`] if two lines contradict each other, or no line has a register.
pub fn read(text: &str) -> Result<MachineHost, InvalidMachineText> {
    let mut machine = MachineText::default();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some((cpu, midr)) = booted(line) {
            machine.add(number, cpu, MidrEl1::DESCRIPTION, midr)?;
        } else if let Some((_, variation)) = line.split_once("Unexpected variation in ") {
            add_variation(number, variation, &mut machine)?;
        } else {
            add_assignments(number, line, &mut machine)?;
        }
    }
    machine.host("unknown (boot log)", EXPECTED, true)
}

/// The CPU of a line of Linux about its start, and its MIDR_EL1.
fn booted(line: &str) -> Option<(u32, u64)> {
    let cpu = if line.contains("Booting Linux on physical CPU ") {
        0
    } else {
        let (before, _) = line.split_once(": Booted secondary processor ")?;
        cpu_number(before.rsplit(' ').next()?)?
    };
    let (_, midr) = line.rsplit_once('[')?;
    let (midr, _) = midr.split_once(']')?;
    Some((cpu, number(midr)?))
}

/// The number in `CPU4`.
fn cpu_number(word: &str) -> Option<u32> {
    let digits = word.strip_prefix("CPU")?;
    let is_decimal = digits.bytes().all(|digit| digit.is_ascii_digit());
    digits
        .parse()
        .ok()
        .filter(|cpu| is_decimal && *cpu <= LAST_CPU)
}

/// Adds both values in `SYS_NAME. Boot CPU: VALUE, CPU4: VALUE`.
fn add_variation(
    line: usize,
    text: &str,
    machine: &mut MachineText,
) -> Result<(), InvalidMachineText> {
    let Some((name, values)) = text.split_once(". ") else {
        return Ok(());
    };
    for part in values.split(", ") {
        let Some((cpu, value)) = part.split_once(": ") else {
            continue;
        };
        let cpu = if cpu == "Boot CPU" {
            Some(0)
        } else {
            cpu_number(cpu)
        };
        if let (Some(cpu), Some(value)) = (cpu, number(value.trim())) {
            add(line, cpu, name, value, machine)?;
        }
    }
    Ok(())
}

/// Adds each `NAME=VALUE`, `NAME = VALUE` or `NAME: VALUE` of a line.
fn add_assignments(
    line: usize,
    text: &str,
    machine: &mut MachineText,
) -> Result<(), InvalidMachineText> {
    let mut cpu = 0;
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (_, from) = rest.split_at(start);
        let end = from
            .find(|character| !is_part(character))
            .unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        rest = after;
        if let Some(number) = cpu_number(word) {
            cpu = number;
            continue;
        }
        let value = after
            .trim_start()
            .strip_prefix(['=', ':'])
            .map(str::trim_start);
        let Some(value) = value.and_then(|value| value.split(|other| !is_part(other)).next())
        else {
            continue;
        };
        if let Some(value) = number(value) {
            add(line, cpu, word, value, machine)?;
        }
    }
    Ok(())
}

fn add(
    line: usize,
    cpu: u32,
    name: &str,
    value: u64,
    machine: &mut MachineText,
) -> Result<(), InvalidMachineText> {
    let upper = name.to_ascii_uppercase();
    let name = upper.strip_prefix("SYS_").unwrap_or(&upper);
    if [name, &format!("{name}_EL0")].contains(&TIMER_FREQUENCY) {
        if cpu == 0 {
            machine.timer_frequency = value;
        }
        return Ok(());
    }
    match register(name) {
        Some(register) => machine.add(line, cpu, register, value),
        None if name.starts_with("ID_AA64") => {
            machine.add_unknown(name);
            Ok(())
        }
        None => Ok(()),
    }
}

/// The register of a name in upper case, with or without the exception level.
fn register(name: &str) -> Option<&'static RegisterDescription> {
    let names = [
        name.to_owned(),
        format!("{name}_EL1"),
        format!("{name}_EL0"),
    ];
    names.iter().find_map(|name| DESCRIPTION.register(name))
}

/// A number after `0x`, with suffixes of C.
fn number(text: &str) -> Option<u64> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    let digits = digits.trim_end_matches(['U', 'u', 'L', 'l']);
    let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16)
        .ok()
        .filter(|_| is_hexadecimal)
}
