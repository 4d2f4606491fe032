//! QMP commands, by name.

use super::arguments::Arguments;
use super::definitions;
use super::expansion::{self, Models};
use super::guest::{ControlError, GuestControl, VcpuInfo};
use super::message::{ErrorClass, QmpError, Request};
use crate::machine::Machine;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use serde_json::{Value, json};
use std::cell::OnceCell;
use std::fmt;

/// State that commands act on.
pub(super) struct Context {
    guest: Box<dyn GuestControl>,
    models: Models,
    /// This machine as a host: read on first use, `None` if it is no usable host.
    host: OnceCell<Option<Host>>,
}

type Handler = fn(&Context, Arguments) -> Result<Value, QmpError>;

/// Command that negotiates capabilities; no other command is accepted before it.
const QMP_CAPABILITIES: &str = "qmp_capabilities";

const COMMANDS: [(&str, Handler); 13] = [
    (QMP_CAPABILITIES, qmp_capabilities),
    ("query-version", |_, arguments| {
        without_arguments(arguments, || Ok(version()))
    }),
    ("query-commands", |_, arguments| {
        without_arguments(arguments, || Ok(commands()))
    }),
    ("query-status", query_status),
    ("query-cpus-fast", query_cpus_fast),
    ("query-cpu-definitions", |_, arguments| {
        without_arguments(arguments, || Ok(definitions::definitions()))
    }),
    ("query-cpu-model-expansion", |context, arguments| {
        expansion::expand(&context.models, arguments)
    }),
    ("device-list-properties", |context, arguments| {
        definitions::list_properties(|| context.host(), arguments)
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
];

/// QEMU version whose protocol this is. Clients enable features by the version that they see here.
const QEMU_VERSION: (u32, u32, u32) = (11, 1, 1);

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
        match &self.models {
            Models::Host(host) => Some(host),
            Models::ThisMachine => {
                let read = || Some(Machine::open(&CpuModel::host()).ok()?.into_host());
                self.host.get_or_init(read).as_ref()
            }
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}

/// First message of the server.
pub(super) fn greeting() -> Value {
    json!({ "QMP": { "version": version(), "capabilities": [] } })
}

/// True if a request negotiates capabilities.
pub(super) fn negotiates(request: &Request) -> bool {
    request.execute == QMP_CAPABILITIES
}

/// Executes a request; `negotiated` is the client's state before it.
pub(super) fn run(
    context: &Context,
    negotiated: bool,
    request: Request,
) -> Result<Value, QmpError> {
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
fn without_arguments(
    arguments: Arguments,
    answer: impl FnOnce() -> Result<Value, QmpError>,
) -> Result<Value, QmpError> {
    arguments.finish()?;
    answer()
}

/// Controls the guest by a command without arguments.
fn control(
    arguments: Arguments,
    action: impl FnOnce() -> Result<(), ControlError>,
) -> Result<Value, QmpError> {
    arguments.finish()?;
    action().map_err(QmpError::generic)?;
    Ok(json!({}))
}

fn qmp_capabilities(_: &Context, mut arguments: Arguments) -> Result<Value, QmpError> {
    let enable = arguments.optional_words("enable", &["oob"])?;
    arguments.finish()?;
    // The greeting offers no capability.
    if enable.is_empty() {
        Ok(json!({}))
    } else {
        Err(QmpError::generic("Capability oob not available"))
    }
}

fn version() -> Value {
    let (major, minor, micro) = QEMU_VERSION;
    json!({
        "qemu": { "major": major, "minor": minor, "micro": micro },
        "package": concat!("idreg vmm-demo ", env!("CARGO_PKG_VERSION")),
    })
}

fn commands() -> Value {
    let names = COMMANDS.iter().map(|(name, _)| json!({ "name": name }));
    names.collect()
}

fn query_status(context: &Context, arguments: Arguments) -> Result<Value, QmpError> {
    arguments.finish()?;
    let status = context.guest.status();
    Ok(json!({ "running": status.is_running(), "status": status }))
}

fn query_cpus_fast(context: &Context, arguments: Arguments) -> Result<Value, QmpError> {
    arguments.finish()?;
    Ok(context.guest.cpus().iter().map(vcpu_info).collect())
}

/// A vCPU (`CpuInfoFast` of QEMU 11.1, `qapi/machine.json`), with the affinity levels of MPIDR_EL1
/// as its topology (Arm ARM DDI 0487, D24.2.106: Aff0 in bits 7:0, Aff1 in 15:8, Aff2 in 23:16).
fn vcpu_info(vcpu: &VcpuInfo) -> Value {
    let level = |shift: u32| vcpu.mpidr >> shift & 0xff;
    json!({
        "cpu-index": vcpu.index,
        "qom-path": format!("/machine/unattached/device[{}]", vcpu.index),
        "thread-id": vcpu.thread_id,
        "props": {
            "socket-id": level(16),
            "cluster-id": level(8),
            "core-id": level(0),
            "thread-id": 0,
        },
        "target": "aarch64",
    })
}
