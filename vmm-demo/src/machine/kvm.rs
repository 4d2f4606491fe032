//! A machine with Arm KVM.

use crate::output::failure::Failure;
use crate::probe::guest::run_probe;
use crate::probe::report::Seen;
use crate::probe::view::GuestView;
use crate::vmm::timeline::Timeline;
use crate::vmm::vm::{Parts, Vm, VmError};
use idreg_runtime::config::Gic;
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::description::rule::ValueRange;
use idreg_runtime::description::{FieldDescription, RegisterField};
use idreg_runtime::encoding::Encoding;
use idreg_runtime::host::Host;
use idreg_runtime::kvm::{self, KvmError, ScratchVm};
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;
use idreg_runtime::plan::apply::ApplyError;
use idreg_runtime::vcpu::VcpuRegs;
use kvm_ioctls::Kvm;
use std::time::{Duration, Instant};

/// The probe guest needs milliseconds on hardware and well under a second on an emulated host.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// The probe program is a few pages long.
const RAM: u64 = 2 << 20;

/// This machine: its KVM, and what a VM with a model's options shows.
#[derive(Debug)]
pub struct Machine {
    kvm: Kvm,
    host: Host,
}

impl Machine {
    /// Reads the host from a scratch VM of the configuration that guests of the model will have.
    ///
    /// # Errors
    ///
    /// [`Failure`]: KVM is missing or refuses.
    pub fn open(model: &CpuModel) -> Result<Self, Failure> {
        let kvm = open_kvm()?;
        let supported = kvm::supported(&kvm).map_err(kvm_failure)?;
        let config = model.config(supported, &kvm::capabilities(&kvm));
        let host = kvm::read_host(&kvm, config).map_err(kvm_failure)?;
        Ok(Self { kvm, host })
    }

    /// The machine's KVM.
    #[must_use]
    pub fn kvm(&self) -> &Kvm {
        &self.kvm
    }

    /// The host as it was read.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The host as it was read, without the machine.
    #[must_use]
    pub fn into_host(self) -> Host {
        self.host
    }

    /// Applies a plan to a scratch VM and drops it; nothing else of this machine notices.
    ///
    /// # Errors
    ///
    /// [`Failure`]: KVM is missing or refuses.
    pub fn try_plan(&self, plan: &Plan) -> Result<(), Failure> {
        let scratch = ScratchVm::new(&self.kvm, plan.config()).map_err(kvm_failure)?;
        plan.apply(&scratch.regs())?;
        Ok(())
    }

    /// The values of a field that KVM takes and stores, of those that tell most: all of a field of four bits, else
    /// the ends and what is next to the host's value.
    ///
    /// # Errors
    ///
    /// [`Failure`]: KVM is missing or refuses.
    pub fn taken(&self, of: RegisterField) -> Result<Vec<ValueRange>, Failure> {
        let Some(limit) = self.host.values().get(of.register) else {
            return Ok(Vec::new());
        };
        let scratch = ScratchVm::new(&self.kvm, self.host.info().vcpu).map_err(kvm_failure)?;
        let vcpu = scratch.regs();
        let encoding = of.register.encoding;
        let mut taken: Vec<ValueRange> = Vec::new();
        for value in telling_values(of.field, limit) {
            let wanted = of.field.insert(limit, value);
            let stored = vcpu.set(encoding, wanted).and_then(|()| vcpu.get(encoding));
            if stored == Ok(wanted) {
                match taken.last_mut() {
                    Some(range) if range.last + 1 == value => range.last = value,
                    _ => taken.push(ValueRange {
                        first: value,
                        last: value,
                    }),
                }
            }
        }
        Ok(taken)
    }

