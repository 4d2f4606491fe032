//! Registers of a vCPU by their ids in KVM, and the part of a snapshot that has each.

use super::hexadecimal::{Bytes, DoubleWord, Number};
use super::{core_register, hidden_register};
use idreg_runtime::config::capabilities::feature_id_index;
use idreg_runtime::description::RegisterDescription;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::firmware::FirmwareRegister;
use idreg_runtime::host::option_register_name;
use idreg_runtime::regs::{self, ClidrEl1, MpidrEl1};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

// The parts of an id (Linux 7.2, `include/uapi/linux/kvm.h` and
// `arch/arm64/include/uapi/asm/kvm.h`).
/// `KVM_REG_ARCH_MASK`.
const ARCHITECTURE_MASK: u64 = 0xff00_0000_0000_0000;
/// `KVM_REG_ARM64`.
const ARM64: u64 = 0x6000_0000_0000_0000;
/// `KVM_REG_SIZE_SHIFT` and the bits of the logarithm of the size in bytes.
const SIZE_SHIFT: u32 = 52;
const SIZE_MASK: u64 = 0xf;
/// The logarithm of the largest size: 2048 bits.
const MOST_SIZE: u64 = 8;
/// `KVM_REG_ARM_COPROC_SHIFT`; the mask has 12 bits.
const FAMILY_SHIFT: u32 = 16;
const FAMILY_MASK: u64 = 0xfff;
const NUMBER_MASK: u64 = 0xffff;

/// `KVM_REG_ARM_CORE` to `KVM_REG_ARM_FW_FEAT_BMAP`, without the shift.
const CORE: u64 = 0x10;
const DEMUX: u64 = 0x11;
const SYSTEM: u64 = 0x13;
const FIRMWARE: u64 = 0x14;
const SVE: u64 = 0x15;
const FIRMWARE_BITMAP: u64 = 0x16;

/// `KVM_REG_ARM64_SVE_VLS`: the set of vector lengths.
const VECTOR_LENGTHS: u64 = 0xffff;

/// The virtual counter, which has the number of CNTV_CVAL_EL0 by an old mistake, and the physical
/// counter: `KVM_REG_ARM_TIMER_CNT` and `KVM_REG_ARM_PTIMER_CNT`.
const COUNTERS: [Encoding; 2] = [Encoding::new(3, 3, 14, 3, 2), Encoding::new(3, 3, 14, 0, 1)];

/// Registers whose ISTATUS (bit 2) KVM computes as it is read.
const TIMER_CONTROLS: [(&str, Encoding); 2] = [
    ("CNTV_CTL_EL0", Encoding::new(3, 3, 14, 3, 1)),
    ("CNTP_CTL_EL0", Encoding::new(3, 3, 14, 2, 1)),
];
const ISTATUS: u8 = 1 << 2;

/// Registers that read as their SET halves do. Before Linux 6.15 a write clears its bits and a
/// write of the SET half adds to them, and the bits of a new vCPU are set; afterwards both halves
/// take the value as it is. All ones here, and then the value in the SET half, end in the value
/// with either (Linux 6.12, `arch/arm64/kvm/sys_regs.c`, `set_pmreg`).
const PMU_CLEARS: [(&str, Encoding); 3] = [
    ("PMCNTENCLR_EL0", Encoding::new(3, 3, 9, 12, 2)),
    ("PMOVSCLR_EL0", Encoding::new(3, 3, 9, 12, 3)),
    ("PMINTENCLR_EL1", Encoding::new(3, 0, 9, 14, 2)),
];

/// MPIDR_EL1, by which the GIC knows the vCPU.
pub(super) const MPIDR: RegisterId = RegisterId::system(MpidrEl1::ENCODING);

/// The affinity in a value of MPIDR_EL1 as the GIC's device numbers CPUs: Aff3 in the highest byte,
/// Aff0 in the lowest (Linux 7.2, `Documentation/virt/kvm/devices/arm-vgic-v3.rst`).
pub(super) fn affinity(mpidr: Option<&[u8]>) -> u32 {
    let bytes: Option<[u8; 8]> = mpidr.and_then(|value| value.try_into().ok());
    let [aff0, aff1, aff2, _, aff3, ..] = bytes.unwrap_or_default();
    u32::from_be_bytes([aff3, aff2, aff1, aff0])
}

/// The id of a register in `KVM_GET_ONE_REG`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegisterId(u64);

/// The part of a snapshot that has a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The state of the vCPU.
    Vcpu,
    /// The view of the guest: the plan for it writes the register, or judges it.
    View,
    /// The counters.
    Clock,
}

impl RegisterId {
    /// The id of this number, or `None` if it is not that of an arm64 register of at most 2048
    /// bits.
    #[must_use]
    pub fn new(id: u64) -> Option<Self> {
        let is_known = id & ARCHITECTURE_MASK == ARM64 && id >> SIZE_SHIFT & SIZE_MASK <= MOST_SIZE;
        is_known.then_some(Self(id))
    }

