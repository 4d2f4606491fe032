//! Emulated hosts of demonstrations, and the commands that run there.

use super::TestbedError;
use crate::artifacts::{Artifacts, Kernel};
use crate::demo::DemoError;
use crate::machine::{Machine, Options, Output};
use serde::de::DeserializeOwned;

/// A booted host.
pub(super) struct Booted {
    pub(super) cpu: &'static str,
    pub(super) machine: Machine,
}

impl Booted {
    pub(super) fn new(cpu: &'static str, artifacts: &Artifacts) -> Result<Self, TestbedError> {
        let options = Options::emulated(cpu, Kernel::default());
        let machine = Machine::boot_from(artifacts, &options)?;
        Ok(Self { cpu, machine })
    }

    /// Runs a command that prints JSON.
    pub(super) fn parse<T: DeserializeOwned>(&self, arguments: &[&str]) -> Result<T, TestbedError> {
        let output = self.machine.run(arguments)?;
        self.has_code(arguments, &output, 0)?;
        let read = serde_json::from_slice(&output.stdout);
        Ok(read.map_err(|source| DemoError::Json {
            command: arguments.join(" "),
            host: self.cpu.to_owned(),
            source,
        })?)
    }

    /// Checks the exit code of a command.
    pub(super) fn has_code(
        &self,
        arguments: &[&str],
        output: &Output,
        code: i32,
    ) -> Result<(), DemoError> {
        if output.code == code {
            return Ok(());
        }
        Err(DemoError::Command {
            command: arguments.join(" "),
            host: self.cpu.to_owned(),
            code: output.code,
            said: output.stderr().into_owned(),
        })
    }
}
