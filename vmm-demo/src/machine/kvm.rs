//! A machine with Arm KVM.

use crate::failure::Failure;
use crate::guest::GuestView;
use crate::probe::report::Seen;
use crate::vm::Vm;
use idreg_runtime::config::{Gic, VcpuConfig};
use idreg_runtime::encoding::Encoding;
use idreg_runtime::host::Host;
use idreg_runtime::kvm::{self, KvmError};
use idreg_runtime::plan::Plan;
use kvm_ioctls::Kvm;
use std::error::Error;
use std::time::Duration;

/// The probe guest needs milliseconds on hardware and well under a second on an emulated host.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// The probe program is a few pages long.
const RAM: u64 = 2 << 20;

/// This machine: its KVM, and what a VM with everything that it offers shows.
#[derive(Debug)]
pub(crate) struct Machine {
    kvm: Kvm,
    config: VcpuConfig,
    host: Host,
}

impl Machine {
    /// Reads the host from a scratch VM of the configuration that guests will have.
    pub(crate) fn open() -> Result<Self, Failure> {
        let kvm = kvm::open().map_err(kvm_failure)?;
        let config = kvm::supported(&kvm).map_err(kvm_failure)?;
        let host = kvm::read_host(&kvm, config).map_err(kvm_failure)?;
        Ok(Self { kvm, config, host })
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) fn into_host(self) -> Host {
        self.host
    }

    fn check_vcpus(&self, asked: u16) -> Result<(), Failure> {
        let of_kvm = self.kvm.get_max_vcpus();
        let most = match self.config.gic {
            // The architecture's limit (Arm IHI 0048, 1.1).
            Some(Gic::V2) => of_kvm.min(8),
            Some(Gic::V3) | None => of_kvm,
        };
        if usize::from(asked) > most {
            return Err(Failure::CannotHere(TooManyVcpus { asked, most }.into()));
        }
        Ok(())
    }

    /// Makes a VM, gives every vCPU the plan's registers, and lets the probe guest read them.
    pub(crate) fn run_probe(&self, plan: &Plan, vcpus: u16) -> Result<GuestView, Failure> {
        self.check_vcpus(vcpus)?;
        let mut vm = Vm::new(&self.kvm, self.config, vcpus, RAM).map_err(other)?;
        for vcpu in vm.regs() {
            plan.apply(&vcpu)?;
        }
        let registers = self.host.description().registers;
        let encodings: Vec<Encoding> = registers.iter().map(|register| register.encoding).collect();
        let report = vm.run_probe(&encodings, TIME_LIMIT).map_err(other)?;
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

/// More vCPUs than a VM can have here.
#[derive(Debug, thiserror::Error)]
#[error("{asked} vCPUs are asked for, and a VM on this machine has {most} at most")]
struct TooManyVcpus {
    asked: u16,
    most: usize,
}

fn kvm_failure(error: KvmError) -> Failure {
    match error {
        KvmError::Missing | KvmError::NotPermitted | KvmError::ApiVersion { .. } => {
            Failure::CannotHere(error.into())
        }
        _ => Failure::Other(error.into()),
    }
}

fn other(error: impl Error + 'static) -> Failure {
    Failure::Other(error.into())
}
