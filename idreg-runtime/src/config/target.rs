//! Target CPUs: the CPUs on which a guest may run, announced to it beside its MIDR_EL1.
//!
//! A guest selects the workarounds for its CPU's errata by MIDR_EL1, REVIDR_EL1 and AIDR_EL1. A
//! guest whose MIDR_EL1 is overridden, or which may migrate, needs the workarounds of every machine
//! on which it may run. Linux 6.15 and newer asks for these CPUs with two hypercalls (Linux 7.2,
//! `Documentation/virt/kvm/arm/hypercalls.rst`). KVM only announces the hypercalls; the VMM answers
//! them:
//!
//! ```
//! use idreg_runtime::config::target::{DISCOVER_IMPL_CPUS, TargetCpus};
//!
//! let [first, second] = ["midr=0x413fd0c1", "midr=0x411fd401,revidr=2"];
//! let targets = TargetCpus::new(vec![first.parse()?, second.parse()?]);
//! // x0 to x3 of the vCPU at the exit, and their new values.
//! assert_eq!(targets.answer([DISCOVER_IMPL_CPUS, 1, 0, 0]), Some([0, 0x411f_d401, 2, 0]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On an Arm machine `kvm::offer_target_cpus` announces the hypercalls, and
//! `kvm::answer_target_cpus` answers one.

use crate::number::{self, Hex, InvalidNumber};
use crate::text::Printable;
use core::fmt;
use core::str::FromStr;
use thiserror::Error;

/// The hypercall for the version of this interface and the number of CPUs:
/// `ARM_SMCCC_VENDOR_HYP_KVM_DISCOVER_IMPL_VER_FUNC_ID` (Linux 7.2, `include/linux/arm-smccc.h`).
pub const DISCOVER_IMPL_VER: u64 = 0xc600_0040;

/// The hypercall for one of the CPUs, by number:
/// `ARM_SMCCC_VENDOR_HYP_KVM_DISCOVER_IMPL_CPUS_FUNC_ID`.
pub const DISCOVER_IMPL_CPUS: u64 = 0xc600_0041;

/// The version of the interface, 1.0, in the form of `SMCCC_VERSION`: the major number in the upper
/// half.
const VERSION: u64 = 1 << 16;

// Results of the SMC Calling Convention (DEN0028, 7.1).
const SUCCESS: u64 = 0;
const INVALID_PARAMETER: u64 = (-3_i64).cast_unsigned();

/// One CPU on which the guest may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TargetCpu {
    /// The CPU's MIDR_EL1.
    pub midr: u64,
    /// The CPU's REVIDR_EL1.
    pub revidr: u64,
    /// The CPU's AIDR_EL1.
    pub aidr: u64,
}

/// The error of text that does not describe a CPU.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidTargetCpu {
    /// A part is not `NAME=NUMBER` with one of the three names.
    #[error("`{}` is not one of midr=NUMBER, revidr=NUMBER and aidr=NUMBER", Printable(.0))]
    Unknown(String),
    /// A register is given a second time.
    #[error("`{0}` is given twice; give it once")]
    Twice(&'static str),
    /// The value of a register is not a number.
    #[error("`{name}` is not a number")]
    NotANumber {
        /// The register.
        name: &'static str,
        /// The error of the value.
        source: InvalidNumber,
    },
    /// MIDR_EL1 is missing, without which a CPU cannot be identified.
    #[error("midr=NUMBER is missing; add it (revidr and aidr default to 0)")]
    NoMidr,
}

/// Reads `midr=0x413fd0c1,revidr=0,aidr=0`, in any order.
impl FromStr for TargetCpu {
    type Err = InvalidTargetCpu;

    fn from_str(text: &str) -> Result<Self, InvalidTargetCpu> {
        let (mut midr, mut revidr, mut aidr) = (None, None, None);
        for part in text.split(',') {
            let unknown = || InvalidTargetCpu::Unknown(part.to_owned());
            let (name, value) = part.split_once('=').ok_or_else(unknown)?;
            let (name, place) = match name {
                "midr" => ("midr", &mut midr),
                "revidr" => ("revidr", &mut revidr),
                "aidr" => ("aidr", &mut aidr),
                _ => return Err(unknown()),
            };
            let value = number::parse(value)
                .map_err(|source| InvalidTargetCpu::NotANumber { name, source })?;
            if place.replace(value).is_some() {
                return Err(InvalidTargetCpu::Twice(name));
            }
        }
        Ok(Self {
            midr: midr.ok_or(InvalidTargetCpu::NoMidr)?,
            revidr: revidr.unwrap_or(0),
            aidr: aidr.unwrap_or(0),
        })
    }
}

