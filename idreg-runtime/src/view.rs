//! Views: what a guest sees of its machine, read back from its vCPUs.

#[cfg(feature = "models")]
mod as_model;
#[cfg(feature = "serde")]
mod file;
mod fit;
mod incompatible;
mod options;
mod read;

use crate::config::capabilities::is_of_vm;
use crate::config::options::{SVE_QUADWORD_BITS, sve_lengths};
use crate::config::pmu_counters::MOST_PMU_COUNTERS;
use crate::config::target::TargetCpu;
use crate::config::{GicIdentity, VcpuConfig};
use crate::description::Description;
use crate::firmware::FirmwareValues;
use crate::model::CpuModel;
use crate::text::comma_list;
use crate::values::RegisterValues;
use crate::vcpu::CACHE_SIZES;

#[cfg(feature = "serde")]
pub use self::file::SCHEMA;
pub use self::incompatible::{Incompatibility, Incompatible};
pub use self::read::ReadViewError;

/// The machine as a guest sees it, read back, with the options that its VM was created with.
///
/// A view decides where a guest can run. It is not what was requested: KVM stores some values
/// differently, and changes some when the guest first runs. The file is JSON with the schema
/// [`idreg-view/1`](SCHEMA); the same view gives the same bytes.
///
/// ```
/// # let host: idreg_runtime::Host =
/// #     serde_json::from_str(include_str!("../data/hosts/max-latest.json"))?;
/// use idreg_runtime::fake::FakeVm;
/// use idreg_runtime::plan::Plan;
/// use idreg_runtime::view::{View, ViewInfo};
///
/// let plan = Plan::new(&host, &"host,SYSREG_ID_AA64ISAR0_EL1_DP=0".parse()?)?;
/// let vm = FakeVm::new(&host);
/// let vcpus = [vm.vcpu(0), vm.vcpu(1)];
/// for vcpu in &vcpus {
///     plan.apply(vcpu)?;
/// }
/// let view = View::read(ViewInfo::of(&plan, &host), &vcpus)?;
/// assert_eq!(view.vcpu_count(), 2);
///
/// let file = serde_json::to_string_pretty(&view)?;
/// assert_eq!(serde_json::from_str::<View>(&file)?, view);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    info: ViewInfo,
    /// The registers that are the same on all vCPUs.
    common: RegisterValues,
    /// For each vCPU the registers that are not the same on all.
    own: Vec<RegisterValues>,
    /// The cache sizes of each vCPU.
    caches: Vec<CacheSizes>,
}

/// The facts of a view apart from the registers of its vCPUs.
///
/// A VMM starts from the default, or from [`ViewInfo::of`], and sets the members that it knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ViewInfo {
    /// The release of the kernel that the guest runs on.
    pub kernel_release: String,
    /// The model that the guest was asked for.
    pub model: CpuModel,
    /// The configuration that the vCPUs were created with.
    pub vcpu: VcpuConfig,
    /// The SVE vector lengths of the guest in bits, ascending; empty without SVE.
    pub sve_vector_lengths: Vec<u32>,
    /// The number of event counters of the guest's PMU (PMCR_EL0.N), or `None` if it is unknown or
    /// the guest has no PMU.
    pub pmu_counters: Option<u32>,
    /// The CPUs that were announced to the guest beside its own; empty if none were.
    pub target_cpus: Vec<TargetCpu>,
    /// The generic timer's frequency in Hz (CNTFRQ_EL0), or 0 if it is unknown.
    pub timer_frequency: u64,
    /// The number of bits of a guest physical address, or `None` if it is unknown.
    pub physical_address_bits: Option<u32>,
    /// The identity of the GIC apart from its version, which [`vcpu`](Self::vcpu) has.
    pub gic: GicIdentity,
    /// The firmware registers of the VM; empty if they are unknown.
    pub firmware: FirmwareValues,
}

/// The registers of one vCPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VcpuReading {
    /// The value of every ID register that the vCPU has.
    pub values: RegisterValues,
    /// The sizes of its caches.
    pub caches: CacheSizes,
}

/// CCSIDR_EL1 for each value of CSSELR_EL1, from 0: the size of one cache, or `None` if KVM has no
/// register for the selection. Empty if the sizes are unknown.
pub type CacheSizes = Vec<Option<u32>>;

/// The maximum number of vCPUs of a VM (Linux 7.2, `include/kvm/arm_vgic.h`, `VGIC_V3_MAX_CPUS`).
pub const MOST_VCPUS: usize = 512;

/// The maximum length of a kernel's release in bytes (Linux 7.2, `include/uapi/linux/utsname.h`,
/// `__NEW_UTS_LEN`).
const MOST_RELEASE: usize = 64;

