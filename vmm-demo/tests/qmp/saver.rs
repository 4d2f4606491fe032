//! A guest that can be saved, as the test decides.

use crate::guests::Hosted;
use std::sync::{Arc, Mutex, OnceLock};
use vmm_demo::endpoint::Endpoint;
use vmm_demo::guest::jobs::{JobProgress, Jobs};
use vmm_demo::migration::inquiry::DoubtDecision;
use vmm_demo::qmp::event::{Event, EventSender};
use vmm_demo::qmp::guest::{ControlError, GuestControl, MigrationControl, Status, VcpuInfo};
use vmm_demo::qmp::job::{JobInfo, JobKind, SnapshotSave};
use vmm_demo::qmp::migration::{MigrationInfo, MigrationSettings};

/// A guest that runs and has jobs; each works until the test ends it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Saver(Arc<Mutex<State>>, Arc<OnceLock<EventSender>>);

#[derive(Debug, Default)]
struct State {
    jobs: Jobs,
    saves: Vec<SnapshotSave>,
    progress: Option<Arc<JobProgress>>,
    calls: Vec<&'static str>,
    paused: bool,
    /// The result of each job, at once.
    at_once: Option<Result<(), String>>,
}

impl Saver {
    /// A server for the guest.
    pub(crate) fn serve(&self) -> Hosted {
        let server = Hosted::start(self.clone());
        self.1.set(server.events()).expect("one server");
        server
    }

    /// A guest whose jobs end at once.
    pub(crate) fn at_once(result: Result<(), &str>) -> Self {
        let saver = Self::default();
        let result = result.map_err(str::to_owned);
        saver.with(|state| state.at_once = Some(result));
        saver
    }

    /// Ends the job that works.
    pub(crate) fn end(&self, result: Result<(), &str>) {
        let result = result.map_err(str::to_owned);
        self.with(|state| state.jobs.end(result, &mut |event| self.send(event)));
    }

    /// The progress of the newest job.
    pub(crate) fn progress(&self) -> Option<Arc<JobProgress>> {
        self.with(|state| state.progress.clone())
    }

    /// The jobs that were started.
    pub(crate) fn saves(&self) -> Vec<SnapshotSave> {
        self.with(|state| state.saves.clone())
    }

    /// The calls that change what the guest does.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.with(|state| state.calls.clone())
    }

    fn with<T>(&self, action: impl FnOnce(&mut State) -> T) -> T {
        action(&mut self.0.lock().expect("no panic"))
    }

    fn send(&self, event: Event) {
        self.1.get().expect("a server").send(event);
    }

    fn call(
        &self,
        name: &'static str,
        action: impl FnOnce(&mut State),
    ) -> Result<(), ControlError> {
        self.with(|state| {
            state.jobs.check_idle()?;
            state.calls.push(name);
            action(state);
            Ok(())
        })
    }
}

impl GuestControl for Saver {
    fn status(&self) -> Result<Status, ControlError> {
        self.with(|state| {
            Ok(if state.jobs.is_busy() {
                Status::SaveVm
            } else if state.paused {
                Status::Paused
            } else {
                Status::Running
            })
        })
    }

    fn cpus(&self) -> Result<Vec<VcpuInfo>, ControlError> {
        Ok(Vec::new())
    }

    fn stop(&self) -> Result<(), ControlError> {
        self.call("stop", |state| state.paused = true)
    }

    fn cont(&self) -> Result<(), ControlError> {
        self.call("cont", |state| state.paused = false)
    }

    fn system_reset(&self) -> Result<(), ControlError> {
        self.call("system_reset", |_| {})
    }

    fn system_powerdown(&self) -> Result<(), ControlError> {
        self.call("system_powerdown", |_| {})
    }

    fn quit(&self) -> Result<(), ControlError> {
        self.call("quit", |_| {})
    }

    fn snapshot_save(&self, save: SnapshotSave) -> Result<(), ControlError> {
        self.with(|state| {
            let kind = JobKind::SnapshotSave;
            let mut send = |event| self.send(event);
            let progress = state.jobs.start(save.job.clone(), kind, &mut send)?;
            state.progress = Some(progress);
            state.saves.push(save);
            if let Some(result) = state.at_once.clone() {
                state.jobs.end(result, &mut send);
            }
            Ok(())
        })
    }

    fn jobs(&self) -> Result<Vec<JobInfo>, ControlError> {
        self.with(|state| Ok(state.jobs.infos()))
    }

    fn cancel_job(&self, id: &str) -> Result<(), ControlError> {
        self.with(|state| Ok(state.jobs.cancel(id)?))
    }

    fn dismiss_job(&self, id: &str) -> Result<(), ControlError> {
        self.with(|state| Ok(state.jobs.dismiss(id, &mut |event| self.send(event))?))
    }
}

impl MigrationControl for Saver {
    fn migrate(&self, _: Endpoint) -> Result<(), ControlError> {
        self.call("migrate", |_| {})
    }

    fn migration(&self) -> Result<MigrationInfo, ControlError> {
        Ok(MigrationInfo::default())
    }

    fn cancel_migration(&self) -> Result<(), ControlError> {
        self.call("migrate_cancel", |_| {})
    }

    fn resolve_migration(&self, _: DoubtDecision) -> Result<(), ControlError> {
        self.call("migrate-resolve", |_| {})
    }

    fn migration_settings(&self) -> Result<MigrationSettings, ControlError> {
        Ok(MigrationSettings::default())
    }

    fn set_migration_settings(&self, _: MigrationSettings) -> Result<(), ControlError> {
        self.call("migrate-set-parameters", |_| {})
    }
}