    /// Makes a VM, gives every vCPU the plan's registers, lets the probe guest read them, and reads them back
    /// once more, since KVM still changes some when a guest starts.
    ///
    /// # Errors
    ///
    /// [`Failure`]: KVM is missing or refuses.
    pub fn run_probe(&self, plan: &Plan, vcpus: u16) -> Result<GuestView, Failure> {
        if plan.config().aarch32 {
            return Err(Failure::CannotHere(ProbeIsA64.into()));
        }
        check_vcpus(&self.kvm, plan.config().gic, vcpus)?;
        let parts = Parts {
            config: plan.config(),
            capabilities: self.host.info().capabilities,
            vcpus,
            ram: RAM,
        };
        let mut timeline = Timeline::since(Instant::now());
        let vm = Vm::new(&self.kvm, parts, &mut timeline).map_err(vm_failure)?;
        vm.apply(plan, &TargetCpus::default(), &mut timeline)
            .map_err(vm_failure)?;
        let registers = self.host.description().registers;
        let encodings: Vec<Encoding> = registers.iter().map(|register| register.encoding).collect();
        let (vm, report) = run_probe(vm, &encodings, TIME_LIMIT).map_err(Failure::other)?;
        for vcpu in vm.regs() {
            match plan.verify(&vcpu) {
                Err(ApplyError::Differs(found)) => return Err(Failure::AfterRun(found)),
                result => drop(result?),
            }
        }
        let seen = registers
            .iter()
            .copied()
            .zip(report.iter())
            .map(|(register, (_, seen))| {
                let value = match seen {
                    Seen::Value(value) => Some(value),
                    Seen::Absent { .. } => None,
                };
                (register, value)
            });
        Ok(GuestView::new(self.host.description(), seen))
    }
}

/// Opens KVM.
pub(crate) fn open_kvm() -> Result<Kvm, Failure> {
    kvm::open().map_err(kvm_failure)
}

/// Whether a VM with this interrupt controller can have so many vCPUs here.
pub(crate) fn check_vcpus(kvm: &Kvm, gic: Option<Gic>, asked: u16) -> Result<(), Failure> {
    let of_kvm = kvm.get_max_vcpus();
    let most = match gic {
        // The architecture's limit (Arm IHI 0048, 1.1).
        Some(Gic::V2) => of_kvm.min(8),
        Some(Gic::V3) | None => of_kvm,
    };
    if usize::from(asked) > most {
        return Err(Failure::CannotHere(TooManyVcpus { asked, most }.into()));
    }
    Ok(())
}

fn telling_values(field: &FieldDescription, limit: u64) -> Vec<u64> {
    let (max, limit) = (field.max(), field.extract(limit));
    if max <= 0xf {
        return (0..=max).collect();
    }
    let mut values = vec![
        0,
        1,
        limit.saturating_sub(1),
        limit,
        limit.saturating_add(1).min(max),
        max - 1,
        max,
    ];
    values.sort_unstable();
    values.dedup();
    values
}

/// The built-in guest is A64 code.
#[derive(Debug, thiserror::Error)]
#[error(
    "the built-in guest is made of A64 instructions and cannot run with aarch64=off; \
     `idreg check --try` applies such a model without running a guest"
)]
struct ProbeIsA64;

/// More vCPUs than a VM can have here.
#[derive(Debug, thiserror::Error)]
#[error("{asked} vCPUs are asked for, and a VM on this machine has {most} at most")]
struct TooManyVcpus {
    asked: u16,
    most: usize,
}

fn kvm_failure(error: KvmError) -> Failure {
    match error {
        KvmError::Missing
        | KvmError::NotPermitted
        | KvmError::ApiVersion { .. }
        | KvmError::NotOffered { .. }
        | KvmError::NoTargetCpus
        | KvmError::El2WithoutGicV3 => Failure::CannotHere(error.into()),
        _ => Failure::Other(error.into()),
    }
}

/// What a VM that cannot be made is for the command.
pub(crate) fn vm_failure(error: VmError) -> Failure {
    match error {
        VmError::Apply(error) => error.into(),
        VmError::Kvm(error) => kvm_failure(error),
        VmError::Memory(error) if error.is_too_much() => Failure::CannotHere(error.into()),
        error => Failure::Other(error.into()),
    }
}
