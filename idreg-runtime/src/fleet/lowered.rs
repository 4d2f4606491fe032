//! The model with which a guest would fit another host too.

use super::kinds::Fleet;
use super::policy::{MidrPolicy, Policy};
use crate::config::VcpuConfig;
use crate::config::capabilities::Capabilities;
use crate::config::options::CpuOption;
use crate::firmware::FirmwareValues;
use crate::host::{Host, HostInfo};
use crate::model::{CpuModel, Override, Setting};
use crate::plan::Plan;
use crate::tolerance::Tolerance;
use crate::view::{VcpuReading, View, ViewInfo};

/// The name of a guest's first host among the two hosts.
const FIRST: &str = "first";

/// A model that a guest's first host can give as well as another host, which refuses the guest as
/// it is: the guest's model with options turned off and fields lowered.
///
/// The view of a guest does not have the masks of its first host. They are taken to be those of the
/// other host, so that a first host with an older kernel may refuse the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoweredModel {
    model: CpuModel,
    firmware: FirmwareValues,
}

impl LoweredModel {
    /// Lowers the model of a guest until a host accepts it, or returns `None` if no model is known
    /// that fits both. The view that the model would have is judged by [`Plan::for_view_with`].
    ///
    /// ```
    /// # let file = include_str!("../../data/hosts/max-latest.json");
    /// # let newer: idreg_runtime::Host = serde_json::from_str(file)?;
    /// # let file = file.replace("\"KVM_REG_ARM_PSCI_VERSION\": \"0x0000000000010003\"",
    /// #     "\"KVM_REG_ARM_PSCI_VERSION\": \"0x0000000000010001\"");
    /// # let older: idreg_runtime::Host = serde_json::from_str(&file)?;
    /// # assert_ne!(newer, older);
    /// use idreg_runtime::fake::FakeVm;
    /// use idreg_runtime::fleet::LoweredModel;
    /// use idreg_runtime::plan::Plan;
    /// use idreg_runtime::tolerance::Tolerance;
    /// use idreg_runtime::view::{View, ViewInfo};
    ///
    /// let plan = Plan::new(&newer, &"host".parse()?)?;
    /// let view = View::read(ViewInfo::of(&plan, &newer), [&FakeVm::new(&newer).vcpu(0)])?;
    /// assert!(Plan::for_view(&older, &view).is_err());
    /// let lowered = LoweredModel::new(&older, &view, &Tolerance::none()).ok_or("no model")?;
    /// let settings: Vec<_> = lowered.firmware().settings().collect();
    /// assert_eq!(settings[0].to_string(), "KVM_REG_ARM_PSCI_VERSION=1.1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(host: &Host, view: &View, tolerance: &Tolerance) -> Option<Self> {
        let first = first_host(host, view)?;
        let mut fleet = Fleet::new();
        let position = fleet.add(FIRST, &first).ok()?;
        fleet.add("other", host).ok()?;
        let policy = Policy::default()
            .with_midr(MidrPolicy::Host(FIRST.to_owned()))
            .with_tolerance(tolerance.clone());
        let baseline = fleet.baseline(&policy).ok()?;
        let fit = baseline.fits().get(position)?;
        let model = with_overrides(view.info().model.clone(), fit.model());
        let plan = Plan::new(&first, &model).ok()?;
        let mut firmware = FirmwareValues::default();
        let of_view = view.info().firmware;
        for (register, value) in baseline.firmware().iter() {
            if of_view.get(register).is_some_and(|own| own != value) {
                firmware.set(register, value);
            }
        }
        let lowered = lowered(view, &first, &plan, firmware)?;
        Plan::for_view_with(host, &lowered, tolerance).ok()?;
        Some(Self { model, firmware })
    }

    /// The model that the guest must start with.
    #[must_use]
    pub fn model(&self) -> &CpuModel {
        &self.model
    }

    /// The firmware registers that the VMM must write before the guest first runs.
    #[must_use]
    pub fn firmware(&self) -> &FirmwareValues {
        &self.firmware
    }
}

/// A host whose guests without overrides have this view.
fn first_host(other: &Host, view: &View) -> Option<Host> {
    let info = view.info();
    let values = view.vcpu(0)?.values;
    let capabilities = Capabilities {
        sve: info.vcpu.sve,
        pauth: info.vcpu.pauth,
        pmu: info.vcpu.pmu,
        mte: info.vcpu.mte,
        el1_32bit: info.vcpu.aarch32,
        el2: info.vcpu.el2,
        ..other.info().capabilities
    };
    let info = HostInfo {
        kernel_release: info.kernel_release.clone(),
        capabilities,
        // The lengths and the number of counters below are what its vCPUs have without a limit.
        vcpu: VcpuConfig {
            sve_limit: None,
            pmu_counters: None,
            ..info.vcpu
        },
        implementations: Vec::new(),
        timer_frequency: info.timer_frequency,
        sve_vector_lengths: info.sve_vector_lengths.clone(),
        pmu_counters: info.pmu_counters,
        physical_address_bits: info.physical_address_bits,
        gic: info.gic,
        firmware: info.firmware,
    };
    Some(Host::with_masks_of(other, info, values))
}

/// A model with the options and overrides of another one, whose vector lengths replace its own.
fn with_overrides(mut model: CpuModel, other: &CpuModel) -> CpuModel {
    if other.overrides().iter().any(is_of_vectors) {
        model = model.without(is_of_vectors);
    }
    for added in other.overrides() {
        match added.value {
            Ok(Setting::Number(value)) => model.set_property(&added.property, value),
            Ok(Setting::Switch(on)) => model.switch(&added.property, on),
            Err(_) => &mut model,
        };
    }
    model
}

fn is_of_vectors(asked: &Override) -> bool {
    let option = asked.property.parse();
    matches!(option, Ok(CpuOption::Sve | CpuOption::SveLength(_)))
}

/// The view that a guest would have had with a plan on its first host.
fn lowered(view: &View, first: &Host, plan: &Plan, firmware: FirmwareValues) -> Option<View> {
    let old = view.info();
    let mut info = ViewInfo {
        physical_address_bits: old.physical_address_bits,
        gic: old.gic,
        firmware: old.firmware,
        target_cpus: old.target_cpus.clone(),
        ..ViewInfo::of(plan, first)
    };
    for (register, value) in firmware.iter() {
        info.firmware.set(register, value);
    }
    if !info.vcpu.pmu {
        info.pmu_counters = None;
    }
    let (before, after) = (first.values(), plan.in_guest());
    let vcpus = (0..view.vcpu_count()).filter_map(|number| {
        let VcpuReading { mut values, caches } = view.vcpu(number)?;
        for (register, value) in after.iter() {
            if before.get(register) != Some(value) {
                values.set(register, value);
            }
        }
        Some(VcpuReading { values, caches })
    });
    View::new(info, vcpus.collect()).ok()
}
