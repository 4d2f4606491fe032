//! Firmware registers: the versions and services of KVM that a guest finds by hypercalls.
//!
//! KVM shows them to the VMM as registers of a vCPU (Linux 7.2,
//! `Documentation/virt/kvm/arm/fw-pseudo-registers.rst`), although all vCPUs of a VM share them. A
//! guest asks once, when it starts, and relies on the answers afterwards, so they are part of what
//! it sees, like ID registers.

#[cfg(feature = "serde")]
mod file;
mod rejection;
mod setting;

use crate::number::Hex;
use core::fmt;

pub use self::rejection::{FirmwareRejected, FirmwareRejection};
pub use self::setting::{FirmwareSetting, InvalidFirmwareSetting};

/// A firmware register of KVM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FirmwareRegister {
    /// The version of PSCI: the major number in bits 31:16, the minor number below.
    PsciVersion,
    /// The level of the workaround for Spectre variant 2, `SMCCC_ARCH_WORKAROUND_1`.
    Workaround1,
    /// The level of the workaround for Spectre variant 4, `SMCCC_ARCH_WORKAROUND_2`.
    Workaround2,
    /// The level of the workaround for Spectre-BHB, `SMCCC_ARCH_WORKAROUND_3`.
    Workaround3,
    /// The standard secure services: random numbers.
    Std,
    /// The standard hypervisor services: stolen time.
    StdHyp,
    /// The services of KVM with the numbers 0 to 63: the list of services, and a precise time.
    VendorHyp,
    /// The services of KVM with the numbers 64 to 127: target CPUs (Linux 6.15 and newer).
    VendorHyp2,
}

/// The reason why KVM would refuse the value of a firmware register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FirmwareObstacle {
    /// The host's KVM does not have the register, so that its value is 0.
    Absent,
    /// The version is above the host's.
    Newer,
    /// A vCPU with `KVM_ARM_VCPU_PSCI_0_2` cannot have the version, or no kernel has it.
    NoVersion,
    /// The level is above the host's: the guest counts on a protection that the host does not have.
    Unprotected,
    /// The value is not a level.
    NoLevel,
    /// The value has services that the host's KVM does not have, as bits.
    Services(u64),
}

const COUNT: usize = FirmwareRegister::ALL.len();

/// The values of the firmware registers of a VM, as far as its KVM has them.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FirmwareValues([Option<u64>; COUNT]);

/// The bits of a workaround's level (Linux 7.2, `arch/arm64/kvm/hypercalls.c`,
/// `KVM_REG_FEATURE_LEVEL_MASK`).
const LEVEL: u64 = 0xf;

// The highest levels of SMCCC_ARCH_WORKAROUND_1 and 3 (Linux 7.2,
// `arch/arm64/include/uapi/asm/kvm.h`).
const WORKAROUND_1_NOT_REQUIRED: u64 = 2;
const WORKAROUND_3_NOT_REQUIRED: u64 = 2;

// The levels of SMCCC_ARCH_WORKAROUND_2 (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`).
const WORKAROUND_2_UNKNOWN: u64 = 1;
const WORKAROUND_2_AVAILABLE: u64 = 2;
const WORKAROUND_2_NOT_REQUIRED: u64 = 3;
const WORKAROUND_2_ENABLED: u64 = 1 << 4;

/// PSCI 0.2, the lowest version of a vCPU with `KVM_ARM_VCPU_PSCI_0_2`.
const PSCI_0_2: u64 = 2;
/// PSCI 1.0; there is no version between 0.2 and this one.
const PSCI_1_0: u64 = 1 << 16;

impl FirmwareRegister {
    /// Every firmware register of Linux 7.2.
    pub const ALL: [Self; 8] = [
        Self::PsciVersion,
        Self::Workaround1,
        Self::Workaround2,
        Self::Workaround3,
        Self::Std,
        Self::StdHyp,
        Self::VendorHyp,
        Self::VendorHyp2,
    ];

