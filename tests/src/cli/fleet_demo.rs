//! `cargo demo -- --fleet`: finds the model that two emulated hosts have in common, and runs the
//! built-in guest with it on both.

use super::exec::pass_on;
use super::{TestbedError, one_host};
use crate::artifacts::{Artifacts, Kernel};
use crate::demo::DemoError;
use crate::demo::fleet::{GuestReport, Pair};
use crate::machine::{Machine, Options};
use crate::program::Program;
use crate::progress::Progress;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use serde::de::DeserializeOwned;
use std::io;

/// Two CPUs of QEMU that can share a model, the second of which lacks something of the first.
const CPUS: [&str; 2] = ["neoverse-n1", "cortex-a76"];

/// A booted host.
struct Booted {
    cpu: &'static str,
    machine: Machine,
}

/// Exits with 1 if the guests differ.
pub(super) fn run() -> Result<u8, TestbedError> {
    let progress = Progress::new();
    let programs = [Program::Idreg, Program::VmmDemo];
    let artifacts = one_host(false, &Options::default(), &programs, None, progress)?;
    let [a, b] = CPUS.map(|cpu| Booted::new(cpu, &artifacts));
    let [a, b] = [a?, b?];
    let hosts: [Host; 2] = [a.parse(&["dump"])?, b.parse(&["dump"])?];
    let pair = Pair::new(CPUS, hosts.each_ref())?;
    print(&format!("{}\n", pair.comparison()))?;
    let [model_a, model_b] = pair.models();
    let reports = [a.guest(model_a)?, b.guest(model_b)?];
    let (text, equal) = pair.guests(reports.each_ref());
    print(&text)?;
    Ok(u8::from(!equal))
}

fn print(text: &str) -> Result<(), TestbedError> {
    let program = Program::VmmDemo.into();
    pass_on(io::stdout(), text.as_bytes())
        .map_err(|source| TestbedError::Output { program, source })
}

impl Booted {
    fn new(cpu: &'static str, artifacts: &Artifacts) -> Result<Self, TestbedError> {
        let options = Options::emulated(cpu, Kernel::default());
        let machine = Machine::boot_from(artifacts, &options)?;
        let release = machine.release();
        eprintln!("booted an emulated Arm host: CPU {cpu}, Linux {release}");
        Ok(Self { cpu, machine })
    }

    fn guest(&self, model: &CpuModel) -> Result<GuestReport, TestbedError> {
        self.parse(&["run", "--json", "--cpu", &model.to_string()])
    }

    /// Runs a command that prints JSON.
    fn parse<T: DeserializeOwned>(&self, arguments: &[&str]) -> Result<T, TestbedError> {
        let (command, host) = (arguments.join(" "), self.cpu.to_owned());
        eprintln!("running {command} on {host}");
        let output = self.machine.run(arguments)?;
        if output.code != 0 {
            let (code, said) = (output.code, output.stderr().into_owned());
            let failed = DemoError::Command {
                command,
                host,
                code,
                said,
            };
            return Err(failed.into());
        }
        let read = serde_json::from_slice(&output.stdout);
        Ok(read.map_err(|source| DemoError::Json {
            command,
            host,
            source,
        })?)
    }
}
