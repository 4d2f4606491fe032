//! Sets up the emulated Arm host and runs programs, or the tests, with it.

use idreg_tests::cli::Cli;
use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    match Cli::from_environment().run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("testbed: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("testbed:   because {error}");
                cause = error.source();
            }
            ExitCode::from(error.exit_code())
        }
    }
}
