//! The registers of a GICv3 that have state (Arm IHI 0069, 12.8 to 12.11), in the order in which
//! KVM takes them.

use idreg_runtime::encoding::Encoding;
use std::fmt;

/// A register of the GIC in KVM's device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GicRegister {
    /// A register of the distributor, 32 bits.
    Distributor {
        /// The offset in the distributor.
        offset: u32,
    },
    /// A register of the redistributor of a CPU, 32 bits.
    Redistributor {
        /// The CPU's affinity.
        cpu: u32,
        /// The offset in the redistributor's two frames.
        offset: u32,
    },
    /// A register of the CPU interface, 64 bits.
    Interface {
        /// The CPU's affinity.
        cpu: u32,
        /// The system register.
        register: Encoding,
    },
    /// The levels of the lines of 32 interrupts.
    LineLevels {
        /// The CPU's affinity; any for SPIs.
        cpu: u32,
        /// The first interrupt.
        first: u32,
    },
}

/// The treatment of the registers of a block when state is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Written.
    Written,
    /// Written after the line levels.
    AfterLevels,
    /// Compared alone: KVM computes it.
    Compared,
}

/// Registers of one kind, each for some interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    name: &'static str,
    /// The offset of the register for interrupt 0.
    start: u32,
    /// The bits of each interrupt, or `None` for a single register.
    bits: Option<u32>,
    /// The first interrupt that has such a register.
    first: u32,
    /// The offset of the registers that clear the bits which these only set, for interrupt 0.
    clear: Option<u32>,
    pub(super) access: Access,
}

impl Block {
    const fn single(name: &'static str, start: u32) -> Self {
        Self {
            name,
            start,
            bits: None,
            first: 0,
            clear: None,
            access: Access::Written,
        }
    }

    const fn each(name: &'static str, start: u32, bits: u32, first: u32) -> Self {
        let single = Self::single(name, start);
        let bits = Some(bits);
        Self {
            bits,
            first,
            ..single
        }
    }

    const fn cleared_at(self, clear: u32) -> Self {
        Self {
            clear: Some(clear),
            ..self
        }
    }

    const fn with(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// The offsets for this number of interrupts.
    pub(super) fn offsets(self, interrupts: u32) -> impl Iterator<Item = u32> {
        let end = match self.bits {
            None => self.start + 4,
            Some(bits) => self.start + interrupts * bits / 8,
        };
        let start = self.start + self.bits.map_or(0, |bits| self.first * bits / 8);
        (start..end).step_by(4)
    }

    /// The register that clears the bits of the one at `offset`.
    pub(super) fn clear_at(self, offset: u32) -> Option<u32> {
        Some(self.clear? + (offset - self.start))
    }

    fn has(self, offset: u32) -> bool {
        self.offsets(MOST_INTERRUPTS).any(|known| known == offset)
    }
}

/// The maximum number of interrupts of KVM's GIC without LPIs (Linux 7.2, `include/kvm/arm_vgic.h`,
/// `VGIC_MAX_SPI`).
const MOST_INTERRUPTS: u32 = 1024;

/// The control register of the distributor, the first one in its table.
pub(super) const GICD_CTLR: GicRegister = GicRegister::Distributor { offset: 0 };

/// The distributor's registers, for SPIs. GICD_STATUSR, which KVM does not implement, is left out;
/// identity registers are of the view.
pub(super) const DISTRIBUTOR: [Block; 8] = [
    Block::single("GICD_CTLR", 0x0),
    Block::each("GICD_IGROUPR", 0x80, 1, 32),
    Block::each("GICD_ISENABLER", 0x100, 1, 32).cleared_at(0x180),
    Block::each("GICD_ICFGR", 0xc00, 2, 32),
    Block::each("GICD_ISPENDR", 0x200, 1, 32).with(Access::AfterLevels),
    Block::each("GICD_ISACTIVER", 0x300, 1, 32).cleared_at(0x380),
    Block::each("GICD_IPRIORITYR", 0x400, 8, 32),
    Block::each("GICD_IROUTER", 0x6000, 64, 32),
];

/// The registers of a redistributor without LPIs; those of SGIs and PPIs are in its second frame.
/// KVM's GICR_WAKER is always awake, and GICR_CTLR 0 without LPIs.
pub(super) const REDISTRIBUTOR: [Block; 8] = [
    Block::single("GICR_CTLR", 0x0).with(Access::Compared),
    Block::single("GICR_WAKER", 0x14).with(Access::Compared),
    Block::each("GICR_IGROUPR", 0x1_0080, 1, 0),
    Block::each("GICR_ISENABLER", 0x1_0100, 1, 0).cleared_at(0x1_0180),
    Block::each("GICR_ICFGR", 0x1_0c00, 2, 0),
    Block::each("GICR_ISPENDR", 0x1_0200, 1, 0).with(Access::AfterLevels),
    Block::each("GICR_ISACTIVER", 0x1_0300, 1, 0).cleared_at(0x1_0380),
    Block::each("GICR_IPRIORITYR", 0x1_0400, 8, 0),
];

/// The system registers of a CPU interface. ICC_CTLR_EL1 has the number of priority bits, on which
/// the number of the active priority registers depends.
const INTERFACE: [(&str, Encoding); 9] = [
    ("ICC_SRE_EL1", Encoding::new(3, 0, 12, 12, 5)),
    ("ICC_CTLR_EL1", ICC_CTLR),
    ("ICC_IGRPEN0_EL1", Encoding::new(3, 0, 12, 12, 6)),
    ("ICC_IGRPEN1_EL1", Encoding::new(3, 0, 12, 12, 7)),
    ("ICC_PMR_EL1", Encoding::new(3, 0, 4, 6, 0)),
    ("ICC_BPR0_EL1", Encoding::new(3, 0, 12, 8, 3)),
    ("ICC_BPR1_EL1", Encoding::new(3, 0, 12, 12, 3)),
    ("ICC_AP0R0_EL1", Encoding::new(3, 0, 12, 8, 4)),
    ("ICC_AP1R0_EL1", Encoding::new(3, 0, 12, 9, 0)),
];

const ICC_CTLR: Encoding = Encoding::new(3, 0, 12, 12, 4);

/// The encodings of the registers that each CPU interface has, packed.
pub(super) fn interface_registers() -> impl Iterator<Item = u32> {
    INTERFACE
        .into_iter()
        .map(|(_, register)| register.packed().into())
}

/// The active priority registers beside the first of each group that a CPU interface has with this
/// value of ICC_CTLR_EL1; none for another register.
///
/// There are 2^(priority bits - 5) registers of each group (Arm IHI 0069, 12.2.3 and 12.2.6).
pub(super) fn active_priorities(encoding: u32, value: u64) -> impl Iterator<Item = u32> {
    let bits = (value >> 8 & 7) + 1;
    let more = match bits {
        _ if encoding != u32::from(ICC_CTLR.packed()) => 0,
        6 => 1,
        7.. => 3,
        _ => 0,
    };
    let group_0 = (1..=more).map(|number| Encoding::new(3, 0, 12, 8, 4 + number));
    let group_1 = (1..=more).map(|number| Encoding::new(3, 0, 12, 9, number));
    group_0
        .chain(group_1)
        .map(|register| register.packed().into())
}

impl GicRegister {
    /// The register of a CPU interface of this packed encoding.
    pub(super) fn interface(cpu: u32, encoding: u32) -> Self {
        // Encodings are checked before they are written.
        let packed = u16::try_from(encoding).unwrap_or(u16::MAX);
        Self::Interface {
            cpu,
            register: Encoding::from_packed(packed),
        }
    }
}

/// Shows `GICD_ISENABLER3 (offset 0x10c)`, and the CPU's affinity for a register of a CPU.
impl fmt::Display for GicRegister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Distributor { offset } => named(f, &DISTRIBUTOR, *offset),
            Self::Redistributor { cpu, offset } => {
                named(f, &REDISTRIBUTOR, *offset)?;
                write!(f, " of the CPU of affinity {cpu:#x}")
            }
            Self::Interface { cpu, register } => {
                let mut known = INTERFACE.iter();
                match known.find(|(_, encoding)| encoding == register) {
                    Some((name, _)) => f.write_str(name)?,
                    None => write!(f, "{register} of the CPU interface")?,
                }
                write!(f, " of the CPU of affinity {cpu:#x}")
            }
            Self::LineLevels { cpu, first } if *first == 0 => {
                write!(
                    f,
                    "the line levels of the PPIs of the CPU of affinity {cpu:#x}"
                )
            }
            Self::LineLevels { first, .. } => {
                let last = first + 31;
                write!(f, "the line levels of the interrupts {first} to {last}")
            }
        }
    }
}

