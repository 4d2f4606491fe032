//! The names of fields in the Arm architecture, where the kernel spells them otherwise.

use crate::description::{Description, PROPERTY_PREFIX, RegisterDescription, RegisterField};

/// The fact table of the names, a line for each field that the architecture names otherwise; its
/// head names the source.
pub const TABLE: &str = include_str!("../../data/aarch64-id.arm-names");

/// A part of a field, or a whole one, that the architecture names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedBits {
    /// The number of the highest bit.
    pub msb: u8,
    /// The number of the lowest bit.
    pub lsb: u8,
    /// The name, or `None` if the architecture has none for the bits.
    pub name: Option<&'static str>,
}

/// The bits of a register that a property in the architecture's spelling sets.
#[derive(Clone, Copy, Debug)]
pub struct ArmProperty {
    /// The register.
    pub register: &'static RegisterDescription,
    /// The bits.
    pub bits: NamedBits,
}

impl NamedBits {
    /// The number of bits.
    #[must_use]
    pub const fn width(self) -> u8 {
        self.msb - self.lsb + 1
    }

    /// The value of the bits in a register's value.
    #[must_use]
    pub const fn extract(self, register: u64) -> u64 {
        register >> self.lsb & u64::MAX >> (64 - self.width())
    }
}

/// The rows of the table: the register's name and the bits.
pub fn rows() -> impl Iterator<Item = (&'static str, NamedBits)> {
    TABLE.lines().filter_map(row)
}

fn row(line: &'static str) -> Option<(&'static str, NamedBits)> {
    let mut words = line.split(' ');
    let register = words.next().filter(|register| !register.starts_with('#'))?;
    let (msb, lsb) = words.next()?.split_once(':')?;
    let (msb, lsb) = (msb.parse().ok()?, lsb.parse().ok()?);
    let name = words.next().filter(|name| *name != "-");
    (lsb <= msb && msb < 64).then_some((register, NamedBits { msb, lsb, name }))
}

/// The names of a field in the architecture, from its highest bit down. A field of the kernel can
/// be several of the architecture.
///
/// ```
/// use idreg_runtime::formats::arm_names;
/// use idreg_runtime::regs::DESCRIPTION;
///
/// let names = |property| {
///     let field = DESCRIPTION.property(property)?;
///     Some(arm_names::of(field).iter().map(|bits| bits.name).collect::<Vec<_>>())
/// };
/// assert_eq!(names("SYSREG_ID_AA64ISAR0_EL1_ATOMIC"), Some(vec![Some("Atomic")]));
/// assert_eq!(names("SYSREG_ID_AA64ISAR0_EL1_DP"), Some(vec![Some("DP")]));
/// assert_eq!(names("SYSREG_AIDR_EL1_IMPDEF"), Some(vec![None]));
/// assert_eq!(names("SYSREG_CLIDR_EL1_Ttypen").map(|names| names.len()), Some(7));
/// ```
#[must_use]
pub fn of(field: RegisterField) -> Vec<NamedBits> {
    let (msb, lsb) = (field.field.msb(), field.field.shift());
    let within = |bits: &NamedBits| bits.msb <= msb && bits.lsb >= lsb;
    let of_register = rows().filter(|(register, _)| *register == field.register.name);
    let mut parts: Vec<NamedBits> = of_register.map(|(_, bits)| bits).filter(within).collect();
    if parts.is_empty() {
        let name = Some(field.field.name());
        parts.push(NamedBits { msb, lsb, name });
    }
    parts
}

/// The bits that a property sets in the architecture's spelling, or `None` if there is no such
/// property. Fields that both spell alike are found too.
#[must_use]
pub fn find(description: &Description, property: &str) -> Option<ArmProperty> {
    let name = property.strip_prefix(PROPERTY_PREFIX)?;
    let mut registers = description.registers.iter().copied();
    registers.find_map(|register| {
        let name = name.strip_prefix(register.name)?.strip_prefix('_')?;
        let mut parts = register.fields().flat_map(of);
        let bits = parts.find(|bits| bits.name == Some(name))?;
        Some(ArmProperty { register, bits })
    })
}