    /// The id in `KVM_GET_ONE_REG` and `KVM_SET_ONE_REG` (Linux 7.2,
    /// `arch/arm64/include/uapi/asm/kvm.h`, `KVM_REG_ARM_FW_REG` and
    /// `KVM_REG_ARM_FW_FEAT_BMAP_REG`).
    ///
    /// ```
    /// use idreg_runtime::firmware::FirmwareRegister;
    ///
    /// assert_eq!(FirmwareRegister::PsciVersion.id(), 0x6030_0000_0014_0000);
    /// assert_eq!(FirmwareRegister::VendorHyp2.id(), 0x6030_0000_0016_0003);
    /// ```
    #[must_use]
    pub const fn id(self) -> u64 {
        const FIRMWARE: u64 = 0x6030_0000_0014_0000;
        const BITMAPS: u64 = 0x6030_0000_0016_0000;
        match self {
            Self::PsciVersion => FIRMWARE,
            Self::Workaround1 => FIRMWARE + 1,
            Self::Workaround2 => FIRMWARE + 2,
            Self::Workaround3 => FIRMWARE + 3,
            Self::Std => BITMAPS,
            Self::StdHyp => BITMAPS + 1,
            Self::VendorHyp => BITMAPS + 2,
            Self::VendorHyp2 => BITMAPS + 3,
        }
    }

    /// The name in `asm/kvm.h`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PsciVersion => "KVM_REG_ARM_PSCI_VERSION",
            Self::Workaround1 => "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1",
            Self::Workaround2 => "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2",
            Self::Workaround3 => "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3",
            Self::Std => "KVM_REG_ARM_STD_BMAP",
            Self::StdHyp => "KVM_REG_ARM_STD_HYP_BMAP",
            Self::VendorHyp => "KVM_REG_ARM_VENDOR_HYP_BMAP",
            Self::VendorHyp2 => "KVM_REG_ARM_VENDOR_HYP_BMAP_2",
        }
    }

    /// The register of a [name](Self::name), or `None` if no register has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// True for the level of a mitigation, which KVM compares with the host's but does not store:
    /// a guest always finds the host's level.
    #[must_use]
    pub const fn is_mitigation(self) -> bool {
        matches!(
            self,
            Self::Workaround1 | Self::Workaround2 | Self::Workaround3
        )
    }

    /// True for the level of a mitigation that a CPU does not need.
    pub(crate) const fn is_not_required(self, level: u64) -> bool {
        match self {
            Self::Workaround1 => level == WORKAROUND_1_NOT_REQUIRED,
            Self::Workaround2 => level & LEVEL == WORKAROUND_2_NOT_REQUIRED,
            Self::Workaround3 => level == WORKAROUND_3_NOT_REQUIRED,
            _ => false,
        }
    }

    /// Checks that KVM takes a value for a VM that has not run, on a host whose new VMs have the
    /// value `host`, or `None` if its KVM does not have the register.
    ///
    /// The rules are those of Linux 7.2, `arch/arm64/kvm/hypercalls.c`, `kvm_arm_set_fw_reg`. KVM
    /// compares the level of a workaround with the host's and does not store it.
    ///
    /// ```
    /// use idreg_runtime::firmware::FirmwareObstacle::Newer;
    /// use idreg_runtime::firmware::FirmwareRegister::PsciVersion;
    ///
    /// assert_eq!(PsciVersion.check(Some(0x1_0003), 0x1_0001), Ok(()));
    /// assert_eq!(PsciVersion.check(Some(0x1_0001), 0x1_0003), Err(Newer));
    /// ```
    ///
    /// # Errors
    ///
    /// The [`FirmwareObstacle`] that prevents the value.
    pub fn check(self, host: Option<u64>, value: u64) -> Result<(), FirmwareObstacle> {
        let Some(host) = host else {
            return refuse_if(value != 0, FirmwareObstacle::Absent);
        };
        match self {
            Self::PsciVersion => {
                let exists = value == PSCI_0_2 || value >= PSCI_1_0;
                refuse_if(!exists, FirmwareObstacle::NoVersion)?;
                refuse_if(value > host, FirmwareObstacle::Newer)
            }
            Self::Workaround1 | Self::Workaround3 => {
                refuse_if(value & !LEVEL != 0, FirmwareObstacle::NoLevel)?;
                refuse_if(value > host, FirmwareObstacle::Unprotected)
            }
            Self::Workaround2 => check_workaround_2(host, value),
            Self::Std | Self::StdHyp | Self::VendorHyp | Self::VendorHyp2 => {
                let more = value & !self.offered(host);
                refuse_if(more != 0, FirmwareObstacle::Services(more))
            }
        }
    }

    /// The services that KVM has, of which a new VM has the bits `new`.
    ///
    /// A new VM has all of them, except for those of the last register, which a VMM must switch on
    /// (Linux 7.2, `arch/arm64/kvm/hypercalls.c`, `kvm_arm_init_hypercalls`). The kernel that added
    /// the register added both of its bits.
    const fn offered(self, new: u64) -> u64 {
        match self {
            Self::VendorHyp2 => new | 0b11,
            _ => new,
        }
    }

    /// A value in readable form: `1.1` for a version, else a number.
    #[must_use]
    pub fn show(self, value: u64) -> String {
        match self {
            Self::PsciVersion => format!("{}.{}", value >> 16, value & 0xffff),
            _ => format!("{value:#x}"),
        }
    }
}

