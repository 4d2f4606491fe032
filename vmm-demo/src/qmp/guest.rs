//! What a server needs of a virtual machine.

use serde::Serialize;

/// A virtual machine that can be asked and told.
///
/// The server's thread calls, one call at a time. A call is answered within milliseconds, since every client waits for it;
/// where the machine's thread does not answer any more, it is refused.
pub trait GuestControl: Send {
    /// What the machine is doing.
    fn status(&self) -> Status;
    /// The vCPUs, by index.
    fn cpus(&self) -> Vec<VcpuInfo>;
    /// Stops the vCPUs; nothing happens if they are stopped.
    ///
    /// # Errors
    ///
    /// [`ControlError`] says why not.
    fn stop(&self) -> Result<(), ControlError>;
    /// Lets the vCPUs run on; nothing happens if they run.
    ///
    /// # Errors
    ///
    /// [`ControlError`] says why not.
    fn cont(&self) -> Result<(), ControlError>;
    /// Starts the machine anew.
    ///
    /// # Errors
    ///
    /// [`ControlError`] says why not.
    fn system_reset(&self) -> Result<(), ControlError>;
    /// Asks the guest to shut down.
    ///
    /// # Errors
    ///
    /// [`ControlError`] says why not.
    fn system_powerdown(&self) -> Result<(), ControlError>;
    /// Asks the program to end; it does so after the call has returned.
    ///
    /// # Errors
    ///
    /// [`ControlError`] says why not.
    fn quit(&self) -> Result<(), ControlError>;
}

/// What a machine is doing (`RunState` of QEMU 11.1, `qapi/run-state.json`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The guest has not started.
    Prelaunch,
    /// The vCPUs run.
    Running,
    /// `stop` has stopped the vCPUs.
    Paused,
    /// The guest has shut down.
    Shutdown,
    /// An error keeps the guest from running on.
    InternalError,
}

impl Status {
    /// Whether the vCPUs run.
    #[must_use]
    pub fn is_running(self) -> bool {
        self == Self::Running
    }
}

/// A vCPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VcpuInfo {
    /// Its number.
    pub index: u32,
    /// The kernel's number of the thread that it runs in.
    pub thread_id: i64,
    /// MPIDR_EL1.
    pub mpidr: u64,
}

/// Why a machine does not do what it was told: a sentence that says what would work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ControlError(pub String);
