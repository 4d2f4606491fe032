//! Interface of a virtual machine to the QMP server.

use super::job::{JobInfo, SnapshotSave};
use super::migration::{MigrationInfo, MigrationSettings};
use crate::endpoint::Endpoint;
use crate::migration::inquiry::DoubtDecision;
use serde::Serialize;

/// Queries and control of a virtual machine.
///
/// The server's thread makes one call at a time. A call must return within milliseconds, since
/// every client waits for it; it fails if the machine's thread no longer answers.
pub trait GuestControl: MigrationControl + Send {
    /// The machine's run state.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine no longer answers.
    fn status(&self) -> Result<Status, ControlError>;
    /// The vCPUs, by index.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine no longer answers, or has ended.
    fn cpus(&self) -> Result<Vec<VcpuInfo>, ControlError>;
    /// Stops the vCPUs; no effect if they are stopped.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine refuses, or no longer answers.
    fn stop(&self) -> Result<(), ControlError>;
    /// Resumes the vCPUs; no effect if they run.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine refuses, or no longer answers.
    fn cont(&self) -> Result<(), ControlError>;
    /// Resets the machine.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine refuses, or no longer answers.
    fn system_reset(&self) -> Result<(), ControlError>;
    /// Asks the guest to shut down.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine refuses, or no longer answers.
    fn system_powerdown(&self) -> Result<(), ControlError>;
    /// Asks the program to exit; it does so after the call has returned.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine refuses, or no longer answers.
    fn quit(&self) -> Result<(), ControlError>;
    /// Starts a job that saves the machine into a file; its end is the job's.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine refuses, or no longer answers.
    fn snapshot_save(&self, save: SnapshotSave) -> Result<(), ControlError>;
    /// The jobs that are not dismissed, oldest first.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine no longer answers.
    fn jobs(&self) -> Result<Vec<JobInfo>, ControlError>;
    /// Asks the job of this name to end early.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if there is no such job, or it has ended.
    fn cancel_job(&self, id: &str) -> Result<(), ControlError>;
    /// Removes the job of this name, which has ended, from the list.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if there is no such job, or it has not ended.
    fn dismiss_job(&self, id: &str) -> Result<(), ControlError>;
}

/// Control of a machine's migration, with the rules of [`GuestControl`]
/// for its calls.
pub trait MigrationControl {
    /// Starts to migrate the machine to a destination; its end is that of the migration.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine refuses, or no longer answers.
    fn migrate(&self, to: Endpoint) -> Result<(), ControlError>;
    /// The status of the last migration, or of the one that is awaited.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine no longer answers.
    fn migration(&self) -> Result<MigrationInfo, ControlError>;
    /// Cancels the migration, unless the machine is handed over. No effect without a migration.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine no longer answers.
    fn cancel_migration(&self) -> Result<(), ControlError>;
    /// Decides who runs the machine of a migration in doubt.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if no migration is in doubt, or the machine would run twice or be lost.
    fn resolve_migration(&self, decision: DoubtDecision) -> Result<(), ControlError>;
    /// The settings.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine no longer answers.
    fn migration_settings(&self) -> Result<MigrationSettings, ControlError>;
    /// Replaces the settings. Those of [`MigrationSettings::parameters`] have an effect on
    /// a migration that is under way.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the machine no longer answers.
    fn set_migration_settings(&self, settings: MigrationSettings) -> Result<(), ControlError>;
}

/// Run state of a machine (`RunState` of QEMU 11.1, `qapi/run-state.json`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The guest has not started.
    Prelaunch,
    /// The vCPUs run.
    Running,
    /// `stop` has stopped the vCPUs.
    Paused,
    /// The vCPUs are stopped while the machine is saved.
    SaveVm,
    /// The machine is awaited from another process.
    #[serde(rename = "inmigrate")]
    InMigrate,
    /// The vCPUs are stopped while the last of the machine migrates.
    FinishMigrate,
    /// The machine has migrated, and runs elsewhere.
    #[serde(rename = "postmigrate")]
    PostMigrate,
    /// The guest has shut down.
    Shutdown,
    /// An error prevents the guest from running.
    InternalError,
}

impl Status {
    /// True if the vCPUs run.
    #[must_use]
    pub fn is_running(self) -> bool {
        self == Self::Running
    }
}

/// Identity of a vCPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VcpuInfo {
    /// Index of the vCPU.
    pub index: u32,
    /// Thread ID (TID) of the vCPU's thread.
    pub thread_id: i64,
    /// MPIDR_EL1.
    pub mpidr: u64,
}

/// Refusal of a control command: a text with the reason and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ControlError(pub String);