/// Shows the form that [`TargetCpu::from_str`] reads.
impl fmt::Display for TargetCpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (midr, revidr, aidr) = (Hex(self.midr), Hex(self.revidr), Hex(self.aidr));
        write!(f, "midr={midr},revidr={revidr},aidr={aidr}")
    }
}

/// All CPUs on which the guest may run, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetCpus(Vec<TargetCpu>);

impl TargetCpus {
    /// Makes a list of these CPUs.
    #[must_use]
    pub const fn new(cpus: Vec<TargetCpu>) -> Self {
        Self(cpus)
    }

    /// The CPUs, in the order of the hypercall's answers.
    #[must_use]
    pub fn cpus(&self) -> &[TargetCpu] {
        &self.0
    }

    /// True if the list is empty, so that a guest uses its own MIDR_EL1 alone.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values for x0 to x3 of a vCPU that made a hypercall with these values, or `None` if it
    /// is another hypercall.
    #[must_use]
    pub fn answer(&self, call: [u64; 4]) -> Option<[u64; 4]> {
        let [function, index, reserved @ ..] = call;
        match function & u64::from(u32::MAX) {
            DISCOVER_IMPL_VER => Some([SUCCESS, VERSION, self.0.len() as u64, 0]),
            DISCOVER_IMPL_CPUS => {
                let cpu = usize::try_from(index)
                    .ok()
                    .and_then(|index| self.0.get(index));
                Some(match cpu {
                    Some(cpu) if reserved == [0, 0] => [SUCCESS, cpu.midr, cpu.revidr, cpu.aidr],
                    _ => [INVALID_PARAMETER, 0, 0, 0],
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets() -> TargetCpus {
        let cpu = |midr| TargetCpu {
            midr,
            revidr: 5,
            aidr: 6,
        };
        TargetCpus::new(vec![cpu(1), cpu(2)])
    }

    #[test]
    fn version_and_number_come_first() {
        let answer = targets().answer([DISCOVER_IMPL_VER, 7, 7, 7]);
        assert_eq!(answer, Some([0, 0x1_0000, 2, 0]));
    }

    #[test]
    fn cpus_are_reported_one_by_one() {
        let answer = |index| targets().answer([DISCOVER_IMPL_CPUS, index, 0, 0]);
        assert_eq!(answer(0), Some([0, 1, 5, 6]));
        assert_eq!(answer(1), Some([0, 2, 5, 6]));
        assert_eq!(answer(2), Some([INVALID_PARAMETER, 0, 0, 0]));
        assert_eq!(answer(u64::MAX), Some([INVALID_PARAMETER, 0, 0, 0]));
    }

    #[test]
    fn reserved_arguments_must_be_zero() {
        let refused = Some([INVALID_PARAMETER, 0, 0, 0]);
        assert_eq!(targets().answer([DISCOVER_IMPL_CPUS, 0, 1, 0]), refused);
        assert_eq!(targets().answer([DISCOVER_IMPL_CPUS, 0, 0, 1]), refused);
    }

    #[test]
    fn other_calls_are_not_answered() {
        assert_eq!(targets().answer([0x8400_0000, 0, 0, 0]), None);
        // A function number has 32 bits; the bits above them are not part of it.
        assert!(
            targets()
                .answer([DISCOVER_IMPL_VER | 1 << 32, 0, 0, 0])
                .is_some()
        );
    }

    #[test]
    fn text_reads_back() {
        let cpu: TargetCpu = "aidr=3,midr=0x413fd0c1,revidr=2".parse().unwrap();
        assert_eq!((cpu.midr, cpu.revidr, cpu.aidr), (0x413f_d0c1, 2, 3));
        assert_eq!(cpu.to_string().parse(), Ok(cpu));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, error) in [
            (
                "",
                "`` is not one of midr=NUMBER, revidr=NUMBER and aidr=NUMBER",
            ),
            (
                "midr",
                "`midr` is not one of midr=NUMBER, revidr=NUMBER and aidr=NUMBER",
            ),
            (
                "midr=1,part=2",
                "`part=2` is not one of midr=NUMBER, revidr=NUMBER and aidr=NUMBER",
            ),
            ("midr=1,midr=1", "`midr` is given twice; give it once"),
            ("midr=x", "`midr` is not a number"),
            (
                "revidr=1",
                "midr=NUMBER is missing; add it (revidr and aidr default to 0)",
            ),
        ] {
            assert_eq!(text.parse::<TargetCpu>().unwrap_err().to_string(), error);
        }
    }
}
