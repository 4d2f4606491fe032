//! The run of a Linux guest, from its output files and its QMP server to its end.

use super::report::{self, LinuxRunReport};
use crate::cli::ModelsArgument;
use crate::guest::ending::Ending;
use crate::guest::lifecycle::GuestEvents;
use crate::guest::remote;
use crate::guest::signals::{Signals, install_signal_handlers, pending_signal};
use crate::guest::supervisor::{FirstGuest, QmpConnection, Supervisor};
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use crate::qmp::expansion::{ModelHost, Models};
use crate::qmp::server::{self, ServerHandle};
use crate::socket_address::Address;
use crate::unix_socket::Socket;
use crate::vmm::memory::MemoryKind;
use crate::vmm::timeline::Timeline;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// The files and sockets of a run.
#[derive(Debug)]
pub(in crate::commands) struct SessionFiles<'a> {
    pub(in crate::commands) report: Option<&'a Path>,
    pub(in crate::commands) view: Option<&'a Path>,
    pub(in crate::commands) qmp: Option<&'a Address>,
}

/// A run whose files are open.
pub(in crate::commands) struct Session {
    pub(in crate::commands) timeline: Timeline,
    pub(in crate::commands) view: Option<OutputFile>,
    signals: Signals,
    report: Option<OutputFile>,
    server: Option<(ServerHandle, QmpConnection)>,
}

impl SessionFiles<'_> {
    /// The kind of the guest's memory: shared if QMP may ask for it to be moved to another process.
    /// Other guests have private memory, for which more kernels give huge pages.
    pub(in crate::commands) fn memory_kind(&self) -> MemoryKind {
        match self.qmp {
            Some(_) => MemoryKind::Shared,
            None => MemoryKind::Private,
        }
    }

    /// Opens the files and starts the QMP server, unless a signal ends the program meanwhile.
    pub(in crate::commands) fn open(
        &self,
        folder: &ModelsArgument,
        mut timeline: Timeline,
    ) -> Result<ControlFlow<Ending, Session>, Failure> {
        // Handlers first: a signal must not leave the files and sockets below behind.
        let mut signals = install_signal_handlers().map_err(Failure::other)?;
        let mut ending = None;
        let mut is_to_end = || {
            ending = ending.or_else(|| pending_signal(&mut signals));
            ending.is_some()
        };
        let mut open =
            |path: Option<&Path>| path.map(|path| OutputFile::open(path, &mut is_to_end));
        let (report, view) = (open(self.report), open(self.view));
        if let Some(ending) = ending {
            return Ok(ControlFlow::Break(ending));
        }
        let (report, view) = (report.transpose()?, view.transpose()?);
        let server = self.qmp.map(|address| serve(address, folder)).transpose()?;
        timeline.step("qmp");
        Ok(ControlFlow::Continue(Session {
            timeline,
            view,
            signals,
            report,
            server,
        }))
    }
}

impl Session {
    /// The ending by a signal, which interrupts slow ioctls of KVM with EINTR, or the failure.
    pub(in crate::commands) fn interrupted(&mut self, failure: Failure) -> Result<Ending, Failure> {
        pending_signal(&mut self.signals).ok_or(failure)
    }

    /// Runs a guest, after `configure`, and writes the report.
    pub(in crate::commands) fn run(
        mut self,
        first: FirstGuest,
        events: Arc<GuestEvents>,
        configure: impl FnOnce(&mut Supervisor),
    ) -> Result<Ending, Failure> {
        let mut supervisor = Supervisor::new(events, self.signals)?;
        configure(&mut supervisor);
        if let FirstGuest::Build(builder, _) = &first {
            supervisor.check_initrd(builder)?;
            self.timeline.step("start_initrd_check");
        }
        // Dropping the server stops it, at the end of this function.
        let _server = self.server.map(|(server, qmp)| {
            supervisor.connect_qmp(qmp);
            server
        });
        let (supervisor, ended) = supervisor.run(first, &mut self.timeline)?;
        if let (Some(file), Some(builder)) = (self.report, supervisor.builder()) {
            let vcpus = builder.vm_config.vcpus;
            let report = LinuxRunReport::new(&builder.plan, vcpus, &ended, &self.timeline);
            report::write(file, &report)?;
        }
        ended.result
    }
}

/// Starts the QMP server of a guest.
fn serve(
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
