//! Program under test.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

/// Environment variable in which the testbed passes the path of the program.
const VARIABLE: &str = "IDREG_VMM_DEMO";

/// `vmm-demo` with these arguments.
pub(crate) fn vmm_demo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let Some(path) = env::var_os(VARIABLE) else {
        panic!(
            "`{VARIABLE}` is not set to the path of vmm-demo: \
             run these tests with `cargo xtest --test vmm`"
        );
    };
    let mut command = Command::new(path);
    command.args(arguments);
    command
}
