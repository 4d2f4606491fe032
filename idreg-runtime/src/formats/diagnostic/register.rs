//! The registers of a vCPU, by their ids in `KVM_GET_ONE_REG` and `KVM_SET_ONE_REG`.

use crate::description::{Description, RegisterDescription};
use crate::encoding::Encoding;
use crate::firmware::FirmwareRegister;
use core::fmt;

/// A register of a vCPU that KVM shows to a VMM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KvmRegister {
    /// A system register.
    System(Encoding),
    /// A firmware register.
    Firmware(FirmwareRegister),
    /// A firmware register that is not known, by its group and number.
    OtherFirmware {
        /// True for a bitmap of hypercall services, false for a version or level.
        is_bitmap: bool,
        /// The number in its group.
        number: u16,
    },
    /// CCSIDR_EL1 of a cache, by the value of CSSELR_EL1 that selects it: the level minus 1 in bits
    /// 3:1, and 1 in bit 0 for an instruction cache.
    CacheSize(u8),
    /// A core register, by its offset in `struct kvm_regs` in units of 32 bits.
    Core(u16),
    /// The vector lengths of SVE, `KVM_REG_ARM64_SVE_VLS`.
    SveLengths,
    /// A part of a register of SVE: vectors, predicates or the first-fault register.
    Sve(u16),
    /// A register with an id of another group.
    Other(u64),
}

// Linux 7.2, arch/arm64/include/uapi/asm/kvm.h and include/uapi/linux/kvm.h.
const ARM64: u64 = 0x6;
const SIZE_32: u64 = 2;
const SIZE_64: u64 = 3;
const SVE_LENGTHS_NAME: &str = "KVM_REG_ARM64_SVE_VLS";
const SVE_LENGTHS: u64 = 0x6060_0000_0015_ffff;
const CORE: u16 = 0x0010;
const DEMUX: u16 = 0x0011;
const SYSTEM: u16 = 0x0013;
const FIRMWARE: u16 = 0x0014;
const SVE: u16 = 0x0015;
const FIRMWARE_BITMAP: u16 = 0x0016;

// The offsets of the members of struct kvm_regs in units of 32 bits. A general register has two
// units, a vector four.
const SP: u16 = 62;
const PC: u16 = 64;
const PSTATE: u16 = 66;
const SP_EL1: u16 = 68;
const ELR_EL1: u16 = 70;
const SPSR: u16 = 72;
const SPSR_END: u16 = 82;
const VECTORS: u16 = 84;
const FPSR: u16 = 212;
const FPCR: u16 = 213;
/// The number of a cache in an id; the bits above are the group, 0 for CCSIDR_EL1.
const CACHES: u16 = 0xff;

impl KvmRegister {
    /// The register of an id, or `None` if it is not an id of arm64.
    ///
    /// ```
    /// use idreg_runtime::formats::diagnostic::KvmRegister;
    ///
    /// let shown = |id| KvmRegister::from_id(id).map(|register| register.to_string());
    /// assert_eq!(shown(0x6030_0000_0013_c020).as_deref(), Some("S3_0_C0_C4_0"));
    /// assert_eq!(shown(0x6030_0000_0014_0000).as_deref(), Some("KVM_REG_ARM_PSCI_VERSION"));
    /// assert_eq!(shown(0x6030_0000_0010_0040).as_deref(), Some("PC"));
    /// assert_eq!(shown(0x603), None);
    /// ```
    #[must_use]
    pub fn from_id(id: u64) -> Option<Self> {
        if id >> 60 != ARM64 {
            return None;
        }
        let size = id >> 52 & 0xf;
        let group = u16::try_from(id >> 16 & 0xffff).ok()?;
        let number = u16::try_from(id & 0xffff).ok()?;
        let is_plain = id & 0x0f0f_ffff_0000_0000 == 0;
        Some(match (group, size) {
            _ if !is_plain => Self::Other(id),
            (SYSTEM, SIZE_64) => Self::System(Encoding::from_packed(number)),
            (FIRMWARE, SIZE_64) => Self::firmware(false, number),
            (FIRMWARE_BITMAP, SIZE_64) => Self::firmware(true, number),
            (DEMUX, SIZE_32) if number <= CACHES => Self::cache(number),
            (CORE, _) => Self::Core(number),
            (SVE, _) if id == SVE_LENGTHS => Self::SveLengths,
            (SVE, _) => Self::Sve(number),
            _ => Self::Other(id),
        })
    }

