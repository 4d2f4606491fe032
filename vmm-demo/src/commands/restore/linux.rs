//! Restores a guest, from its file to its end.

use super::plan;
use crate::cli::ModelsArgument;
use crate::cli::snapshots::RestoreArguments;
use crate::commands::run::session::SessionFiles;
use crate::guest::ending::Ending;
use crate::guest::lifecycle::{GuestBuilder, GuestEvents, Origin, SavedState};
use crate::guest::supervisor::FirstGuest;
use crate::machine::kvm::{check_vcpus, kvm_failure, open_kvm, vm_failure};
use crate::output;
use crate::output::failure::Failure;
use crate::snapshot::contents::{OpenSnapshot, Snapshot};
use crate::snapshot::file;
use crate::vmm::memory::{MemoryKind, MemorySource};
use crate::vmm::timeline::Timeline;
use crate::vmm::vm::{Vm, VmConfig};
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::kvm::{self, kvm_ioctls::Kvm};
use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
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
    let open = file::open(&arguments.file)?;
    timeline.step("open_file");
    let files = SessionFiles {
        report: arguments.report.as_deref(),
        view: arguments.view.as_deref(),
        qmp: arguments.qmp.as_ref(),
    };
    let mut session = match files.open(folder, timeline)? {
        ControlFlow::Continue(session) => session,
        ControlFlow::Break(ending) => return Ok(ending),
    };
    let prepared = prepare(open, arguments, files.memory_kind(), &mut session.timeline);
    let (mut builder, vm) = match prepared {
        Ok(prepared) => prepared,
        Err(failure) => return session.interrupted(failure),
    };
    output::warnings(builder.plan.warnings());
    builder.view = session.view.take();
    let events = builder.events.clone();
    session.run(
        FirstGuest::Build(Box::new(builder), vm),
        events,
        |supervisor| {
            if arguments.paused {
                supervisor.start_paused();
            }
        },
    )
}

/// Judges if the guest fits this host, and creates a VM with its memory.
fn prepare(
    open: OpenSnapshot<BufReader<File>>,
    arguments: &RestoreArguments,
    memory: MemoryKind,
    timeline: &mut Timeline,
) -> Result<(GuestBuilder, Vm), Failure> {
    let kvm = open_kvm()?;
    let view = &open.snapshot().view;
    // A view has at most 512 vCPUs.
    let vcpus = u16::try_from(view.vcpu_count()).unwrap_or(u16::MAX);
    check_vcpus(&kvm, view.info().vcpu.gic, vcpus)?;
    let host = kvm::read_host(&kvm, view.info().vcpu).map_err(kvm_failure)?;
    timeline.step("read_host");
    let plan = plan(open.snapshot(), &host, &arguments.tolerance.tolerance())?;
    timeline.step("plan");
    let vm_config = VmConfig {
        config: plan.config(),
        gic_identity: plan.gic_identity(),
        capabilities: kvm::capabilities(&kvm),
        vcpus,
        ram: open.map().size(),
        memory,
    };
    let (snapshot, vm) = with_memory(&kvm, open, arguments, vm_config, timeline)?;
    timeline.step("memory");
    let builder = GuestBuilder {
        kvm,
        vm_config,
        plan,
        host,
        view: None,
        targets: TargetCpus::new(snapshot.view.info().target_cpus.clone()),
        origin: Origin::Saved(Some(SavedState {
            machine: snapshot.machine,
            clock: arguments.clock,
            console: snapshot.console,
        })),
        events: GuestEvents::new().map_err(Failure::other)?,
    };
    Ok((builder, vm))
}

/// Creates a VM that has the saved memory: read and checked, or mapped.
fn with_memory(
    kvm: &Kvm,
    open: OpenSnapshot<BufReader<File>>,
    arguments: &RestoreArguments,
    config: VmConfig,
    timeline: &mut Timeline,
) -> Result<(Snapshot, Vm), Failure> {
    let unusable = |error| file::unusable(&arguments.file, error);
    if arguments.lazy {
        let (snapshot, place, file) = open.locate_memory().map_err(unusable)?;
        let source = MemorySource::Mapped {
            file: file.into_inner(),
            offset: place.offset,
        };
        let vm = Vm::with_memory(kvm, config, source, timeline).map_err(vm_failure)?;
        return Ok((snapshot, vm));
    }
    let vm = Vm::new(kvm, config, timeline).map_err(vm_failure)?;
    let mut progress = |_, _| ControlFlow::Continue(());
    let snapshot = open.restore_memory(vm.memory(), &mut progress);
    Ok((snapshot.map_err(unusable)?, vm))
}
