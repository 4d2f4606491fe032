//! Windows: the ID registers in the registry.
//!
//! `HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor\<CPU>` has a value of 64 bits for each
//! register, named `CP` and the register's encoding in four hexadecimal digits, as in `MRS` without
//! the upper bit of op0: `CP 4030` is ID_AA64ISAR0_EL1. Microsoft does not document it, but FEX and
//! QEMU read it so. `reg query` prints `CP 4030 REG_QWORD 0x...`, and `reg export` writes
//! `"CP 4030"=hex(b):20,21,...`, the lowest byte first.

use super::machine_text::{InvalidMachineText, LAST_CPU, MachineHost, MachineText};
use crate::description::RegisterDescription;
use crate::regs::DESCRIPTION;

/// The lines that a text of the registry has.
const EXPECTED: &str = "lines such as `CP 4000  REG_QWORD  0x410fd0c1`";

/// The upper bit of op0, which the names of values leave out.
const OP0_UPPER_BIT: u16 = 1 << 15;

/// Reads the output of `reg query` or the file of `reg export`, as UTF-8.
///
/// ```
/// use idreg_runtime::formats::windows;
///
/// let text = "CP 4000    REG_QWORD    0x410fd4f1\nCP 4030    REG_QWORD    0x1021111010212120";
/// let read = windows::read(text)?;
/// assert_eq!(read.host.info().implementations[0].midr, Some(0x410f_d4f1));
/// assert_eq!(read.host.values().iter().count(), 2);
/// # Ok::<(), idreg_runtime::formats::machine_text::InvalidMachineText>(())
/// ```
///
/// # Errors
///
/// [`InvalidMachineText`] if a value is malformed, two contradict each other, or none is there.
pub fn read(text: &str) -> Result<MachineHost, InvalidMachineText> {
    let mut machine = MachineText::default();
    let mut cpu = 0;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(of) = central_processor(line) {
            cpu = of;
            continue;
        }
        let Some((name, rest)) = value_name(line) else {
            continue;
        };
        let Some(register) = register(name) else {
            machine.add_unknown(format!("CP {name:04X}"));
            continue;
        };
        let value = value(rest).ok_or(InvalidMachineText::NoValue {
            line: number,
            register: register.name,
            expected: "`REG_QWORD 0x...` or `=hex(b):` and eight bytes",
        })?;
        machine.add(number, cpu, register, value)?;
    }
    machine.host("unknown (Windows registry)", EXPECTED, false)
}

/// True if a line has a value of the registry that is named after a register.
pub(super) fn is_value(line: &str) -> bool {
    value_name(line).is_some()
}

/// The number of the CPU whose key a line names.
fn central_processor(line: &str) -> Option<u32> {
    let (_, number) = line
        .trim()
        .trim_end_matches(']')
        .rsplit_once("\\CentralProcessor\\")?;
    number.parse().ok().filter(|cpu| *cpu <= LAST_CPU)
}

/// The encoding in a value's name, and the text after the name.
fn value_name(line: &str) -> Option<(u16, &str)> {
    let line = line.trim();
    let line = line.strip_prefix('"').unwrap_or(line);
    let (digits, rest) = line.strip_prefix("CP ")?.split_at_checked(4)?;
    let is_end = rest.starts_with(['"', ' ', '\t', '=', ':']);
    let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let encoding = u16::from_str_radix(digits, 16).ok();
    encoding
        .filter(|_| is_end && is_hexadecimal)
        .map(|encoding| (encoding, rest))
}

fn register(name: u16) -> Option<&'static RegisterDescription> {
    let mut registers = DESCRIPTION.registers.iter();
    let is_named =
        |register: &&&RegisterDescription| register.encoding.packed() == name | OP0_UPPER_BIT;
    registers.find(is_named).copied()
}

fn value(rest: &str) -> Option<u64> {
    if let Some((_, bytes)) = rest.split_once("=hex(b):") {
        let mut value = 0;
        let mut count = 0;
        for byte in bytes.trim().split(',') {
            let byte = u8::from_str_radix(byte.trim(), 16).ok()?;
            value |= u64::from(byte).checked_shl(8 * count)?;
            count += 1;
        }
        return (count == 8).then_some(value);
    }
    let digits = rest.split_whitespace().last()?.strip_prefix("0x")?;
    let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16)
        .ok()
        .filter(|_| is_hexadecimal)
}
