//! Restores a guest, from its file to its end.

use super::SavedGuest;
use crate::cli::ModelsArgument;
use crate::cli::snapshots::RestoreArguments;
use crate::commands::run::linux::report::{self, LinuxRunReport};
use crate::commands::run::linux::serve;
use crate::guest::ending::Ending;
use crate::guest::lifecycle::{GuestBuilder, GuestEvents, Origin, SavedState};
use crate::guest::signals::{install_signal_handlers, pending_signal};
use crate::guest::supervisor::Supervisor;
use crate::machine::kvm::{check_vcpus, open_kvm, vm_failure};
use crate::output;
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use crate::vmm::memory::MemoryKind;
use crate::vmm::timeline::Timeline;
use crate::vmm::vm::{Vm, VmConfig};
use idreg_runtime::config::GicIdentity;
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::kvm;
use std::time::Instant;

/// Restores a guest and returns when it has ended; `started` is the start time of this program.
///
/// # Errors
///
/// [`Failure`]: the file is unusable, the guest does not fit this host, or it failed.
pub fn restore(
    arguments: &RestoreArguments,
    folder: &ModelsArgument,
    started: Instant,
) -> Result<Ending, Failure> {
    let mut timeline = Timeline::since(started);
    timeline.step("command_line");
    let saved = SavedGuest::read(&arguments.file)?;
    timeline.step("read_state");
    // Handlers first: a signal must not leave the files and sockets below behind.
    let mut signals = install_signal_handlers().map_err(Failure::other)?;
    let mut ending = None;
    let mut is_to_end = || {
        ending = ending.or_else(|| pending_signal(&mut signals));
        ending.is_some()
    };
    let report = arguments.report.as_deref();
    let report = report.map(|path| OutputFile::open(path, &mut is_to_end));
    let view = arguments.view.as_deref();
    let view = view.map(|path| OutputFile::open(path, &mut is_to_end));
    if let Some(ending) = ending {
        return Ok(ending);
    }
    let (report, view) = (report.transpose()?, view.transpose()?);
    let server = arguments.qmp.as_ref();
    let server = server.map(|address| serve(address, folder)).transpose()?;
    timeline.step("qmp");
    let (mut builder, vm) = match prepare(saved, arguments, &mut timeline) {
        Ok(prepared) => prepared,
        // A signal interrupts slow ioctls of KVM with EINTR.
        Err(failure) => return pending_signal(&mut signals).ok_or(failure),
    };
    output::warnings(builder.plan.warnings());
    builder.view = view;
    let vcpus = builder.vm_config.vcpus;
    let mut supervisor = Supervisor::new(builder, signals)?;
    if arguments.paused {
        supervisor.start_paused();
    }
    // Dropping the server stops it, at the end of this function.
    let _server = server.map(|(server, qmp)| {
        supervisor.connect_qmp(qmp);
        server
    });
    let (supervisor, ended) = supervisor.run(vm, &mut timeline)?;
    if let Some(file) = report {
        let report = LinuxRunReport::new(supervisor.plan(), vcpus, &ended, &timeline);
        report::write(file, &report)?;
    }
    ended.result
}

/// Creates a VM for the guest and judges if the guest fits this host.
fn prepare(
    saved: SavedGuest,
    arguments: &RestoreArguments,
    timeline: &mut Timeline,
) -> Result<(GuestBuilder, Vm), Failure> {
    let kvm = open_kvm()?;
    let config = saved.view.info().vcpu;
    // A view has at most 512 vCPUs.
    let vcpus = u16::try_from(saved.view.vcpu_count()).unwrap_or(u16::MAX);
    check_vcpus(&kvm, config.gic, vcpus)?;
    timeline.step("kvm");
    let vm_config = VmConfig {
        config,
        capabilities: kvm::capabilities(&kvm),
        vcpus,
        ram: saved.ram,
        gic_identity: GicIdentity::default(),
        memory: MemoryKind::Private,
    };
    let vm = Vm::new(&kvm, vm_config, timeline).map_err(vm_failure)?;
    let host = vm.read_host(&kvm, config).map_err(vm_failure)?;
    timeline.step("read_host");
    let plan = saved.plan(&host, &arguments.tolerance.tolerance())?;
    timeline.step("plan");
    let builder = GuestBuilder {
        kvm,
        vm_config,
        plan,
        host,
        view: None,
        targets: TargetCpus::new(saved.view.info().target_cpus.clone()),
        origin: Origin::Snapshot(Some(SavedState {
            machine: saved.machine,
            clock: arguments.clock,
            input: saved.input,
        })),
        events: GuestEvents::new().map_err(Failure::other)?,
    };
    Ok((builder, vm))
}