    /// The id of a system register.
    #[must_use]
    pub const fn system(register: Encoding) -> Self {
        Self(register.kvm_id())
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The size in bytes: a power of two up to 256.
    #[must_use]
    pub const fn size(self) -> usize {
        1 << (self.0 >> SIZE_SHIFT & SIZE_MASK)
    }

    /// The part of a snapshot that has the register, or `None` if this version knows no register
    /// of the kind: its state could not be restored.
    #[must_use]
    pub fn part(self) -> Option<Part> {
        let number = self.0 & NUMBER_MASK;
        match self.family() {
            SVE if number == VECTOR_LENGTHS => Some(Part::View),
            CORE | SVE => Some(Part::Vcpu),
            // CCSIDR_EL1 is the one register of the kind.
            DEMUX if number < 0x100 => Some(Part::Vcpu),
            SYSTEM => Some(system_part(self.encoding()?)),
            FIRMWARE | FIRMWARE_BITMAP => {
                let mut known = FirmwareRegister::ALL.iter();
                let known = known.any(|register| register.id() == self.0);
                known.then_some(Part::View)
            }
            _ => None,
        }
    }

    /// The place of the register in the order in which a vCPU takes its state: among the registers
    /// of equal places the order does not matter.
    pub(super) fn place(self) -> u8 {
        u8::from(!self.is_among(&PMU_CLEARS))
    }

    /// The bytes to write so that the register has `value` once all are written.
    pub(super) fn written(self, value: &[u8]) -> Cow<'_, [u8]> {
        if self.is_among(&PMU_CLEARS) {
            vec![0xff; value.len()].into()
        } else {
            value.into()
        }
    }

    /// Clears the bits that KVM computes as the register is read.
    pub(super) fn without_status(self, value: &mut [u8]) {
        let is_control = self.is_among(&TIMER_CONTROLS);
        if let Some(low) = value.first_mut().filter(|_| is_control) {
            *low &= !ISTATUS;
        }
    }

    fn is_among(self, registers: &[(&str, Encoding)]) -> bool {
        let mut registers = registers.iter();
        registers.any(|(_, register)| self.encoding() == Some(*register))
    }

    const fn family(self) -> u64 {
        self.0 >> FAMILY_SHIFT & FAMILY_MASK
    }

    /// The encoding of a system register, or `None` for another kind.
    fn encoding(self) -> Option<Encoding> {
        let number = u16::try_from(self.0 & NUMBER_MASK).ok()?;
        (self.family() == SYSTEM).then(|| Encoding::from_packed(number))
    }
}

/// The plan for a view leaves the registers that vCPUs have of their own to the VMM, MPIDR_EL1 and
/// CLIDR_EL1. The other ID registers are those of the VM, and constants.
fn system_part(register: Encoding) -> Part {
    const OWN: [Encoding; 2] = [MpidrEl1::ENCODING, ClidrEl1::ENCODING];
    let is_id = feature_id_index(register).is_some() || described(register).is_some();
    if COUNTERS.contains(&register) {
        Part::Clock
    } else if is_id && !OWN.contains(&register) {
        Part::View
    } else {
        Part::Vcpu
    }
}

fn described(register: Encoding) -> Option<&'static RegisterDescription> {
    let mut known = regs::DESCRIPTION.registers.iter().copied();
    known.find(|known| known.encoding == register)
}

/// The name of a system register that the view, the options of a vCPU or its state know.
fn name(register: Encoding) -> Option<&'static str> {
    let name = described(register).map(|known| known.name);
    name.or_else(|| option_register_name(register))
        .or_else(|| hidden_register::name(register))
        .or_else(|| {
            let mut own = TIMER_CONTROLS.iter().chain(&PMU_CLEARS);
            let own = own.find(|(_, encoding)| *encoding == register);
            own.map(|(name, _)| *name)
        })
}

/// Shows the register's name as far as there is one, and the id.
impl fmt::Display for RegisterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0 & NUMBER_MASK;
        match (self.family(), self.encoding()) {
            (CORE, _) => match core_register::name(number) {
                Some(name) => write!(f, "{name} ({:#x})", self.0),
                None => write!(f, "core register {:#x}", self.0),
            },
            (_, Some(register)) => match name(register) {
                Some(name) => write!(f, "{name} ({:#x})", self.0),
                None => write!(f, "{register} ({:#x})", self.0),
            },
            (SVE, _) if number < 0x400 => write!(f, "Z{} ({:#x})", number >> 5, self.0),
            (SVE, _) if number < 0x600 => write!(f, "P{} ({:#x})", number >> 5 & 0xf, self.0),
            (SVE, _) => write!(f, "SVE register {:#x}", self.0),
            _ => write!(f, "register {:#x}", self.0),
        }
    }
}

impl fmt::Debug for RegisterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for RegisterId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        DoubleWord(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RegisterId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let DoubleWord(id) = DoubleWord::deserialize(deserializer)?;
        let unknown = || D::Error::custom(format!("{id:#x} is not the id of an arm64 register"));
        Self::new(id).ok_or_else(unknown)
    }
}

