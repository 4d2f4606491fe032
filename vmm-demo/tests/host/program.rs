//! The program under test.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

/// Where the testbed says which program is to be tested.
const VARIABLE: &str = "IDREG_VMM_DEMO";

/// `vmm-demo` with these arguments.
pub(crate) fn vmm_demo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let Some(path) = env::var_os(VARIABLE) else {
        panic!(
            "`{VARIABLE}` does not say where vmm-demo is: run these tests with `cargo xtest --test vmm`"
        );
    };
    let mut command = Command::new(path);
    command.args(arguments);
    command
}
