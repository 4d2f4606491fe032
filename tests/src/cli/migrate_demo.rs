//! `cargo demo -- --migrate`: moves a running Linux guest between two emulated hosts with different
//! CPUs, after a guest with the first host's CPU was refused.

mod guest;

use self::guest::{Guest, LIMIT, SECOND_CPU_OFF, SECOND_CPU_ON, run_arguments, try_migrate};
use super::booted::Booted;
use super::exec::pass_on;
use super::{TestbedError, one_host};
use crate::artifacts::{Artifacts, Kernel};
use crate::demo::DemoError;
use crate::demo::migration::typed;
use crate::machine::Options;
use crate::program::Program;
use crate::progress::Progress;
use serde::Deserialize;
use std::io;
use std::panic::resume_unwind;
use std::thread;

/// Two CPUs of QEMU that can share a model, the second of which lacks something of the first.
const CPUS: [&str; 2] = ["neoverse-n1", "cortex-a76"];

/// The part of the report of `idreg baseline --json` with the model in the form of each host.
#[derive(Debug, Deserialize)]
struct Baseline {
    hosts: Vec<Fit>,
}

#[derive(Debug, Deserialize)]
struct Fit {
    cpu: String,
}

/// Fails if a step does not end as it is to.
pub(super) fn run() -> Result<u8, TestbedError> {
    let progress = Progress::new();
    let programs = [Program::Idreg, Program::VmmDemo];
    let guest = Some(Kernel::default());
    let artifacts = one_host(false, &Options::default(), &programs, guest, progress)?;
    let step = format!("booting two emulated Arm hosts: {}", CPUS.join(", "));
    let [first, second] = progress.step(&step, || boot(&artifacts))?;
    refuse(&first, &second, progress)?;
    let model = common_model(&first, &second, progress)?;
    let guest = Guest::boot(&first, &model, &CPUS, progress)?;
    let mut guest = guest.move_to(&second, progress)?;
    guest.switch(SECOND_CPU_ON)?;
    guest.work(progress)?;
    guest.switch(SECOND_CPU_OFF)?;
    let guest = guest.move_to(&first, progress)?;
    guest.end()?;
    Ok(0)
}

/// Boots both hosts at once, and puts Linux into the first.
fn boot(artifacts: &Artifacts) -> Result<[Booted; 2], TestbedError> {
    let [first, second] = thread::scope(|scope| {
        let booting = CPUS.map(|cpu| scope.spawn(move || Booted::new(cpu, artifacts)));
        booting.map(|host| host.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let first = first?;
    first.machine.put_linux(None)?;
    Ok([first, second?])
}

/// Shows that a guest with the first host's CPU cannot move to the second.
fn refuse(first: &Booted, second: &Booted, progress: Progress) -> Result<(), TestbedError> {
    let arguments = run_arguments("host");
    print(&typed(first.cpu, Program::VmmDemo.name(), &arguments))?;
    // The view of the guest is judged, which it has before its first instruction.
    let running = first
        .machine
        .start_with_stdin(Program::VmmDemo, arguments)?;
    let migration = try_migrate(first, second, progress)?;
    migration.ended_with(1)?;
    print(&migration.output.stderr())?;
    let refused = migration.destination.output(LIMIT)?;
    second.has_code(&guest::INCOMING, &refused, 1)?;
    // Its socket is free again.
    running.terminate()?;
    running.output(LIMIT)?;
    print("\n")
}

/// The model in common, in the form of the first host.
fn common_model(
    first: &Booted,
    second: &Booted,
    progress: Progress,
) -> Result<String, TestbedError> {
    let [here, there] = CPUS.map(|cpu| format!("{cpu}.json"));
    for (host, file) in [(first, &here), (second, &there)] {
        let dump = ["dump", "-o", file];
        print(&typed(host.cpu, Program::Idreg.name(), &dump))?;
        host.has_code(&dump, &host.machine.run(dump)?, 0)?;
    }
    first.machine.put(&there, &second.machine.get(&there)?)?;
    let baseline = ["baseline", &here, &there];
    print(&typed(first.cpu, Program::Idreg.name(), &baseline))?;
    let output = progress.step("comparing the hosts", || first.machine.run(baseline))?;
    first.has_code(&baseline, &output, 0)?;
    print(&format!("{}\n", output.stdout()))?;
    let found: Baseline = first.parse(&[&baseline[..], &["--json"]].concat())?;
    let fit = found.hosts.into_iter().next();
    let fit = fit.ok_or_else(|| DemoError::NoModel {
        names: CPUS.map(str::to_owned),
        reasons: "`idreg baseline` lists no host".to_owned(),
    })?;
    Ok(fit.cpu)
}

fn print(text: &str) -> Result<(), TestbedError> {
    let program = Program::VmmDemo.into();
    pass_on(io::stdout(), text.as_bytes())
        .map_err(|source| TestbedError::Output { program, source })
}
