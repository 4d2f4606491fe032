//! Dumps of a vCPU by `cpu-template-helper`, as hosts and views.

use super::Template;
use crate::config::{Gic, VcpuConfig};
use crate::encoding::Encoding;
use crate::host::{Host, HostInfo, Implementation, ReadHostError, shown_options};
use crate::regs::{AidrEl1, IdAa64pfr0El1, MidrEl1, RevidrEl1, id_aa64pfr0_el1};
use crate::vcpu::{Errno, RegistersById, VcpuRegs};
use crate::view::{ReadViewError, View, ViewInfo};
use std::collections::BTreeMap;

/// The output of `cpu-template-helper fingerprint dump`: the registers of a vCPU that has not run,
/// and the software of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The release of the host's kernel.
    pub kernel_version: String,
    /// The registers, every bit of each.
    pub guest_cpu_config: Template,
}

/// The reason why a dump is no host or view.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDump {
    /// A register is not whole.
    #[error("register {0:#x} is not whole: its bitmap has `x`, as in a template")]
    NotWhole(u64),
    /// A register is there twice.
    #[error("register {0:#x} is there twice; keep one")]
    Twice(u64),
    /// The vCPU has SVE vectors of unknown lengths.
    #[error(
        "the vCPU has SVE, and a dump has no vector lengths (KVM_REG_ARM64_SVE_VLS); write the \
         host's file with `idreg dump`, or dump a vCPU without SVE"
    )]
    NoVectorLengths,
    /// The registers are not those of a host's vCPU.
    #[error(transparent)]
    Host(#[from] ReadHostError),
    /// The registers are not those of a guest.
    #[error(transparent)]
    View(#[from] ReadViewError),
}

/// The facts that a dump does not have, a sentence each.
pub(super) const MISSING: [&str; 5] = [
    "the writable bits (masks) are not in a dump: the host has none, and no field of it can be \
     changed",
    "the capabilities of KVM are not in a dump: those that the vCPU does not show are off",
    "the generic timer's frequency (CNTFRQ_EL0) is not in a dump",
    "the size of guest physical addresses and the identity of the GIC are not in a dump",
    "other CPUs of the host than the one that the vCPU ran on are not in a dump",
];

/// The registers of a vCPU by their ids.
struct Dump(BTreeMap<u64, u128>);

impl Template {
    /// True for the output of `cpu-template-helper template dump`: every bit of every register.
    #[must_use]
    pub fn is_dump(&self) -> bool {
        let is_whole = |bits: super::Bitmap| bits.filter == u128::MAX;
        !self.registers.is_empty()
            && self
                .registers
                .iter()
                .all(|register| is_whole(register.bits))
    }

    /// The host whose vCPU this dump is of, with the release of its kernel. Its
    /// [missing facts](Self::missing_facts) are absent.
    ///
    /// # Errors
    ///
    /// [`InvalidDump`] if it is no dump, or not of a vCPU that can be read completely.
    pub fn host(&self, kernel_release: &str) -> Result<Host, InvalidDump> {
        let dump = Dump::new(self)?;
        let vcpu = dump.config()?;
        let mut info = HostInfo {
            kernel_release: kernel_release.to_owned(),
            vcpu,
            firmware: dump.firmware(),
            implementations: vec![dump.implementation()],
            ..HostInfo::default()
        };
        let capabilities = &mut info.capabilities;
        (capabilities.pauth, capabilities.pmu) = (vcpu.pauth, vcpu.pmu);
        (capabilities.mte, capabilities.el2) = (vcpu.mte, vcpu.el2);
        Ok(Host::read(info, &dump, None)?)
    }

    /// The view of the guest whose vCPU this dump is of.
    ///
    /// # Errors
    ///
    /// The errors of [`host`](Self::host).
    pub fn view(&self, kernel_release: &str) -> Result<View, InvalidDump> {
        let dump = Dump::new(self)?;
        let info = ViewInfo {
            kernel_release: kernel_release.to_owned(),
            vcpu: dump.config()?,
            ..ViewInfo::default()
        };
        Ok(View::read(info, [&dump])?)
    }

    /// The facts about a host that no dump has, a sentence each.
    #[must_use]
    pub fn missing_facts() -> Vec<String> {
        MISSING.map(str::to_owned).to_vec()
    }
}

impl Dump {
    fn new(template: &Template) -> Result<Self, InvalidDump> {
        let mut registers = BTreeMap::new();
        for register in &template.registers {
            // A dump has 0 above the bits of a register.
            if register.bits.filter != u128::MAX {
                return Err(InvalidDump::NotWhole(register.id));
            }
            if registers.insert(register.id, register.bits.value).is_some() {
                return Err(InvalidDump::Twice(register.id));
            }
        }
        Ok(Self(registers))
    }

    /// The configuration that the vCPU shows: registers that only exist with an option, and the
    /// GIC's field.
    fn config(&self) -> Result<VcpuConfig, InvalidDump> {
        let has = |register: Encoding| self.0.contains_key(&register.kvm_id());
        let config = shown_options(has);
        if config.sve {
            return Err(InvalidDump::NoVectorLengths);
        }
        let pfr0 = self.get(IdAa64pfr0El1::ENCODING).ok();
        let gic = pfr0.map(|bits| IdAa64pfr0El1::from_bits(bits).gic());
        let has_gic = gic.is_some_and(|gic| gic != id_aa64pfr0_el1::Gic::NI);
        Ok(config.with_gic(has_gic.then_some(Gic::V3)))
    }

    fn firmware(&self) -> crate::firmware::FirmwareValues {
        crate::firmware::FirmwareValues::read(self).unwrap_or_default()
    }

    fn implementation(&self) -> Implementation {
        let value = |register: Encoding| self.get(register).ok();
        Implementation {
            cpu: 0,
            midr: value(MidrEl1::ENCODING),
            revidr: value(RevidrEl1::ENCODING),
            aidr: value(AidrEl1::ENCODING),
        }
    }
}

impl RegistersById for Dump {
    fn get_by_id(&self, id: u64) -> Result<u64, Errno> {
        let value = self.0.get(&id).ok_or(Errno::ENOENT)?;
        u64::try_from(*value).map_err(|_| Errno::EINVAL)
    }
}

impl VcpuRegs for Dump {
    fn get(&self, register: Encoding) -> Result<u64, Errno> {
        self.get_by_id(register.kvm_id())
    }

    fn set(&self, _: Encoding, _: u64) -> Result<(), Errno> {
        Err(Errno::EBUSY)
    }
}
