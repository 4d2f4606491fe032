//! `cargo demo -- --linux`: boots Linux with two models and compares the reports of its user space.

use super::exec::pass_on;
use super::{Choice, TestbedError, demo_host};
use crate::artifacts::Kernel;
use crate::demo;
use crate::program::Program;
use crate::progress::Progress;
use std::io;
use std::time::Duration;

/// Arguments of both guests.
const GUEST: [&str; 7] = [
    "run",
    "--kernel",
    "Image",
    "--initrd",
    "initrd.cpio.gz",
    "--append",
    "console=ttyS0 quiet",
];

const MODELS: [&str; 2] = ["host", "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0,sve=off"];

/// Time limit of a guest on a busy emulated host.
const LIMIT: Duration = Duration::from_mins(5);

/// Boots the guests in turn; if one fails, returns its exit code.
pub(super) fn run(choice: Choice) -> Result<u8, TestbedError> {
    let progress = Progress::new();
    let machine = demo_host(choice, Some(Kernel::default()), progress)?;
    progress.step("putting Linux into the host", || machine.put_linux(None))?;
    let mut reports = Vec::new();
    for model in MODELS {
        let words: Vec<&str> = GUEST.into_iter().chain(["--cpu", model]).collect();
        let step = format!("booting Linux with --cpu {model}");
        let output = progress.step(&step, || machine.run_within(LIMIT, &words))?;
        if output.code != 0 {
            eprint!("{}", output.stderr());
            return Ok(u8::try_from(output.code & 0xff).unwrap_or(u8::MAX));
        }
        reports.push(demo::report(model, &output.stdout())?);
    }
    if let [before, after] = reports.as_slice() {
        let shown = demo::comparison(MODELS, [before, after]);
        let program = Program::VmmDemo.into();
        pass_on(io::stdout(), shown.as_bytes())
            .map_err(|source| TestbedError::Output { program, source })?;
    }
    Ok(0)
}
