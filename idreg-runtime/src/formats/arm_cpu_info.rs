//! ArmCpuInfo: the UEFI application that prints fields of ID registers (edk2,
//! `ArmPkg/Application/ArmCpuInfo`).
//!
//! A line is `ISAR0 |  7:4  |  0010 | FEAT_AES and FEAT_PMULL implemented.`, or has the register's
//! whole name. The application knows the fields of the architecture of its time (DDI 0487 I.a) and
//! prints no others, so a register of which a field is not printed is left out.

use super::machine_text::{InvalidMachineText, MachineHost, MachineText};
use crate::description::RegisterDescription;
use crate::regs::DESCRIPTION;
use crate::text::comma_list;
use std::collections::BTreeMap;

/// The lines that a text of the application has.
const EXPECTED: &str = "lines such as `ISAR0 |  7:4  |  0010 | ...` with every field of a register";

/// The bits of a register that the text has, and their values.
#[derive(Clone, Copy, Default)]
struct Bits {
    known: u64,
    value: u64,
}

/// Reads the application's output. A register of which it prints no field, or not every one, is
/// among the missing facts.
///
/// ```
/// use idreg_runtime::formats::arm_cpu_info;
///
/// let fields = (0..16).map(|nibble| {
///     format!(" PFR0             | {}:{} |  0001 | text\n", 4 * nibble + 3, 4 * nibble)
/// });
/// let read = arm_cpu_info::read(&fields.collect::<String>())?;
/// assert_eq!(read.host.values().iter().count(), 1);
/// # Ok::<(), idreg_runtime::formats::machine_text::InvalidMachineText>(())
/// ```
///
/// # Errors
///
/// [`InvalidMachineText`] if two lines contradict each other, or no register is whole.
pub fn read(text: &str) -> Result<MachineHost, InvalidMachineText> {
    let mut registers: BTreeMap<usize, Bits> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some((register, shift, width, value)) = row(line) else {
            continue;
        };
        let bits = registers.entry(register.index).or_default();
        let mask = (u64::MAX >> (64 - width)) << shift;
        let first = bits.value & mask;
        if bits.known & mask == mask && first != value << shift {
            return Err(InvalidMachineText::Contradiction {
                line: number,
                register: register.name,
                cpu: 0,
                first: crate::number::Hex(bits.value),
                second: crate::number::Hex(bits.value & !mask | value << shift),
            });
        }
        bits.known |= mask;
        bits.value |= value << shift;
    }
    let mut machine = MachineText::default();
    let mut partial = Vec::new();
    for (index, bits) in registers {
        let Some(register) = DESCRIPTION.registers.get(index).copied() else {
            continue;
        };
        let unprinted = |mask: u64| bits.known & mask != mask;
        let fields = register.fields().map(|field| field.field);
        let absent: Vec<&str> = fields
            .filter(|field| unprinted(field.mask()))
            .map(crate::description::FieldDescription::name)
            .collect();
        if absent.is_empty() {
            machine.add(0, 0, register, bits.value)?;
        } else {
            partial.push((register.name, absent));
        }
    }
    let read = machine.host("unknown (ArmCpuInfo)", EXPECTED, false);
    let mut read = read?;
    for (register, absent) in &partial {
        read.missing.push(format!(
            "{register} is left out: the text does not have {}",
            comma_list(absent)
        ));
    }
    Ok(read)
}

/// True if a line is one of the application's.
pub(super) fn is_row(line: &str) -> bool {
    row(line).is_some()
}

/// The register of a line, with the lowest bit, the width and the value of a field.
fn row(line: &str) -> Option<(&'static RegisterDescription, u32, u32, u64)> {
    let mut cells = line.split('|').map(str::trim);
    let (name, bits, digits) = (cells.next()?, cells.next()?, cells.next()?);
    let register = register(name)?;
    let (msb, lsb) = bits.split_once(':')?;
    let (msb, lsb): (u32, u32) = (msb.parse().ok()?, lsb.parse().ok()?);
    let width = msb.checked_sub(lsb).filter(|_| msb < 64)? + 1;
    let is_binary = digits.bytes().all(|digit| matches!(digit, b'0' | b'1'));
    let value = u64::from_str_radix(digits, 2).ok().filter(|_| is_binary)?;
    let fits = value <= u64::MAX >> (64 - width);
    fits.then_some((register, lsb, width, value))
}

/// The register of a name, whole or as `ISAR0`.
fn register(name: &str) -> Option<&'static RegisterDescription> {
    let long = format!("ID_AA64{name}_EL1");
    DESCRIPTION
        .register(name)
        .or_else(|| DESCRIPTION.register(&long))
}
