//! The machine of the command where it has no Arm KVM.

use crate::output::failure::Failure;
use crate::probe::view::GuestView;
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::rule::ValueRange;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;
use idreg_runtime::view::View;

/// The error of every machine without Arm KVM.
#[derive(Debug, thiserror::Error)]
#[error(
    "this machine is {architecture} {os}, and guests need arm64 Linux with KVM. \
     `cargo testbed exec -- ARGUMENTS` does the same on an emulated Arm host; \
     `idreg check` and `idreg props` work here with `--host FILE`",
    architecture = std::env::consts::ARCH,
    os = std::env::consts::OS
)]
struct NotArm;

/// A machine with Arm KVM, of which there is none: [`open`](Self::open) always fails.
#[derive(Debug)]
pub enum Machine {}

impl Machine {
    /// Fails, with the ways to use another machine or a host file.
    ///
    /// # Errors
    ///
    /// [`Failure::CannotHere`], always.
    pub fn open(_model: &CpuModel) -> Result<Self, Failure> {
        Err(Failure::CannotHere(NotArm.into()))
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        match *self {}
    }

    /// The host, without the machine.
    #[must_use]
    pub fn into_host(self) -> Host {
        match self {}
    }

    /// Applies a plan to a scratch VM.
    ///
    /// # Errors
    ///
    /// Never called: there is no such machine.
    pub fn try_plan(&self, _plan: &Plan) -> Result<(), Failure> {
        match *self {}
    }

    /// The values of a field that KVM accepts.
    ///
    /// # Errors
    ///
    /// Never called: there is no such machine.
    pub fn accepted_values(&self, _field: RegisterField) -> Result<Vec<ValueRange>, Failure> {
        match *self {}
    }

    /// Runs the probe guest.
    ///
    /// # Errors
    ///
    /// Never called: there is no such machine.
    pub fn run_probe(&self, _plan: &Plan, _vcpus: u16) -> Result<(GuestView, View), Failure> {
        match *self {}
    }
}