    fn cache(number: u16) -> Self {
        Self::CacheSize((number & CACHES) as u8)
    }

    /// The register of a name in `asm/kvm.h`: a firmware register, or the vector lengths of SVE.
    pub(super) fn named(name: &str) -> Option<Self> {
        if name == SVE_LENGTHS_NAME {
            return Some(Self::SveLengths);
        }
        let mut known = FirmwareRegister::ALL.into_iter();
        known
            .find(|register| register.name() == name)
            .map(Self::Firmware)
    }

    /// The firmware register of a group and a number.
    pub(super) fn firmware(is_bitmap: bool, number: u16) -> Self {
        let group = if is_bitmap { FIRMWARE_BITMAP } else { FIRMWARE };
        let id = ARM64 << 60 | SIZE_64 << 52 | u64::from(group) << 16 | u64::from(number);
        let known = FirmwareRegister::ALL.into_iter();
        let known = { known }.find(|register| register.id() == id);
        known.map_or(Self::OtherFirmware { is_bitmap, number }, Self::Firmware)
    }

    /// The system register with its fields, or `None`. A cache's register has the fields of
    /// CCSIDR_EL1.
    #[must_use]
    pub fn described(self, description: &Description) -> Option<&'static RegisterDescription> {
        match self {
            Self::System(encoding) => {
                let mut registers = description.registers.iter().copied();
                registers.find(|register| register.encoding == encoding)
            }
            Self::CacheSize(_) => description.register("CCSIDR_EL1"),
            _ => None,
        }
    }

    /// A stable name of the register's group for programs.
    #[must_use]
    pub const fn group(self) -> &'static str {
        match self {
            Self::System(_) => "system",
            Self::Firmware(_) | Self::OtherFirmware { .. } => "firmware",
            Self::CacheSize(_) => "cache",
            Self::Core(_) => "core",
            Self::SveLengths => "vector-lengths",
            Self::Sve(_) => "sve",
            Self::Other(_) => "other",
        }
    }
}

/// Shows a name: that of the kernel's headers or the architecture, for a system register the
/// assembler's generic name.
impl fmt::Display for KvmRegister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::System(encoding) => encoding.fmt(f),
            Self::Firmware(register) => f.write_str(register.name()),
            Self::OtherFirmware {
                is_bitmap: false,
                number,
            } => write!(f, "KVM_REG_ARM_FW_REG({number})"),
            Self::OtherFirmware { number, .. } => {
                write!(f, "KVM_REG_ARM_FW_FEAT_BMAP_REG({number})")
            }
            Self::CacheSize(selection) => {
                let kind = match selection & 1 {
                    0 => "data or unified",
                    _ => "instruction",
                };
                let level = (selection >> 1) + 1;
                write!(f, "CCSIDR_EL1 of the level {level} {kind} cache")
            }
            Self::Core(offset) => core_register(offset, f),
            Self::SveLengths => f.write_str(SVE_LENGTHS_NAME),
            Self::Sve(number) => sve_register(number, f),
            Self::Other(id) => write!(f, "{id:#018x}"),
        }
    }
}

fn core_register(offset: u16, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match offset {
        SP => f.write_str("SP"),
        PC => f.write_str("PC"),
        PSTATE => f.write_str("PSTATE"),
        SP_EL1 => f.write_str("SP_EL1"),
        ELR_EL1 => f.write_str("ELR_EL1"),
        FPSR => f.write_str("FPSR"),
        FPCR => f.write_str("FPCR"),
        0..SP => write!(f, "X{}", offset / 2),
        SPSR..SPSR_END => write!(f, "SPSR[{}]", (offset - SPSR) / 2),
        VECTORS..FPSR => write!(f, "V{}", (offset - VECTORS) / 4),
        _ => write!(f, "core register {offset}"),
    }
}

/// Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`, `KVM_REG_ARM64_SVE_ZREG`, `_PREG` and `_FFR`: a
/// slice in bits 4:0, a number above it.
fn sve_register(number: u16, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let index = number >> 5 & 0x1f;
    match number {
        0..0x400 => write!(f, "Z{index}"),
        0x400..0x600 => write!(f, "P{}", index & 0xf),
        0x600..0x620 => f.write_str("FFR"),
        _ => write!(f, "SVE register {number:#x}"),
    }
}