/// KVM knows two levels of this workaround and maps the others to them.
fn check_workaround_2(host: u64, value: u64) -> Result<(), FirmwareObstacle> {
    let level = value & LEVEL;
    let has_other_bits = value & !(LEVEL | WORKAROUND_2_ENABLED) != 0;
    let is_enabled = value & WORKAROUND_2_ENABLED != 0;
    let is_impossible = is_enabled && level != WORKAROUND_2_AVAILABLE;
    refuse_if(has_other_bits || is_impossible, FirmwareObstacle::NoLevel)?;
    match level {
        0 | WORKAROUND_2_UNKNOWN => Ok(()),
        WORKAROUND_2_AVAILABLE | WORKAROUND_2_NOT_REQUIRED => refuse_if(
            host < WORKAROUND_2_NOT_REQUIRED,
            FirmwareObstacle::Unprotected,
        ),
        _ => Err(FirmwareObstacle::NoLevel),
    }
}

fn refuse_if(condition: bool, obstacle: FirmwareObstacle) -> Result<(), FirmwareObstacle> {
    if condition { Err(obstacle) } else { Ok(()) }
}

impl FirmwareObstacle {
    /// True if a host has a lower level of a mitigation than the value, or none.
    pub(crate) const fn is_lower_level(self, register: FirmwareRegister) -> bool {
        register.is_mitigation() && matches!(self, Self::Unprotected | Self::Absent)
    }

    /// A stable name for programs: `absent`, `newer`, `no-version`, `unprotected`, `no-level` or
    /// `services`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Newer => "newer",
            Self::NoVersion => "no-version",
            Self::Unprotected => "unprotected",
            Self::NoLevel => "no-level",
            Self::Services(_) => "services",
        }
    }
}

impl FirmwareValues {
    /// A register's value, or `None` if KVM does not have the register.
    #[must_use]
    pub fn get(&self, register: FirmwareRegister) -> Option<u64> {
        self.0.get(register as usize).copied().flatten()
    }

    /// Sets a register's value.
    pub fn set(&mut self, register: FirmwareRegister, value: u64) {
        if let Some(slot) = self.0.get_mut(register as usize) {
            *slot = Some(value);
        }
    }

    /// The registers that have a value, in the order of [`FirmwareRegister::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (FirmwareRegister, u64)> + '_ {
        let registers = FirmwareRegister::ALL.into_iter();
        registers.filter_map(|register| Some((register, self.get(register)?)))
    }

    /// True if no register has a value: nobody has read them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl fmt::Debug for FirmwareValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.iter().map(|(register, value)| (register, Hex(value)));
        f.debug_map().entries(entries).finish()
    }
}
