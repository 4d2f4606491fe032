//! Hosts: the registers of their vCPUs and the values that a VMM can change.

mod accepted;
mod allowed;
#[cfg(feature = "models")]
mod as_model;
mod cache_levels;
mod changes;
mod configuration;
mod cores;
mod derived;
#[cfg(feature = "serde")]
mod file;
mod hidden;

use crate::config::capabilities::{Capabilities, WritableMasks};
use crate::config::pmu_counters::{PMCR, PMCR_EL0, pmu_counters};
use crate::config::{GicIdentity, VcpuConfig};
use crate::description::{Description, RegisterDescription, RegisterField};
use crate::firmware::FirmwareValues;
use crate::regs::{self, AidrEl1, MidrEl1, RevidrEl1};
use crate::text::{caused, lines};
use crate::values::RegisterValues;
use crate::vcpu::{Errno, VcpuRegs};
use core::fmt;

pub use self::accepted::accepted_values;
pub use self::allowed::Obstacle;
pub use self::changes::{FactChange, FieldChange, FieldState, HostChanges};
#[cfg(all(target_os = "linux", target_arch = "aarch64", feature = "kvm"))]
pub(crate) use self::configuration::differences as configuration_differences;
pub(crate) use self::configuration::is_of_an_option;
pub(crate) use self::configuration::shown_options;
pub use self::configuration::{ConfigurationDifference, OptionEvidence, option_register_name};
pub use self::cores::{CoreDifference, CoreReading};
pub use self::derived::NotDerivable;
#[cfg(feature = "serde")]
pub use self::file::SCHEMA;

/// A host, read on the host itself or from a file.
///
/// The file is JSON with the schema `idreg-host/1`; the same host gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    info: HostInfo,
    values: RegisterValues,
    writable: RegisterValues,
    /// The readings of each core type, if the machine has several.
    cores: Vec<CoreReading>,
}

/// The facts about a host apart from its registers.
///
/// A VMM that reads its host without this crate's `kvm` module starts from the default, in which
/// everything is absent, and sets the members that it knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct HostInfo {
    /// The kernel's release, as `uname -r` prints it.
    pub kernel_release: String,
    /// The capabilities of its KVM.
    pub capabilities: Capabilities,
    /// The configuration of the vCPU whose registers were read.
    pub vcpu: VcpuConfig,
    /// The CPUs, by number, with the registers that identify the implementation of each.
    pub implementations: Vec<Implementation>,
    /// The generic timer's frequency in Hz (CNTFRQ_EL0), which no VMM can change; 0 if unknown.
    pub timer_frequency: u64,
    /// The SVE vector lengths in bits that the host supports, ascending; empty without SVE.
    pub sve_vector_lengths: Vec<u32>,
    /// The number of event counters of a new VM's PMU (PMCR_EL0.N), or `None` if it is unknown or
    /// the vCPU was created without a PMU.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub pmu_counters: Option<u32>,
    /// The maximum number of bits of a VM's guest physical addresses (`KVM_CAP_ARM_VM_IPA_SIZE`),
    /// or `None` if it is unknown.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub physical_address_bits: Option<u32>,
    /// The identity of a new VM's GICv3, as far as it is known.
    #[cfg_attr(
        feature = "serde",
        serde(skip_serializing_if = "GicIdentity::is_unknown")
    )]
    pub gic: GicIdentity,
    /// The firmware registers of a new VM; empty if they are unknown.
    #[cfg_attr(
        feature = "serde",
        serde(skip_serializing_if = "FirmwareValues::is_empty")
    )]
    pub firmware: FirmwareValues,
}

/// One CPU's implementation, as reported by the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Implementation {
    /// The CPU's number in the kernel.
    pub cpu: u32,
    /// MIDR_EL1.
    #[cfg_attr(feature = "serde", serde(with = "file::optional_hex"))]
    pub midr: Option<u64>,
    /// REVIDR_EL1.
    #[cfg_attr(feature = "serde", serde(with = "file::optional_hex"))]
    pub revidr: Option<u64>,
    /// AIDR_EL1; some kernels, such as 6.12, do not report it.
    #[cfg_attr(feature = "serde", serde(with = "file::optional_hex"))]
    pub aidr: Option<u64>,
}

