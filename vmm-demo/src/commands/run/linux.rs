//! Runs a Linux guest, from opening its files to its end.

pub(in crate::commands) mod report;

use self::report::LinuxRunReport;
use crate::cli::ModelsArgument;
use crate::cli::vmm_demo::RunArguments;
use crate::guest::ending::Ending;
use crate::guest::lifecycle::{GuestBuilder, GuestEvents, Origin};
use crate::guest::remote;
use crate::guest::signals::{install_signal_handlers, pending_signal};
use crate::guest::supervisor::{QmpConnection, Supervisor};
use crate::machine::kvm::{check_vcpus, open_kvm, vm_failure};
use crate::output;
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use crate::qmp::expansion::{ModelHost, Models};
use crate::qmp::server::{self, ServerHandle};
use crate::socket_address::Address;
use crate::unix_socket::Socket;
use crate::vmm::address_size::check_address_size;
use crate::vmm::boot::{Kernel, KernelError, command_line};
use crate::vmm::memory::{MemoryKind, Overcommitted};
use crate::vmm::timeline::Timeline;
use crate::vmm::vm::{Vm, VmConfig, VmError};
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::config::{Gic, GicIdentity};
use idreg_runtime::kvm::{self, KvmError, KvmStep};
use idreg_runtime::plan::Plan;
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
    // Handlers first: a signal must not leave the files and sockets below behind.
    let mut signals = install_signal_handlers().map_err(Failure::other)?;
    let mut ending = None;
    let mut is_to_end = || {
        ending = ending.or_else(|| pending_signal(&mut signals));
        ending.is_some()
    };
    let report = linux.report.as_deref();
    let report = report.map(|path| OutputFile::open(path, &mut is_to_end));
    let view = arguments.view.as_deref();
    let view = view.map(|path| OutputFile::open(path, &mut is_to_end));
    if let Some(ending) = ending {
        return Ok(ending);
    }
    let (report, view) = (report.transpose()?, view.transpose()?);
    let server = linux.qmp.as_ref();
    let server = server.map(|address| serve(address, folder)).transpose()?;
    timeline.step("qmp");
    let command_line_warnings = command_line::warnings(&kernel.command_line);
    let (mut builder, vm) = match prepare(kernel, arguments, &mut timeline) {
        Ok(prepared) => prepared,
        // A signal interrupts slow ioctls of KVM with EINTR.
        Err(failure) => return pending_signal(&mut signals).ok_or(failure),
    };
    output::warnings(builder.plan.warnings());
    output::warnings(&Overcommitted::by(linux.mem));
    output::warnings(&command_line_warnings);
    builder.view = view;
    let mut supervisor = Supervisor::new(builder, signals)?;
    timeline.step("start_initrd_check");
    if linux.no_reboot {
        supervisor.no_reboot();
    }
    // Dropping the server stops it, at the end of this function.
    let _server = server.map(|(server, qmp)| {
        supervisor.connect_qmp(qmp);
        server
    });
    let (supervisor, ended) = supervisor.run(vm, &mut timeline)?;
    if let Some(file) = report {
        let report = LinuxRunReport::new(supervisor.plan(), arguments.smp, &ended, &timeline);
        report::write(file, &report)?;
    }
    ended.result
}

/// The kind of memory of a guest: shared if QMP may ask for it to be moved to another process.
/// Other guests have private memory, for which more kernels give huge pages.
pub(crate) fn memory_kind(qmp: Option<&Address>) -> MemoryKind {
    match qmp {
        Some(_) => MemoryKind::Shared,
        None => MemoryKind::Private,
    }
}

/// Creates a VM and plans the registers of its vCPUs.
fn prepare(
    kernel: Kernel,
    arguments: &RunArguments,
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
        memory: memory_kind(arguments.linux.qmp.as_ref()),
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

/// Starts the QMP server of a guest.
pub(in crate::commands) fn serve(
    address: &Address,
    folder: &ModelsArgument,
) -> Result<(ServerHandle, QmpConnection), Failure> {
    let models = Models {
        host: ModelHost::ThisMachine,
        named: folder.models()?,
    };
    let socket = Socket::bind(address)?;
    let (remote, calls) = remote::channel().map_err(Failure::other)?;
    let server = server::start(socket, Box::new(remote), models).map_err(Failure::other)?;
    let events = server.events();
    Ok((server, QmpConnection { calls, events }))
}
