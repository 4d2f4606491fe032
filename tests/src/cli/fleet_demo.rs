//! `cargo demo -- --fleet`: finds the model that two emulated hosts have in common, and runs the
//! built-in guest with it on both.

use super::booted::Booted;
use super::exec::pass_on;
use super::{TestbedError, one_host};
use crate::artifacts::Artifacts;
use crate::demo::fleet::{GuestReport, Pair};
use crate::machine::Options;
use crate::program::Program;
use crate::progress::Progress;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use serde::de::DeserializeOwned;
use std::io;

/// Two CPUs of QEMU that can share a model, the second of which lacks something of the first.
const CPUS: [&str; 2] = ["neoverse-n1", "cortex-a76"];

/// Exits with 1 if the guests differ.
pub(super) fn run() -> Result<u8, TestbedError> {
    let progress = Progress::new();
    let programs = [Program::Idreg, Program::VmmDemo];
    let artifacts = one_host(false, &Options::default(), &programs, None, progress)?;
    let [a, b] = CPUS.map(|cpu| boot(cpu, &artifacts));
    let [a, b] = [a?, b?];
    let hosts: [Host; 2] = [run_json(&a, &["dump"])?, run_json(&b, &["dump"])?];
    let pair = Pair::new(CPUS, hosts.each_ref())?;
    print(&format!("{}\n", pair.comparison()))?;
    let [model_a, model_b] = pair.models();
    let reports = [guest(&a, model_a)?, guest(&b, model_b)?];
    let (text, equal) = pair.guests(reports.each_ref());
    print(&text)?;
    Ok(u8::from(!equal))
}

fn print(text: &str) -> Result<(), TestbedError> {
    let program = Program::VmmDemo.into();
    pass_on(io::stdout(), text.as_bytes())
        .map_err(|source| TestbedError::Output { program, source })
}

fn boot(cpu: &'static str, artifacts: &Artifacts) -> Result<Booted, TestbedError> {
    let host = Booted::new(cpu, artifacts)?;
    let release = host.machine.release();
    eprintln!("booted an emulated Arm host: CPU {cpu}, Linux {release}");
    Ok(host)
}

/// Runs the built-in guest, which reads every ID register.
fn guest(host: &Booted, model: &CpuModel) -> Result<GuestReport, TestbedError> {
    run_json(host, &["run", "--json", "--cpu", &model.to_string()])
}

fn run_json<T: DeserializeOwned>(host: &Booted, arguments: &[&str]) -> Result<T, TestbedError> {
    eprintln!("running {} on {}", arguments.join(" "), host.cpu);
    host.parse(arguments)
}
