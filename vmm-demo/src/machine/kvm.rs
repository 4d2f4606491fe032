//! The machine of the command where it has Arm KVM.

use crate::output::failure::Failure;
use crate::probe::guest::run_probe;
use crate::probe::report::ReadOutcome;
use crate::probe::view::GuestView;
use crate::vmm::layout::GICV2_CPUS;
use crate::vmm::memory::MemoryKind;
use crate::vmm::timeline::Timeline;
use crate::vmm::vm::{Vm, VmConfig, VmError};
use idreg_runtime::config::Gic;
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::rule::ValueRange;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::host::{self, Host};
use idreg_runtime::kvm::{self, KvmError, ScratchVm};
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;
use idreg_runtime::plan::apply::ApplyError;
use idreg_runtime::vcpu::Errno;
use idreg_runtime::view::View;
use kvm_ioctls::Kvm;
use std::time::{Duration, Instant};

/// The probe guest needs milliseconds on hardware and well under a second on an emulated host.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// The probe program is a few pages long.
const RAM: u64 = 2 << 20;

/// This machine: its KVM, and the host as a VM with the model's options shows it.
#[derive(Debug)]
pub struct Machine {
    kvm: Kvm,
    host: Host,
}

impl Machine {
    /// Reads the host from a scratch VM with the configuration of the model's guests.
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

    /// Applies a plan to a scratch VM and drops the VM.
    ///
    /// # Errors
    ///
    /// [`Failure`]: KVM is missing or refuses.
    pub fn try_plan(&self, plan: &Plan) -> Result<(), Failure> {
        let scratch = ScratchVm::new(&self.kvm, plan.config()).map_err(kvm_failure)?;
        plan.apply(&scratch.regs())?;
        Ok(())
    }

    /// The values of a field that KVM accepts in a scratch VM; see [`host::accepted_values`].
    ///
    /// # Errors
    ///
    /// [`Failure`]: KVM is missing, or does not let the register be read.
    pub fn accepted_values(&self, field: RegisterField) -> Result<Vec<ValueRange>, Failure> {
        let scratch = ScratchVm::new(&self.kvm, self.host.info().vcpu).map_err(kvm_failure)?;
        host::accepted_values(&scratch.regs(), field)
            .map_err(|source| Failure::other(NotAsked { field, source }))
    }

    /// Runs the probe guest in a new VM and returns the registers that it reads, and its view as it
    /// is read back from the vCPUs. The plan is applied to every vCPU before, and verified after:
    /// KVM changes some registers when a guest starts.
    ///
    /// # Errors
    ///
    /// [`Failure`]: KVM is missing or refuses, or a register differs after the run.
    pub fn run_probe(&self, plan: &Plan, vcpus: u16) -> Result<(GuestView, View), Failure> {
        if plan.config().aarch32 {
            return Err(Failure::CannotHere(ProbeIsA64.into()));
        }
        check_vcpus(&self.kvm, plan.config().gic, vcpus)?;
        let vm_config = VmConfig {
            config: plan.config(),
            gic_identity: plan.gic_identity(),
            capabilities: self.host.info().capabilities,
            vcpus,
            ram: RAM,
            memory: MemoryKind::Private,
        };
        let mut timeline = Timeline::since(Instant::now());
        let vm = Vm::new(&self.kvm, vm_config, &mut timeline).map_err(vm_failure)?;
        let targets = TargetCpus::default();
        vm.apply(plan, &targets, &mut timeline)
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
                    ReadOutcome::Value(value) => Some(value),
                    ReadOutcome::Trapped { .. } => None,
                };
                (register, value)
            });
        let seen = GuestView::new(self.host.description(), seen);
        let view = vm.read_view(plan, &self.host, &targets);
        Ok((seen, view.map_err(vm_failure)?))
    }
}

/// Opens KVM.
pub(crate) fn open_kvm() -> Result<Kvm, Failure> {
    kvm::open().map_err(kvm_failure)
}

/// Checks that a VM with this interrupt controller can have a number of vCPUs here.
pub(crate) fn check_vcpus(kvm: &Kvm, gic: Option<Gic>, asked: u16) -> Result<(), Failure> {
    let of_kvm = kvm.get_max_vcpus();
    let maximum = match gic {
        Some(Gic::V2) => of_kvm.min(GICV2_CPUS),
        Some(Gic::V3) | None => of_kvm,
    };
    if usize::from(asked) > maximum {
        // A host whose KVM has as few vCPUs has no GICv3 to offer.
        let limit = if maximum == GICV2_CPUS {
            " of a GICv2"
        } else {
            ""
        };
        let error = TooManyVcpus {
            asked,
            maximum,
            limit,
        };
        return Err(Failure::CannotHere(error.into()));
    }
    Ok(())
}

/// A register of the scratch VM that cannot be read, or not written back.
#[derive(Debug, thiserror::Error)]
#[error("cannot ask KVM for the values of {field}")]
struct NotAsked {
    field: RegisterField,
    source: Errno,
}

/// The built-in guest is A64 code.
#[derive(Debug, thiserror::Error)]
#[error(
    "the built-in guest is made of A64 instructions and cannot run with aarch64=off; \
     `idreg check --try` applies such a model without running a guest"
)]
struct ProbeIsA64;

/// More vCPUs than a VM on this machine can have.
#[derive(Debug, thiserror::Error)]
#[error("{asked} vCPUs are more than a VM on this machine can have; maximum{limit}: {maximum}")]
struct TooManyVcpus {
    asked: u16,
    maximum: usize,
    limit: &'static str,
}

pub(crate) fn kvm_failure(error: KvmError) -> Failure {
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

/// Maps a VM error to an exit code.
pub(crate) fn vm_failure(error: VmError) -> Failure {
    match error {
        VmError::Apply(error) => error.into(),
        VmError::Kvm(error) => kvm_failure(error),
        VmError::Memory(error) if error.is_too_much() => Failure::CannotHere(error.into()),
        error => Failure::Other(error.into()),
    }
}
