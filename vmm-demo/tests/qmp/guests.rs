//! Server in this process, with a guest whose answers the test chooses.

use crate::server::{Client, connect};
use idreg_runtime::model::named;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use vmm_demo::endpoint::Endpoint;
use vmm_demo::migration::inquiry::DoubtDecision;
use vmm_demo::qmp::event::EventSender;
use vmm_demo::qmp::expansion::{ModelHost, Models};
use vmm_demo::qmp::guest::{ControlError, GuestControl, MigrationControl, Status, VcpuInfo};
use vmm_demo::qmp::job::{JobInfo, SnapshotSave};
use vmm_demo::qmp::migration::{MigrationInfo, MigrationSettings};
use vmm_demo::qmp::server::{self, ServerHandle};
use vmm_demo::unix_socket::Socket;

/// A server for this machine's models.
pub(crate) struct Hosted {
    handle: ServerHandle,
    directory: TempDir,
}

impl Hosted {
    pub(crate) fn start(guest: impl GuestControl + 'static) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("qmp.sock");
        let address = format!("unix:{}", path.display()).parse();
        let socket = Socket::bind(&address.expect("an address")).expect("a socket");
        let models = Models {
            host: ModelHost::ThisMachine,
            named: named::Models::built_in(),
        };
        let handle = server::start(socket, Box::new(guest), models);
        Self {
            handle: handle.expect("a server"),
            directory,
        }
    }

    /// A client that has not read anything.
    pub(crate) fn connected(&self) -> Client {
        Client::of(connect(&self.path()))
    }

    pub(crate) fn client(&self) -> Client {
        Client::negotiated(connect(&self.path()))
    }

    /// The argument of `--qmp` for this server.
    pub(crate) fn address(&self) -> String {
        format!("unix:{}", self.path().display())
    }

    /// The socket's path.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("qmp.sock")
    }

    pub(crate) fn events(&self) -> EventSender {
        self.handle.events()
    }

    /// Ends the server.
    pub(crate) fn end(self) {
        drop(self.handle);
    }
}

/// Guest with two vCPUs that records all calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    calls: Arc<Mutex<Vec<&'static str>>>,
    gate: Option<Arc<Gate>>,
}

/// Holds every `stop` until the test opens it.
#[derive(Debug)]
struct Gate {
    entered: Sender<()>,
    opened: Mutex<Receiver<()>>,
}

/// The test's side of a gate.
pub(crate) struct GateKeeper {
    entered: Receiver<()>,
    open: Sender<()>,
}

impl GateKeeper {
    /// Waits until the guest is in `stop`.
    pub(crate) fn wait(&self) {
        self.entered.recv().expect("a call");
    }

    /// Lets this and all later calls return.
    pub(crate) fn open(self) {
        drop(self.open);
    }
}

impl Recorder {
    /// A guest that stays in `stop`.
    pub(crate) fn gated() -> (Self, GateKeeper) {
        let (entered, was_entered) = channel();
        let (open, opened) = channel();
        let gate = Gate {
            entered,
            opened: Mutex::new(opened),
        };
        let recorder = Self {
            gate: Some(Arc::new(gate)),
            ..Self::default()
        };
        let entered = was_entered;
        (recorder, GateKeeper { entered, open })
    }

    /// The names of all calls so far.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().expect("no panic").clone()
    }

    fn record(&self, call: &'static str) {
        self.calls.lock().expect("no panic").push(call);
    }
}

impl GuestControl for Recorder {
    fn status(&self) -> Result<Status, ControlError> {
        self.record("status");
        Ok(Status::Running)
    }

    fn cpus(&self) -> Result<Vec<VcpuInfo>, ControlError> {
        self.record("cpus");
        let cpu = |index, thread_id, mpidr| VcpuInfo {
            index,
            thread_id,
            mpidr,
        };
        // Bit 31 of MPIDR_EL1 reads as one; Aff3 is in bits 39:32.
        Ok(vec![cpu(0, 41, 0x8000_0000), cpu(1, 42, 0x7f_8003_0201)])
    }

    fn stop(&self) -> Result<(), ControlError> {
        self.record("stop");
        if let Some(gate) = &self.gate {
            let _test_has_ended = gate.entered.send(());
            let _opened = gate.opened.lock().expect("no panic").recv();
        }
        Ok(())
    }

    fn cont(&self) -> Result<(), ControlError> {
        self.record("cont");
        Ok(())
    }

    fn system_reset(&self) -> Result<(), ControlError> {
        self.record("system_reset");
        Ok(())
    }

    fn system_powerdown(&self) -> Result<(), ControlError> {
        self.record("system_powerdown");
        Err(ControlError("no button".to_owned()))
    }

    fn quit(&self) -> Result<(), ControlError> {
        self.record("quit");
        Ok(())
    }

    fn snapshot_save(&self, _: SnapshotSave) -> Result<(), ControlError> {
        self.record("snapshot-save");
        Ok(())
    }

    fn jobs(&self) -> Result<Vec<JobInfo>, ControlError> {
        self.record("jobs");
        Ok(Vec::new())
    }

    fn cancel_job(&self, _: &str) -> Result<(), ControlError> {
        self.record("cancel");
        Ok(())
    }

    fn dismiss_job(&self, _: &str) -> Result<(), ControlError> {
        self.record("dismiss");
        Ok(())
    }
}

impl MigrationControl for Recorder {
    fn migrate(&self, _: Endpoint) -> Result<(), ControlError> {
        self.record("migrate");
        Ok(())
    }

    fn migration(&self) -> Result<MigrationInfo, ControlError> {
        Ok(MigrationInfo::default())
    }

    fn cancel_migration(&self) -> Result<(), ControlError> {
        self.record("migrate_cancel");
        Ok(())
    }

    fn resolve_migration(&self, _: DoubtDecision) -> Result<(), ControlError> {
        self.record("migrate-resolve");
        Ok(())
    }

    fn migration_settings(&self) -> Result<MigrationSettings, ControlError> {
        Ok(MigrationSettings::default())
    }

    fn set_migration_settings(&self, _: MigrationSettings) -> Result<(), ControlError> {
        self.record("migrate-set-parameters");
        Ok(())
    }
}