/// The error of a register that cannot be read; `{:#}` shows the kernel's error too.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ReadError {
    /// The register's name.
    pub register: &'static str,
    /// The kernel's error.
    pub source: Errno,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { register, source } = self;
        caused(
            &format_args!("cannot read {register} from the vCPU"),
            source,
            f,
        )
    }
}

/// The error of reading a host from a vCPU; `{:#}` shows the kernel's error too.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadHostError {
    /// A register cannot be read.
    #[error(transparent)]
    Register(#[from] ReadError),
    /// The vCPU was created with another configuration than that of the [`HostInfo`].
    #[error("{}", lines(.0))]
    OtherConfiguration(Vec<ConfigurationDifference>),
}

impl Host {
    /// Reads every register of [`regs::DESCRIPTION`] from a vCPU that has not run.
    ///
    /// `masks` are the writable bits that KVM reports, or `None` if it does not report them (before
    /// Linux 6.7).
    ///
    /// The vCPU is compared with the configuration in `info`: apart from its ID registers, a
    /// register is read for each option that these show as off. Registers tell `sve`, `pauth`,
    /// `pmu`, `mte` and `el2`, and a GICv3 that is missing. They do not tell a limit of the vector
    /// lengths, the execution state at EL1 (`aarch32`), or a GIC that the configuration does not
    /// have; the module `kvm` asks KVM for these. The number of event counters in `info` is
    /// replaced by that of PMCR_EL0.
    ///
    /// ```
    /// # let recorded: idreg_runtime::host::Host =
    /// #     serde_json::from_str(include_str!("../data/hosts/max-latest.json"))?;
    /// use idreg_runtime::config::capabilities::{FEATURE_ID_REGISTERS, WritableMasks};
    /// use idreg_runtime::host::{HostInfo, Host};
    /// use idreg_runtime::fake::FakeVcpu;
    ///
    /// let mut info = HostInfo::default();
    /// info.kernel_release = "7.2.0".to_owned();
    /// info.capabilities.writable_masks = true;
    /// info.vcpu = recorded.info().vcpu; // that the vCPU was created with
    /// let vcpu = FakeVcpu::new(&recorded); // any `VcpuRegs`
    /// let masks = WritableMasks::new([0; FEATURE_ID_REGISTERS]); // KVM_ARM_GET_REG_WRITABLE_MASKS
    /// let host = Host::read(info, &vcpu, Some(&masks))?;
    /// assert_eq!(host.values(), recorded.values());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ReadHostError::Register`] if reading a register that KVM has fails. A register that KVM
    /// does not have is not an error. [`ReadHostError::OtherConfiguration`] if the vCPU was created
    /// with another configuration.
    pub fn read(
        info: HostInfo,
        vcpu: &impl VcpuRegs,
        masks: Option<&WritableMasks>,
    ) -> Result<Self, ReadHostError> {
        Self::read_described(&regs::DESCRIPTION, info, vcpu, masks)
    }

    /// Reads a host like [`Host::read`], with the registers of another description.
    ///
    /// # Errors
    ///
    /// The error of [`Host::read`].
    pub fn read_described(
        description: &'static Description,
        mut info: HostInfo,
        vcpu: &impl VcpuRegs,
        masks: Option<&WritableMasks>,
    ) -> Result<Self, ReadHostError> {
        let values = read_registers(description, vcpu)?;
        let differences = configuration::differences(info.vcpu, &values, vcpu)?;
        if !differences.is_empty() {
            return Err(ReadHostError::OtherConfiguration(differences));
        }
        info.pmu_counters = read_pmu_counters(info.vcpu, vcpu)?;
        Ok(Self::from_values(info, values, masks))
    }

    /// A host with these values, which a vCPU of the configuration in `info` had.
    pub(crate) fn from_values(
        info: HostInfo,
        values: RegisterValues,
        masks: Option<&WritableMasks>,
    ) -> Self {
        let mut writable = RegisterValues::new(values.description());
        for (register, _) in values.iter() {
            let mask = masks.and_then(|masks| masks.get(register.encoding));
            writable.set(register, mask.unwrap_or(0));
        }
        Self {
            info,
            values,
            writable,
            cores: Vec::new(),
        }
    }