fn named(f: &mut fmt::Formatter<'_>, blocks: &[Block], offset: u32) -> fmt::Result {
    match blocks.iter().find(|block| block.has(offset)) {
        Some(block) if block.bits.is_some() => {
            let number = (offset - block.start) / 4;
            write!(f, "{}{number} (offset {offset:#x})", block.name)
        }
        Some(block) => write!(f, "{} (offset {offset:#x})", block.name),
        None => write!(f, "GIC register at offset {offset:#x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_those_of_the_interrupts() {
        let offsets = |block: Block| block.offsets(128).collect::<Vec<_>>();
        assert_eq!(offsets(DISTRIBUTOR[0]), [0]);
        assert_eq!(offsets(DISTRIBUTOR[2]), [0x104, 0x108, 0x10c]);
        assert_eq!(
            offsets(DISTRIBUTOR[3]),
            [0xc08, 0xc0c, 0xc10, 0xc14, 0xc18, 0xc1c]
        );
        assert_eq!(DISTRIBUTOR[2].clear_at(0x104), Some(0x184));
        let routes = offsets(DISTRIBUTOR[7]);
        assert_eq!((routes[0], routes.len()), (0x6100, 2 * 96));
        let private = |block: Block| block.offsets(32).collect::<Vec<_>>();
        assert_eq!(private(REDISTRIBUTOR[4]), [0x1_0c00, 0x1_0c04]);
    }

    #[test]
    fn priority_bits_decide_the_active_priority_registers() {
        let control = u32::from(ICC_CTLR.packed());
        for (bits, count) in [(5, 0), (6, 2), (7, 6)] {
            assert_eq!(active_priorities(control, (bits - 1) << 8).count(), count);
        }
        assert_eq!(active_priorities(control + 1, 7 << 8).count(), 0);
    }

    #[test]
    fn messages_have_the_register_name() {
        for (register, shown) in [
            (
                GicRegister::Distributor { offset: 0x10c },
                "GICD_ISENABLER3 (offset 0x10c)",
            ),
            (
                GicRegister::Redistributor {
                    cpu: 0x100,
                    offset: 0x1_0200,
                },
                "GICR_ISPENDR0 (offset 0x10200) of the CPU of affinity 0x100",
            ),
            (
                GicRegister::interface(1, 0xc230),
                "ICC_PMR_EL1 of the CPU of affinity 0x1",
            ),
            (
                GicRegister::LineLevels { cpu: 0, first: 64 },
                "the line levels of the interrupts 64 to 95",
            ),
        ] {
            assert_eq!(register.to_string(), shown);
        }
    }
}
