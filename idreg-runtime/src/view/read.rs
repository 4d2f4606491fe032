//! Reads views from vCPUs.

use super::{CacheSizes, InvalidView, VcpuReading, View, ViewInfo};
use crate::firmware::{FirmwareRegister, FirmwareValues};
use crate::host::{Host, ReadError, read_pmu_counters, read_registers};
use crate::plan::Plan;
use crate::regs;
use crate::regs::CcsidrEl1;
use crate::text::caused;
use crate::vcpu::{CACHE_SIZES, Errno, RegistersById, VcpuRegs, cache_size_id};
use core::fmt;

/// The error of reading a view; `{:#}` shows the kernel's error too.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadViewError {
    /// A register of a vCPU cannot be read.
    #[error(fmt = unreadable)]
    Register {
        /// The vCPU's number.
        vcpu: usize,
        /// The register's name.
        register: &'static str,
        /// The kernel's error.
        source: Errno,
    },
    /// The vCPUs are not those of one VM.
    #[error(transparent)]
    Invalid(#[from] InvalidView),
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "thiserror passes the members by reference"
)]
fn unreadable(
    vcpu: &usize,
    register: &&'static str,
    source: &Errno,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let message = format!("cannot read {register} from vCPU {vcpu}");
    caused(&message, source, f)
}

impl ViewInfo {
    /// The facts of a guest that has a plan on a host: what both know of it.
    ///
    /// The caller adds what it decided itself: the target CPUs, and the physical address bits of
    /// the VM.
    #[must_use]
    pub fn of(plan: &Plan, host: &Host) -> Self {
        let config = plan.config();
        let lengths = host.info().sve_vector_lengths.iter().copied();
        let within = |bits: &u32| config.sve && config.sve_limit.is_none_or(|limit| *bits <= limit);
        Self {
            kernel_release: plan.kernel_release().to_owned(),
            model: plan.model().clone(),
            vcpu: config,
            sve_vector_lengths: lengths.filter(within).collect(),
            pmu_counters: config.pmu_counters.or(host.info().pmu_counters),
            timer_frequency: host.info().timer_frequency,
            ..Self::default()
        }
    }
}

impl View {
    /// Reads a view from all vCPUs of a VM, in the order of their numbers. The firmware registers
    /// in `info` are replaced by those of the first vCPU, and so is the number of event counters of
    /// a guest without EL2: with EL2, PMCR_EL0.N is what the guest leaves to its own guests while
    /// one of these runs (Linux 7.2, `arch/arm64/kvm/pmu-emul.c`, `kvm_vcpu_read_pmcr`).
    ///
    /// A guest's view is complete after its first run: some kernels change registers there.
    ///
    /// # Errors
    ///
    /// [`ReadViewError::Register`] if reading a register that KVM has fails;
    /// [`ReadViewError::Invalid`] if the vCPUs cannot be those of one VM.
    pub fn read<'v, V: VcpuRegs + RegistersById + 'v>(
        mut info: ViewInfo,
        vcpus: impl IntoIterator<Item = &'v V>,
    ) -> Result<Self, ReadViewError> {
        let mut readings = Vec::new();
        for (vcpu, registers) in vcpus.into_iter().enumerate() {
            let failed = |ReadError { register, source }| ReadViewError::Register {
                vcpu,
                register,
                source,
            };
            if vcpu == 0 {
                info.firmware = FirmwareValues::read(registers).map_err(failed)?;
                if !info.vcpu.el2 {
                    info.pmu_counters = read_pmu_counters(info.vcpu, registers).map_err(failed)?;
                }
            }
            readings.push(VcpuReading {
                values: read_registers(&regs::DESCRIPTION, registers).map_err(failed)?,
                caches: cache_sizes(registers).map_err(failed)?,
            });
        }
        Ok(Self::new(info, readings)?)
    }
}

impl FirmwareValues {
    /// Reads every firmware register that a vCPU has.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if reading a register that KVM has fails.
    pub fn read(vcpu: &impl RegistersById) -> Result<Self, ReadError> {
        let mut values = Self::default();
        for register in FirmwareRegister::ALL {
            if let Some(value) = read_by_id(vcpu, register.id(), register.name())? {
                values.set(register, value);
            }
        }
        Ok(values)
    }
}

fn cache_sizes(vcpu: &impl RegistersById) -> Result<CacheSizes, ReadError> {
    let mut sizes = CacheSizes::new();
    for selection in 0..CACHE_SIZES {
        let size = read_by_id(vcpu, cache_size_id(selection), CcsidrEl1::NAME)?;
        // The register has 32 bits.
        sizes.push(size.and_then(|size| u32::try_from(size).ok()));
    }
    while sizes.last() == Some(&None) {
        sizes.pop();
    }
    Ok(sizes)
}

/// Reads a register, `None` if the vCPU does not have it.
fn read_by_id(
    vcpu: &impl RegistersById,
    id: u64,
    register: &'static str,
) -> Result<Option<u64>, ReadError> {
    match vcpu.get_by_id(id) {
        Ok(value) => Ok(Some(value)),
        Err(Errno::ENOENT) => Ok(None),
        Err(source) => Err(ReadError { register, source }),
    }
}
