//! The registers by which a guest identifies its GIC.

/// The registers by which a guest identifies its GIC (Arm IHI 0069), as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct GicIdentity {
    /// GICD_IIDR; KVM's revision of the GIC is in bits 15:12.
    #[cfg_attr(
        feature = "serde",
        serde(with = "word", skip_serializing_if = "Option::is_none")
    )]
    pub iidr: Option<u32>,
    /// GICD_TYPER2; nASSGIcap is bit 8.
    #[cfg_attr(
        feature = "serde",
        serde(with = "word", skip_serializing_if = "Option::is_none")
    )]
    pub typer2: Option<u32>,
}

/// The reason why the GIC of a host cannot identify itself as a guest knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GicObstacle {
    /// GICD_IIDR differs in other bits than the revision.
    Other,
    /// The revision is above the host's.
    Newer,
    /// GICD_TYPER2 has bits that the host lacks.
    Lacks,
    /// GICD_TYPER2 lacks bits of the host that KVM does not let a VMM clear.
    Fixed,
}

/// The revision in GICD_IIDR (Linux 7.2, `include/linux/irqchip/arm-gic.h`,
/// `GICD_IIDR_REVISION_MASK`).
const REVISION: u32 = 0xf000;
/// nASSGIcap in GICD_TYPER2 (Linux 7.2, `include/linux/irqchip/arm-gic-v3.h`): the GIC can signal
/// software interrupts without an active state.
const NASSGI_CAP: u32 = 1 << 8;

impl GicIdentity {
    /// True if neither register is known.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        self.iidr.is_none() && self.typer2.is_none()
    }

    /// The registers of a guest's identity that a new GIC of a host with this identity does not
    /// have; those that one side does not know are left out.
    #[must_use]
    pub fn differing(&self, guest: Self) -> Self {
        let differing = |host: Option<u32>, guest: Option<u32>| {
            guest.filter(|_| host.is_some() && host != guest)
        };
        Self {
            iidr: differing(self.iidr, guest.iidr),
            typer2: differing(self.typer2, guest.typer2),
        }
    }

    /// The registers, by name, that KVM on a host with this identity refuses to set as in a guest:
    /// each with the guest's value, the host's, and the obstacle. What one side does not know is
    /// not compared.
    ///
    /// KVM takes a revision up to its own, and nASSGIcap off; every other bit must be the host's
    /// (Linux 7.2, `arch/arm64/kvm/vgic/vgic-mmio-v3.c`, `vgic_mmio_uaccess_write_v3_misc`).
    #[must_use]
    pub fn refused(&self, guest: Self) -> Vec<(&'static str, u32, u32, GicObstacle)> {
        let mut refused = Vec::new();
        if let (Some(guest), Some(host)) = (guest.iidr, self.iidr) {
            let obstacle = if (guest ^ host) & !REVISION != 0 {
                Some(GicObstacle::Other)
            } else {
                (guest & REVISION > host & REVISION).then_some(GicObstacle::Newer)
            };
            refused.extend(obstacle.map(|obstacle| ("GICD_IIDR", guest, host, obstacle)));
        }
        if let (Some(guest), Some(host)) = (guest.typer2, self.typer2) {
            let obstacle = if guest & !host != 0 {
                Some(GicObstacle::Lacks)
            } else {
                (host & !guest & !NASSGI_CAP != 0).then_some(GicObstacle::Fixed)
            };
            refused.extend(obstacle.map(|obstacle| ("GICD_TYPER2", guest, host, obstacle)));
        }
        refused
    }
}

/// The form of a register of 32 bits in files: `0x` and 8 digits.
#[cfg(feature = "serde")]
mod word {
    use crate::number::Hex;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference to the field"
    )]
    pub(super) fn serialize<S: Serializer>(
        word: &Option<u32>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = word.map(|word| format!("{word:#010x}"));
        text.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u32>, D::Error> {
        let Hex(value) = Hex::deserialize(deserializer)?;
        let word = u32::try_from(value);
        let too_long = |_| D::Error::custom(format!("{} has more than 32 bits", Hex(value)));
        word.map(Some).map_err(too_long)
    }
}
