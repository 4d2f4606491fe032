//! The names of fields in Arm's specification, where a description spells them otherwise.

use crate::bits::BitRange;
use crate::model::{Field, Model};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// The fields of Arm's machine-readable specification of the system registers.
///
/// They are read from the table that QEMU's series "customizable aarch64 KVM host model" generates
/// of the specification, `target/arm/cpu-idregs.h.inc`: a line for each field,
/// `IDREG_FIELD(REGISTER, NAME, SHIFT, LENGTH)`, since its sixth version
/// `IDREG_FIELD_START(REGISTER, NAME, SHIFT, LENGTH, ...)`. All other lines are ignored.
///
/// ```
/// use sysreg::{ArmFields, Source, load};
///
/// let arm = ArmFields::parse("    IDREG_FIELD(CTR_EL0, IminLine, 0, 4)\n")?;
/// let text = "Sysreg CTR_EL0 3 3 0 0 1\nRes0 63:5\nField 4 X\nField 3:0 IMINLINE\nEndSysreg\n";
/// let description = Source::new("my.sysreg", text)?;
/// let table = arm.table(&load(&description).model, "# ours\n");
/// assert_eq!(table, "# ours\n\nCTR_EL0 4:4 -\nCTR_EL0 3:0 IminLine\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArmFields {
    /// The fields of each register, by its name.
    registers: BTreeMap<String, Vec<ArmField>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ArmField {
    name: String,
    bits: BitRange,
}

/// The error of a line that is not one of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidArmField {
    /// The number of the line.
    pub line: usize,
}

impl fmt::Display for InvalidArmField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {} is no field: the form is IDREG_FIELD(REGISTER, NAME, SHIFT, LENGTH), with \
             bits up to 63",
            self.line
        )
    }
}

impl std::error::Error for InvalidArmField {}

impl ArmFields {
    /// Reads the fields.
    ///
    /// # Errors
    ///
    /// [`InvalidArmField`] for the first line of a field that is malformed.
    pub fn parse(text: &str) -> Result<Self, InvalidArmField> {
        let mut fields = Self::default();
        for (line, content) in (1..).zip(text.lines()) {
            let content = content.trim();
            let field = content.strip_prefix("IDREG_FIELD(");
            let Some(rest) = field.or_else(|| content.strip_prefix("IDREG_FIELD_START(")) else {
                continue;
            };
            let (register, field) = arm_field(rest).ok_or(InvalidArmField { line })?;
            fields.registers.entry(register).or_default().push(field);
        }
        Ok(fields)
    }

    /// True if there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.registers.is_empty()
    }

    /// The table of the names that differ from a description's: `comment`, and for each register a
    /// group of lines `REGISTER BITS NAME` from bit 63 down. The name is `-` for a field whose bits
    /// have no name in the specification.
    #[must_use]
    pub fn table(&self, description: &Model, comment: &str) -> String {
        let mut table = comment.to_owned();
        for register in description.registers() {
            let Some(layout) = description.layout(register) else {
                continue;
            };
            let of_register = self.registers.get(register.name());
            let arm = of_register.map_or(&[][..], Vec::as_slice);
            let mut group = String::new();
            for field in layout.fields() {
                for (bits, name) in names(field, arm) {
                    let (msb, lsb) = (bits.msb(), bits.lsb());
                    // Writing to a String cannot fail.
                    let _ = writeln!(group, "{} {msb}:{lsb} {name}", register.name());
                }
            }
            if !group.is_empty() {
                table.push('\n');
                table += &group;
            }
        }
        table
    }
}

/// The rows of a field: none if it has the same name in the specification.
fn names<'f>(field: &Field, arm: &'f [ArmField]) -> Vec<(BitRange, &'f str)> {
    let bits = field.bits();
    let within = |arm: &&ArmField| arm.bits.msb() <= bits.msb() && arm.bits.lsb() >= bits.lsb();
    let mut parts: Vec<&ArmField> = arm.iter().filter(within).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bits.msb()));
    let is_same = |part: &&ArmField| part.name == field.name() && part.bits == bits;
    match parts.as_slice() {
        [] => vec![(bits, "-")],
        [part] if is_same(part) => Vec::new(),
        _ => parts
            .iter()
            .map(|part| (part.bits, part.name.as_str()))
            .collect(),
    }
}

/// The register and the field of `REGISTER, NAME, SHIFT, LENGTH`.
fn arm_field(text: &str) -> Option<(String, ArmField)> {
    let (arguments, _) = text.split_once(')').unwrap_or((text, ""));
    let mut words = arguments.split(',').map(str::trim);
    let is_name = |name: &&str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let register = words.next().filter(is_name)?;
    let name = words.next().filter(is_name)?;
    let (lsb, length): (u8, u8) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let msb = lsb
        .checked_add(length.checked_sub(1)?)
        .filter(|msb| *msb < 64)?;
    let name = name.to_owned();
    let bits = BitRange::new(msb, lsb)?;
    Some((register.to_owned(), ArmField { name, bits }))
}