/// The reason why no guest can have such a view.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidView {
    /// There is no vCPU, or there are more than KVM has.
    #[error("{count} vCPUs, expected 1 to {MOST_VCPUS}")]
    VcpuCount {
        /// The number of vCPUs.
        count: usize,
    },
    /// A vCPU has no ID register.
    #[error("vCPU {vcpu} has no register that this version knows")]
    NoRegisters {
        /// The vCPU's number.
        vcpu: usize,
    },
    /// A register that all vCPUs of a VM share has several values.
    #[error("{register} differs between vCPU 0 and vCPU {vcpu}, but all vCPUs of a VM share it")]
    NotShared {
        /// The register's name.
        register: &'static str,
        /// The number of the first vCPU that differs from vCPU 0.
        vcpu: usize,
    },
    /// The vector lengths do not match the architecture or the configuration.
    #[error(
        "the SVE vector lengths are {}, expected {}",
        if lengths.is_empty() { "none".to_owned() } else { comma_list(lengths) },
        if *sve {
            "multiples of 128 from 128 to 2048, ascending, since `sve` is true"
        } else {
            "none, since `sve` is false"
        }
    )]
    VectorLengths {
        /// The lengths in bits.
        lengths: Vec<u32>,
        /// True if the vCPUs have SVE.
        sve: bool,
    },
    /// There are event counters without a PMU, or more than the architecture has.
    #[error(
        "the number of PMU event counters is {counters}, expected {}",
        if *pmu {
            "at most 31"
        } else {
            "none, since `pmu` is false"
        }
    )]
    PmuCounters {
        /// The number.
        counters: u32,
        /// True if the vCPUs have a PMU.
        pmu: bool,
    },
    /// A cache is selected that CSSELR_EL1 cannot select.
    #[error("vCPU {vcpu} has {count} cache sizes, expected at most {CACHE_SIZES}")]
    CacheCount {
        /// The vCPU's number.
        vcpu: usize,
        /// The number of sizes.
        count: usize,
    },
    /// The kernel's release is too long or has control characters.
    #[error(
        "the kernel's release is {release:?}, expected at most {MOST_RELEASE} bytes without \
         control characters"
    )]
    KernelRelease {
        /// The release, cut after the maximum length.
        release: String,
    },
}

impl View {
    /// Makes a view of readings of all vCPUs, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// [`InvalidView`] if no VM has such vCPUs.
    pub fn new(info: ViewInfo, vcpus: Vec<VcpuReading>) -> Result<Self, InvalidView> {
        check_release(&info.kernel_release)?;
        check_lengths(&info.sve_vector_lengths, info.vcpu.sve)?;
        check_counters(info.pmu_counters, info.vcpu.pmu)?;
        check_vcpus(&vcpus)?;
        let Some(first) = vcpus.first() else {
            return Err(InvalidView::VcpuCount { count: 0 });
        };
        let mut common = RegisterValues::new(first.values.description());
        for (register, value) in first.values.iter() {
            let has_value = |vcpu: &VcpuReading| vcpu.values.get(register) == Some(value);
            if vcpus.iter().all(has_value) {
                common.set(register, value);
            }
        }
        let own = vcpus.iter().map(|vcpu| {
            let mut own = RegisterValues::new(vcpu.values.description());
            for (register, value) in vcpu.values.iter() {
                if common.get(register).is_none() {
                    own.set(register, value);
                }
            }
            own
        });
        Ok(Self {
            info,
            own: own.collect(),
            common,
            caches: vcpus.into_iter().map(|vcpu| vcpu.caches).collect(),
        })
    }

    /// The facts apart from the registers.
    #[must_use]
    pub fn info(&self) -> &ViewInfo {
        &self.info
    }

    /// The number of vCPUs, at least 1.
    #[must_use]
    pub fn vcpu_count(&self) -> usize {
        self.own.len()
    }

    /// The registers that have the same value on all vCPUs. With one vCPU these are all.
    #[must_use]
    pub fn common(&self) -> &RegisterValues {
        &self.common
    }

    /// The registers of a vCPU, or `None` if there is no vCPU of this number.
    #[must_use]
    pub fn vcpu(&self, number: usize) -> Option<VcpuReading> {
        let mut values = self.common.clone();
        for (register, value) in self.own.get(number)?.iter() {
            values.set(register, value);
        }
        let caches = self.caches.get(number)?.clone();
        Some(VcpuReading { values, caches })
    }

    /// The description of the registers.
    #[must_use]
    pub fn description(&self) -> &'static Description {
        self.common.description()
    }
}

fn check_release(release: &str) -> Result<(), InvalidView> {
    if release.len() <= MOST_RELEASE && !release.chars().any(char::is_control) {
        return Ok(());
    }
    let release = release.chars().take(MOST_RELEASE).collect();
    Err(InvalidView::KernelRelease { release })
}

fn check_lengths(lengths: &[u32], sve: bool) -> Result<(), InvalidView> {
    let exist = lengths
        .iter()
        .all(|bits| sve_lengths().any(|length| length == *bits));
    let ascend = lengths.is_sorted_by(|length, next| length < next);
    let shortest = sve.then_some(&SVE_QUADWORD_BITS);
    if exist && ascend && lengths.first() == shortest {
        return Ok(());
    }
    let lengths = lengths.to_vec();
    Err(InvalidView::VectorLengths { lengths, sve })
}

fn check_counters(counters: Option<u32>, pmu: bool) -> Result<(), InvalidView> {
    match counters {
        Some(counters) if !pmu || counters > MOST_PMU_COUNTERS => {
            Err(InvalidView::PmuCounters { counters, pmu })
        }
        _ => Ok(()),
    }
}

fn check_vcpus(vcpus: &[VcpuReading]) -> Result<(), InvalidView> {
    let count = vcpus.len();
    let first = match vcpus.first() {
        Some(first) if count <= MOST_VCPUS => first,
        _ => return Err(InvalidView::VcpuCount { count }),
    };
    let shared = first.values.description().registers.iter();
    let shared = shared.filter(|register| is_of_vm(register.encoding));
    for register in shared {
        let value = first.values.get(register);
        let differs = |vcpu: &VcpuReading| vcpu.values.get(register) != value;
        if let Some(vcpu) = vcpus.iter().position(differs) {
            let register = register.name;
            return Err(InvalidView::NotShared { register, vcpu });
        }
    }
    for (vcpu, reading) in vcpus.iter().enumerate() {
        if reading.values.iter().next().is_none() {
            return Err(InvalidView::NoRegisters { vcpu });
        }
        let count = reading.caches.len();
        if count > usize::from(CACHE_SIZES) {
            return Err(InvalidView::CacheCount { vcpu, count });
        }
    }
    Ok(())
}
