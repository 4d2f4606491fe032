//! QMP commands, by name.

use super::arguments::Arguments;
use super::comparison;
use super::definitions;
use super::expansion::{self, ModelHost, Models};
use super::guest::{ControlError, GuestControl, Status, VcpuInfo};
use super::jobs;
use super::message::{CommandResult, ErrorClass, QmpError, Request, ReturnValue};
use super::migrate;
use crate::machine::Machine;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use serde::Serialize;
use std::cell::OnceCell;

/// State that commands act on.
pub(super) struct Context {
    guest: Box<dyn GuestControl>,
    models: Models,
    /// This machine as a host: read on first use, `None` if it is no usable host.
    host: OnceCell<Option<Host>>,
}

type Handler = fn(&Context, Arguments) -> CommandResult;

/// Command that negotiates capabilities; no other command is accepted before it.
const QMP_CAPABILITIES: &str = "qmp_capabilities";

const COMMANDS: [(&str, Handler); 25] = [
    (QMP_CAPABILITIES, qmp_capabilities),
    ("query-version", |_, arguments| {
        without_arguments(arguments, || ReturnValue::new(&VersionInfo::HERE))
    }),
    ("query-commands", |_, arguments| {
        without_arguments(arguments, commands)
    }),
    ("query-status", query_status),
    ("query-cpus-fast", query_cpus_fast),
    ("query-cpu-definitions", |context, arguments| {
        let models = &context.models.named;
        without_arguments(arguments, || {
            definitions::definitions(models, context.host())
        })
    }),
    ("query-cpu-model-expansion", |context, arguments| {
        expansion::expand(&context.models, arguments)
    }),
    ("query-cpu-model-comparison", |context, arguments| {
        comparison::compare(&context.models, arguments)
    }),
    ("query-cpu-model-baseline", |context, arguments| {
        comparison::baseline(&context.models, arguments)
    }),
    ("device-list-properties", |context, arguments| {
        definitions::list_properties(&context.models.named, || context.host(), arguments)
    }),
    ("stop", |context, arguments| {
        control(arguments, || context.guest.stop())
    }),
    ("cont", |context, arguments| {
        control(arguments, || context.guest.cont())
    }),
    ("system_reset", |context, arguments| {
        control(arguments, || context.guest.system_reset())
    }),
    ("system_powerdown", |context, arguments| {
        control(arguments, || context.guest.system_powerdown())
    }),
    ("quit", |context, arguments| {
        control(arguments, || context.guest.quit())
    }),
    ("snapshot-save", |context, arguments| {
        jobs::snapshot_save(&*context.guest, arguments)
    }),
    ("query-jobs", |context, arguments| {
        jobs::query_jobs(&*context.guest, arguments)
    }),
    ("job-cancel", |context, arguments| {
        jobs::with_id(arguments, |id| context.guest.cancel_job(id))
    }),
    ("job-dismiss", |context, arguments| {
        jobs::with_id(arguments, |id| context.guest.dismiss_job(id))
    }),
    ("migrate", |context, arguments| {
        migrate::migrate(&*context.guest, arguments)
    }),
    ("query-migrate", |context, arguments| {
        migrate::query_migrate(&*context.guest, arguments)
    }),
    ("migrate_cancel", |context, arguments| {
        control(arguments, || context.guest.cancel_migration())
    }),
    ("migrate-resolve", |context, arguments| {
        migrate::resolve(&*context.guest, arguments)
    }),
    ("migrate-set-parameters", |context, arguments| {
        migrate::set_parameters(&*context.guest, arguments)
    }),
    ("query-migrate-parameters", |context, arguments| {
        migrate::query_parameters(&*context.guest, arguments)
    }),
];

/// QEMU version whose protocol this is. Clients enable features by the version that they see here.
const QEMU_VERSION: VersionTriple = VersionTriple {
    micro: 1,
    minor: 1,
    major: 11,
};

impl Context {
    pub(super) fn new(guest: Box<dyn GuestControl>, models: Models) -> Self {
        let host = OnceCell::new();
        Self {
            guest,
            models,
            host,
        }
    }

    /// The host for which models are expanded, or `None` if it cannot be read.
    fn host(&self) -> Option<&Host> {
        match &self.models.host {
            ModelHost::Recorded(host) => Some(host),
            ModelHost::ThisMachine => {
                let read = || Some(Machine::open(&CpuModel::host()).ok()?.into_host());
                self.host.get_or_init(read).as_ref()
            }
        }
    }
}

/// First message of the server.
#[derive(Debug, Serialize)]
pub(super) struct Greeting {
    #[serde(rename = "QMP")]
    qmp: Offer,
}

