//! A machine that has no Arm KVM.

use crate::output::failure::Failure;
use crate::probe::view::GuestView;
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::rule::ValueRange;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;

#[derive(Debug, thiserror::Error)]
#[error(
    "this machine is {architecture} {os}, and guests need arm64 Linux with KVM. \
     `cargo testbed exec -- ARGUMENTS` does the same on an emulated Arm host; \
     `idreg check` and `idreg props` work here with `--host FILE`",
    architecture = std::env::consts::ARCH,
    os = std::env::consts::OS
)]
struct NotArm;

/// Never there: [`Machine::open`] says what to do instead.
#[derive(Debug)]
pub enum Machine {}

impl Machine {
    ///
    /// # Errors
    ///
    /// [`Failure::CannotHere`] in [`open`](Self::open).
    /// Fails.
    pub fn open(_model: &CpuModel) -> Result<Self, Failure> {
        Err(Failure::CannotHere(NotArm.into()))
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        match *self {}
    }

    /// The host.
    #[must_use]
    pub fn into_host(self) -> Host {
        match self {}
    }

    ///
    /// # Errors
    ///
    /// [`Failure::CannotHere`] in [`open`](Self::open).
    /// Applies a plan to a scratch VM.
    pub fn try_plan(&self, _plan: &Plan) -> Result<(), Failure> {
        match *self {}
    }

    ///
    /// # Errors
    ///
    /// [`Failure::CannotHere`] in [`open`](Self::open).
    /// The values of a field that KVM takes.
    pub fn taken(&self, _of: RegisterField) -> Result<Vec<ValueRange>, Failure> {
        match *self {}
    }

    ///
    /// # Errors
    ///
    /// [`Failure::CannotHere`] in [`open`](Self::open).
    /// Runs the probe guest.
    pub fn run_probe(&self, _plan: &Plan, _vcpus: u16) -> Result<GuestView, Failure> {
        match *self {}
    }
}
