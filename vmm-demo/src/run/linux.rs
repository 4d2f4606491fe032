//! A Linux guest, from its files to its end.

use super::Ending;
use super::remote;
use super::report::Report;
use super::supervisor::{Qmp, Setup, Supervisor, take_signals};
use crate::cli::Run;
use crate::console::Terminal;
use crate::failure::Failure;
use crate::kernel::{Kernel, KernelError};
use crate::machine::Machine;
use crate::output;
use crate::qmp::address::Address;
use crate::qmp::server::{Handle, Models, Server};
use crate::qmp::socket::Socket;
use crate::timeline::Timeline;
use idreg_runtime::config::{Gic, VcpuConfig};
use idreg_runtime::plan::Plan;
use idreg_runtime::target::TargetCpus;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Why this machine cannot run a Linux guest of this model.
#[derive(Debug, thiserror::Error)]
enum NoLinux {
    #[error(
        "a Linux guest needs a GICv3 in the kernel, and this host offers {}; the built-in guest runs without (`run` \
         without --kernel)", match offered { Some(Gic::V2) => "a GICv2 only", _ => "none" }
    )]
    NoGicV3 { offered: Option<Gic> },
    #[error(
        "the kernel starts in AArch64, and the model says aarch64=off; aarch64=on is the default"
    )]
    Aarch32,
}

/// Runs a guest with this kernel; `started` is when this program did.
pub(super) fn run_linux(
    kernel: &Path,
    arguments: &Run,
    started: Instant,
) -> Result<Ending, Failure> {
    let guest = &arguments.linux;
    let mut timeline = Timeline::since(started);
    let kernel = Kernel::open(kernel, guest.initrd.as_deref(), guest.append.as_deref())?;
    timeline.step("open_files");
    let machine = Machine::open(&arguments.model.cpu)?;
    timeline.step("read_host");
    let plan = Plan::new(machine.host(), &arguments.model.cpu)?;
    check_config(plan.config()).map_err(|error| Failure::CannotHere(error.into()))?;
    machine.check_vcpus(&plan, arguments.smp)?;
    kernel.check_pages(&plan.in_guest())?;
    kernel.places(guest.mem.0)?;
    output::warnings(plan.warnings());
    timeline.step("plan");

    // Before there is anything that must not be left behind.
    let signals = take_signals().map_err(other)?;
    let (server, qmp) = match &guest.qmp {
        Some(address) => {
            let (server, qmp) = serve(address)?;
            (Some(server), Some(qmp))
        }
        None => (None, None),
    };
    let setup = Setup {
        machine: &machine,
        plan: &plan,
        vcpus: arguments.smp,
        ram: guest.mem.0,
        targets: TargetCpus::new(guest.impl_cpu.clone()),
        reboot: !guest.no_reboot,
        qmp,
    };
    let mut supervisor = Supervisor::new(setup, kernel, signals)?;
    supervisor.boot(&mut timeline)?;
    let (result, resets) = {
        let _terminal = Terminal::take().map_err(other)?;
        supervisor.run(&mut timeline)?
    };
    drop(server);
    if let Some(path) = &guest.report {
        let report = Report::new(&plan, arguments.smp, resets, &result, &timeline);
        let mut json = serde_json::to_string_pretty(&report).map_err(other)?;
        json.push('\n');
        fs::write(path, json).map_err(|source| Failure::WriteFile {
            path: path.clone(),
            source,
        })?;
    }
    result
}

/// Starts the QMP server of a guest.
fn serve(address: &Address) -> Result<(Handle, Qmp), Failure> {
    let socket = Socket::bind(address).map_err(Failure::Socket)?;
    let (remote, calls) = remote::channel().map_err(other)?;
    let server = Server::start(socket, Box::new(remote), Models::ThisMachine).map_err(other)?;
    let events = server.events();
    Ok((server, Qmp { calls, events }))
}

fn check_config(config: VcpuConfig) -> Result<(), NoLinux> {
    match config {
        VcpuConfig { aarch32: true, .. } => Err(NoLinux::Aarch32),
        VcpuConfig {
            gic: Some(Gic::V3), ..
        } => Ok(()),
        VcpuConfig { gic: offered, .. } => Err(NoLinux::NoGicV3 { offered }),
    }
}

impl From<KernelError> for Failure {
    fn from(error: KernelError) -> Self {
        match error {
            KernelError::Load { .. } => other(error),
            error => Self::Unusable(error.into()),
        }
    }
}

pub(super) fn other(error: impl Error + 'static) -> Failure {
    Failure::Other(error.into())
}