#[derive(Debug, Serialize)]
struct Offer {
    version: VersionInfo,
    /// The names of optional capabilities.
    capabilities: [&'static str; 0],
}

pub(super) const GREETING: Greeting = Greeting {
    qmp: Offer {
        version: VersionInfo::HERE,
        capabilities: [],
    },
};

/// True if a request negotiates capabilities.
pub(super) fn negotiates(request: &Request) -> bool {
    request.execute == QMP_CAPABILITIES
}

/// Executes a request; `negotiated` is the client's state before it.
pub(super) fn run(context: &Context, negotiated: bool, request: Request) -> CommandResult {
    let not_found = |desc: &str| Err(QmpError::new(ErrorClass::CommandNotFound, desc));
    match (negotiated, negotiates(&request)) {
        (false, false) => {
            return not_found("Expecting capabilities negotiation with 'qmp_capabilities'");
        }
        (true, true) => {
            return not_found("Capabilities negotiation is already complete, command ignored");
        }
        _ => {}
    }
    let command = COMMANDS.iter().find(|(name, _)| *name == request.execute);
    match command {
        Some((_, handler)) => handler(context, Arguments::new(request.arguments)),
        None => not_found(&format!(
            "The command {} has not been found",
            request.execute
        )),
    }
}

/// Answers a query without arguments.
fn without_arguments(arguments: Arguments, answer: impl FnOnce() -> ReturnValue) -> CommandResult {
    arguments.finish()?;
    Ok(answer())
}

/// Controls the guest by a command without arguments.
fn control(
    arguments: Arguments,
    action: impl FnOnce() -> Result<(), ControlError>,
) -> CommandResult {
    arguments.finish()?;
    action().map_err(QmpError::generic)?;
    Ok(ReturnValue::empty())
}

fn qmp_capabilities(_: &Context, mut arguments: Arguments) -> CommandResult {
    let enable = arguments.optional_words("enable", &["oob"])?;
    arguments.finish()?;
    // The greeting offers no capability.
    if enable.is_empty() {
        Ok(ReturnValue::empty())
    } else {
        Err(QmpError::generic("Capability oob not available"))
    }
}

/// The version of this server (`VersionInfo` of QEMU 11.1, `qapi/control.json`).
#[derive(Debug, Serialize)]
struct VersionInfo {
    qemu: VersionTriple,
    package: &'static str,
}

#[derive(Debug, Serialize)]
struct VersionTriple {
    micro: u32,
    minor: u32,
    major: u32,
}

impl VersionInfo {
    const HERE: Self = Self {
        qemu: QEMU_VERSION,
        package: concat!("idreg vmm-demo ", env!("CARGO_PKG_VERSION")),
    };
}

/// A command (`CommandInfo` of QEMU 11.1, `qapi/control.json`).
#[derive(Debug, Serialize)]
struct CommandInfo {
    name: &'static str,
}

fn commands() -> ReturnValue {
    ReturnValue::new(&COMMANDS.map(|(name, _)| CommandInfo { name }))
}

/// The run state (`StatusInfo` of QEMU 11.1, `qapi/run-state.json`).
#[derive(Debug, Serialize)]
struct StatusInfo {
    status: Status,
    running: bool,
}

fn query_status(context: &Context, arguments: Arguments) -> CommandResult {
    arguments.finish()?;
    let status = context.guest.status().map_err(QmpError::generic)?;
    let running = status.is_running();
    Ok(ReturnValue::new(&StatusInfo { status, running }))
}

fn query_cpus_fast(context: &Context, arguments: Arguments) -> CommandResult {
    arguments.finish()?;
    let cpus = context.guest.cpus().map_err(QmpError::generic)?;
    let cpus: Vec<CpuInfoFast> = cpus.iter().map(CpuInfoFast::of).collect();
    Ok(ReturnValue::new(&cpus))
}

/// A vCPU (`CpuInfoFast` of QEMU 11.1, `qapi/machine.json`).
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct CpuInfoFast {
    thread_id: i64,
    props: CpuInstanceProperties,
    qom_path: String,
    cpu_index: u32,
    target: &'static str,
}

/// A vCPU's topology: the affinity levels of MPIDR_EL1 (Arm ARM DDI 0487, D24.2.106).
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::struct_field_names, reason = "the names of QEMU's schema")]
struct CpuInstanceProperties {
    /// Aff0, bits 7:0.
    core_id: u64,
    /// No CPU of this machine has several threads.
    thread_id: u64,
    /// Aff2, bits 23:16.
    socket_id: u64,
    /// Aff1, bits 15:8.
    cluster_id: u64,
}

impl CpuInfoFast {
    fn of(vcpu: &VcpuInfo) -> Self {
        let level = |shift: u32| vcpu.mpidr >> shift & 0xff;
        Self {
            thread_id: vcpu.thread_id,
            props: CpuInstanceProperties {
                core_id: level(0),
                thread_id: 0,
                socket_id: level(16),
                cluster_id: level(8),
            },
            qom_path: format!("/machine/unattached/device[{}]", vcpu.index),
            cpu_index: vcpu.index,
            target: "aarch64",
        }
    }
}