    /// A host with these values and the masks of another one, which must have the same description.
    pub(crate) fn with_masks_of(other: &Self, info: HostInfo, values: RegisterValues) -> Self {
        let mut writable = RegisterValues::new(values.description());
        for (register, _) in values.iter() {
            writable.set(register, other.writable(register));
        }
        Self {
            info,
            values,
            writable,
            cores: Vec::new(),
        }
    }

    /// A host whose vCPUs have no registers.
    pub(crate) fn without_registers(info: HostInfo) -> Self {
        Self {
            info,
            values: RegisterValues::new(&regs::DESCRIPTION),
            writable: RegisterValues::new(&regs::DESCRIPTION),
            cores: Vec::new(),
        }
    }

    /// The facts about the host apart from its registers.
    #[must_use]
    pub fn info(&self) -> &HostInfo {
        &self.info
    }

    /// The registers' values that a guest sees without overrides.
    #[must_use]
    pub fn values(&self) -> &RegisterValues {
        &self.values
    }

    /// The bits of a register that KVM reports as writable; 0 if the host does not have the
    /// register.
    ///
    /// A set bit does not guarantee a change: KVM checks the value as well.
    #[must_use]
    pub fn writable(&self, register: &RegisterDescription) -> u64 {
        self.writable.get(register).unwrap_or(0)
    }

    /// True if a field can be changed: KVM reports all its bits as writable, and has the capability
    /// that its register requires.
    #[must_use]
    pub fn is_writable(&self, field: RegisterField) -> bool {
        self.has_writable_bits(field) && !self.lacks_capability(field)
    }

    fn has_writable_bits(&self, field: RegisterField) -> bool {
        let mask = field.field.mask();
        self.writable(field.register) & mask == mask
    }

    /// True if only a missing capability prevents a change of the field. KVM can report the
    /// registers that identify the implementation as writable, and still refuse a change in a VM
    /// that has not enabled `KVM_CAP_ARM_WRITABLE_IMP_ID_REGS` (Linux 7.2,
    /// `arch/arm64/kvm/sys_regs.c`, `set_imp_id_reg`).
    pub(crate) fn lacks_capability(&self, field: RegisterField) -> bool {
        let implementation = [MidrEl1::ENCODING, RevidrEl1::ENCODING, AidrEl1::ENCODING];
        implementation.contains(&field.register.encoding)
            && self.has_writable_bits(field)
            && !self.info.capabilities.writable_implementation_ids
    }

    /// The bits of each register that KVM reports as writable.
    pub(crate) fn masks(&self) -> &RegisterValues {
        &self.writable
    }

    /// The host with another list of CPUs.
    pub(crate) fn with_implementations(mut self, implementations: Vec<Implementation>) -> Self {
        self.info.implementations = implementations;
        self
    }

    /// The description of the host's registers.
    #[must_use]
    pub fn description(&self) -> &'static Description {
        self.values.description()
    }
}

/// Reads the number of event counters of a vCPU; `None` without a PMU, or if it shows only its ID
/// registers.
///
/// # Errors
///
/// [`ReadError`] if PMCR_EL0 of a vCPU with a PMU cannot be read.
pub(crate) fn read_pmu_counters(
    config: VcpuConfig,
    vcpu: &impl VcpuRegs,
) -> Result<Option<u32>, ReadError> {
    if !config.pmu {
        return Ok(None);
    }
    match vcpu.get(PMCR_EL0) {
        Ok(pmcr) => Ok(Some(pmu_counters(pmcr))),
        Err(Errno::ENOENT) => Ok(None),
        Err(source) => Err(ReadError {
            register: PMCR,
            source,
        }),
    }
}

/// Reads every register of a description that a vCPU has.
///
/// # Errors
///
/// [`ReadError`] for any result except a value or [`Errno::ENOENT`].
pub(crate) fn read_registers(
    description: &'static Description,
    vcpu: &impl VcpuRegs,
) -> Result<RegisterValues, ReadError> {
    let mut values = RegisterValues::new(description);
    for register in description.registers {
        match vcpu.get(register.encoding) {
            Ok(value) => values.set(register, value),
            Err(Errno::ENOENT) => {}
            Err(source) => {
                return Err(ReadError {
                    register: register.name,
                    source,
                });
            }
        }
    }
    Ok(values)
}