/// A register and its value, which has the id's size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterValue {
    id: RegisterId,
    value: Vec<u8>,
}

impl RegisterValue {
    /// A register and its bytes, lowest first, or `None` if they are not of the id's size.
    #[must_use]
    pub fn new(id: RegisterId, value: Vec<u8>) -> Option<Self> {
        (value.len() == id.size()).then_some(Self { id, value })
    }

    /// The register.
    #[must_use]
    pub const fn id(&self) -> RegisterId {
        self.id
    }

    /// The bytes, lowest first.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// True if a vCPU may lack the register though its guest came with it.
    pub(super) fn may_be_missing(&self) -> bool {
        let register = self.id.encoding();
        register.is_some_and(|register| hidden_register::may_be_missing(register, &self.value))
    }
}

/// Writes an array of the id and the value.
impl Serialize for RegisterValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.id, Number(&self.value)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RegisterValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (id, Bytes(value)) = <(RegisterId, Bytes)>::deserialize(deserializer)?;
        let bits = 8 * value.len();
        Self::new(id, value).ok_or_else(|| {
            let expected = 8 * id.size();
            D::Error::custom(format!("{id} has {bits} bits, expected {expected}"))
        })
    }
}

/// Shows the value of a register as a number.
pub(super) struct ShownValue<'v>(pub(super) &'v [u8]);

impl fmt::Display for ShownValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0
            .iter()
            .rev()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> RegisterId {
        RegisterId::new(number).unwrap()
    }

    #[test]
    fn each_kind_has_its_part() {
        for (number, part) in [
            (0x6030_0000_0010_0000, Some(Part::Vcpu)),  // x0
            (0x6020_0000_0011_0000, Some(Part::Vcpu)),  // CCSIDR_EL1
            (0x6030_0000_0013_c080, Some(Part::Vcpu)),  // SCTLR_EL1
            (0x6030_0000_0013_c020, Some(Part::View)),  // ID_AA64PFR0_EL1
            (0x6030_0000_0013_df1a, Some(Part::Clock)), // KVM_REG_ARM_TIMER_CNT
            (0x6030_0000_0014_0000, Some(Part::View)),  // PSCI version
            (0x6030_0000_0014_0009, None),              // an unknown mitigation
            (0x6080_0000_0015_0000, Some(Part::Vcpu)),  // Z0
            (0x6060_0000_0015_ffff, Some(Part::View)),  // vector lengths
            (0x6030_0000_0016_0003, Some(Part::View)),  // a bitmap
            (0x6030_0000_0016_0004, None),              // an unknown bitmap
            (0x6030_0000_0017_0000, None),              // an unknown kind
        ] {
            assert_eq!(id(number).part(), part, "{number:#x}");
        }
        assert_eq!(MPIDR.part(), Some(Part::Vcpu));
    }

    #[test]
    fn ids_of_other_architectures_and_sizes_do_not_exist() {
        for number in [0, 0x2030_0000_0002_0000, 0x6090_0000_0015_0000] {
            assert_eq!(RegisterId::new(number), None, "{number:#x}");
        }
        assert_eq!(id(0x6080_0000_0015_0000).size(), 256);
        assert_eq!(id(0x6020_0000_0010_00d4).size(), 4);
    }

    #[test]
    fn messages_have_the_name() {
        for (number, shown) in [
            (0x6030_0000_0010_0040, "pc (0x6030000000100040)"),
            (
                0x6030_0000_0013_c020,
                "ID_AA64PFR0_EL1 (0x603000000013c020)",
            ),
            (0x6030_0000_0013_dce0, "PMCR_EL0 (0x603000000013dce0)"),
            (0x6030_0000_0013_dce2, "PMCNTENCLR_EL0 (0x603000000013dce2)"),
            (0x6030_0000_0013_df19, "CNTV_CTL_EL0 (0x603000000013df19)"),
            (0x6030_0000_0013_c103, "TCR2_EL1 (0x603000000013c103)"),
            (0x6030_0000_0013_c080, "S3_0_C1_C0_0 (0x603000000013c080)"),
            (0x6080_0000_0015_0020, "Z1 (0x6080000000150020)"),
            (0x6050_0000_0015_0420, "P1 (0x6050000000150420)"),
            (0x6030_0000_0017_0000, "register 0x6030000000170000"),
        ] {
            assert_eq!(id(number).to_string(), shown);
        }
    }

    #[test]
    fn values_have_the_size_of_their_id() {
        let json = r#"["0x6020000000100 0d4","0x00000001"]"#.replace(' ', "");
        let value: RegisterValue = serde_json::from_str(&json).unwrap();
        assert_eq!(value.value(), [1, 0, 0, 0]);
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        let json = json.replace("0x00000001", "0x01");
        let error = serde_json::from_str::<RegisterValue>(&json).unwrap_err();
        assert!(
            error.to_string().contains("has 8 bits, expected 32"),
            "{error}"
        );
    }
}
