//! Runs a Linux guest, from opening its files to its end.

use super::session::SessionFiles;
use crate::cli::ModelsArgument;
use crate::cli::vmm_demo::RunArguments;
use crate::guest::ending::Ending;
use crate::guest::lifecycle::{GuestBuilder, GuestEvents, Origin};
use crate::guest::supervisor::FirstGuest;
use crate::machine::kvm::{check_vcpus, open_kvm, vm_failure};
use crate::output;
use crate::output::failure::Failure;
use crate::vmm::address_size::check_address_size;
use crate::vmm::boot::{Kernel, KernelError, command_line};
use crate::vmm::memory::{MemoryKind, Overcommitted};
use crate::vmm::timeline::Timeline;
use crate::vmm::vm::{Vm, VmConfig, VmError};
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::config::{Gic, GicIdentity};
use idreg_runtime::kvm::{self, KvmError, KvmStep};
use idreg_runtime::plan::Plan;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

/// A Linux guest that is not possible with this model on this machine.
#[derive(Debug, thiserror::Error)]
enum NoLinux {
    #[error(
        "a Linux guest needs an interrupt controller in the kernel, and KVM on this host offers \
         neither a GICv3 nor a GICv2; the built-in guest (`run` without --kernel) does not need one"
    )]
    NoGic,
    #[error("a Linux guest starts in AArch64, which the model switches off; remove aarch64=off")]
    Aarch32,
}

/// Runs a guest with this kernel; `started` is the start time of this program.
pub(super) fn run_linux(
    kernel: &Path,
    arguments: &RunArguments,
    folder: &ModelsArgument,
    started: Instant,
) -> Result<Ending, Failure> {
    let linux = &arguments.linux;
    let mut timeline = Timeline::since(started);
    timeline.step("command_line");
    let kernel = Kernel::open(kernel, linux.initrd.as_deref(), linux.append.as_deref())?;
    kernel.load_addresses(linux.mem.0)?;
    timeline.step("open_files");
    let files = SessionFiles {
        report: linux.report.as_deref(),
        view: arguments.view.as_deref(),
        qmp: linux.qmp.as_ref(),
    };
    let mut session = match files.open(folder, timeline)? {
        ControlFlow::Continue(session) => session,
        ControlFlow::Break(ending) => return Ok(ending),
    };
    let command_line_warnings = command_line::warnings(&kernel.command_line);
    let memory = files.memory_kind();
    let prepared = prepare(kernel, arguments, memory, &mut session.timeline);
    let (mut builder, vm) = match prepared {
        Ok(prepared) => prepared,
        Err(failure) => return session.interrupted(failure),
    };
    output::warnings(builder.plan.warnings());
    output::warnings(&Overcommitted::by(linux.mem));
    output::warnings(&command_line_warnings);
    builder.view = session.view.take();
    let events = builder.events.clone();
    session.run(
        FirstGuest::Build(Box::new(builder), vm),
        events,
        |supervisor| {
            if linux.no_reboot {
                supervisor.no_reboot();
            }
        },
    )
}

/// Creates a VM and plans the registers of its vCPUs.
fn prepare(
    kernel: Kernel,
    arguments: &RunArguments,
    memory: MemoryKind,
    timeline: &mut Timeline,
) -> Result<(GuestBuilder, Vm), Failure> {
    let model = &arguments.model.cpu;
    let firmware = arguments.firmware()?;
    let kvm = open_kvm()?;
    let capabilities = kvm::capabilities(&kvm);
    let with_gic = |gic| model.config(capabilities.config(Some(gic)), &capabilities);
    let config = with_gic(Gic::V3);
    if config.aarch32 {
        return Err(Failure::CannotHere(NoLinux::Aarch32.into()));
    }
    check_vcpus(&kvm, config.gic, arguments.smp)?;
    timeline.step("kvm");
    let mut vm_config = VmConfig {
        config,
        gic_identity: GicIdentity::default(),
        capabilities,
        vcpus: arguments.smp,
        ram: arguments.linux.mem.0,
        memory,
    };
    let vm = match Vm::new(&kvm, vm_config, timeline) {
        Err(VmError::Kvm(KvmError::Failed {
            step: KvmStep::CreateGic { .. },
            ..
        })) => {
            vm_config.config = with_gic(Gic::V2);
            check_vcpus(&kvm, vm_config.config.gic, arguments.smp)?;
            Vm::new(&kvm, vm_config, timeline).map_err(without_gic)?
        }
        result => result.map_err(vm_failure)?,
    };
    let host = vm.read_host(&kvm, vm_config.config).map_err(vm_failure)?;
    timeline.step("read_host");
    let mut plan = Plan::new(&host, model)?;
    plan.set_firmware(&host, firmware)?;
    let in_guest = plan.in_guest();
    kernel.check_pages(&in_guest)?;
    check_address_size(&in_guest, vm_config.ram).map_err(KernelError::from)?;
    timeline.step("plan");
    let builder = GuestBuilder {
        kvm,
        vm_config,
        plan,
        host,
        view: None,
        targets: TargetCpus::new(arguments.linux.impl_cpu.clone()),
        origin: Origin::Boot(kernel),
        events: GuestEvents::new().map_err(Failure::other)?,
    };
    Ok((builder, vm))
}

/// Maps the error of a VM with a GICv2, tried after one with a GICv3, to a failure.
fn without_gic(error: VmError) -> Failure {
    match error {
        VmError::Kvm(KvmError::Failed {
            step: KvmStep::CreateGic { .. },
            ..
        }) => Failure::CannotHere(NoLinux::NoGic.into()),
        error => vm_failure(error),
    }
}
