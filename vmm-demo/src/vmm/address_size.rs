//! The check of a guest's RAM against the size of physical addresses that its CPUs show.

use crate::size::MemorySize;
use crate::vmm::layout;
use idreg_runtime::regs::IdAa64mmfr0El1;
use idreg_runtime::regs::id_aa64mmfr0_el1::Parange;
use idreg_runtime::values::RegisterValues;
use std::fmt;
use thiserror::Error;

/// The bits of a physical address for each value of ID_AA64MMFR0_EL1.PARange (Arm ARM, DDI 0487,
/// D24.2, ID_AA64MMFR0_EL1).
const ADDRESS_BITS: [u32; 8] = [32, 36, 40, 42, 44, 48, 52, 56];

/// RAM that a guest cannot address: its kernel would stop in its first instructions, without a
/// message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{} of memory end at {end:#x}, beyond the {bits}-bit physical addresses of this guest's CPUs \
     ({}={value:#x}): {}",
    MemorySize(*ram), Parange::PROPERTY, Remedy(self)
)]
pub struct RamTooLarge {
    /// The size of RAM in bytes.
    pub ram: u64,
    /// The first address after it.
    pub end: u64,
    /// The bits of a physical address.
    pub bits: u32,
    /// The value of the field.
    pub value: u64,
}

/// Checks that CPUs with these ID registers can address this number of bytes of RAM: those of a
/// plan, or of a guest's view that arrives from another host.
///
/// # Errors
///
/// [`RamTooLarge`].
pub fn check_address_size(guest: &RegisterValues, ram: u64) -> Result<(), RamTooLarge> {
    let Some(register) = guest.get_as::<IdAa64mmfr0El1>() else {
        return Ok(());
    };
    let value = register.parange().bits();
    let known = usize::try_from(value).ok();
    // A value that later architectures define has more bits than any here.
    let Some(bits) = known.and_then(|index| ADDRESS_BITS.get(index).copied()) else {
        return Ok(());
    };
    let end = layout::RAM_START.saturating_add(ram);
    if end <= 1 << bits {
        return Ok(());
    }
    Err(RamTooLarge {
        ram,
        end,
        bits,
        value,
    })
}

struct Remedy<'a>(&'a RamTooLarge);

impl fmt::Display for Remedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = (1_u64 << self.0.bits) - layout::RAM_START;
        write!(f, "use --mem {} or less", MemorySize(most))?;
        let sufficient = ADDRESS_BITS.iter().position(|bits| self.0.end <= 1 << bits);
        match sufficient {
            Some(value) => write!(
                f,
                ", or a model with {}={value:#x} or more",
                Parange::PROPERTY
            ),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idreg_runtime::host::Host;

    const GIB: u64 = 1 << 30;

    fn guest(range: u64) -> RegisterValues {
        let file = include_str!("../../../tests/data/hosts/max-latest.json");
        let host: Host = serde_json::from_str(file).unwrap();
        let mut values = host.values().clone();
        values.set_field(Parange::new(range).unwrap());
        values
    }

    #[test]
    fn ram_may_end_at_the_limit_and_not_beyond() {
        for (value, most) in [(0, 2), (1, 62), (2, 1022), (5, (256 << 10) - 2)] {
            let guest = guest(value);
            assert_eq!(check_address_size(&guest, most * GIB), Ok(()), "{value}");
            let error = check_address_size(&guest, (most + 1) * GIB).unwrap_err();
            assert_eq!(error.bits, ADDRESS_BITS[usize::try_from(value).unwrap()]);
        }
    }

    #[test]
    fn message_names_property_size_and_remedies() {
        let error = check_address_size(&guest(0), 6 * GIB).unwrap_err();
        assert_eq!(
            error.to_string(),
            "6G of memory end at 0x200000000, beyond the 32-bit physical addresses of this guest's \
             CPUs (SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x0): use --mem 2G or less, or a model with \
             SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x1 or more"
        );
    }

    #[test]
    fn unknown_ranges_and_absent_registers_limit_nothing() {
        assert_eq!(check_address_size(&guest(9), u64::MAX), Ok(()));
    }
}
