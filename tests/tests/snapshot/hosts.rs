//! Hosts with space for snapshots.

use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::{Machine, Options, shared};

/// A host with the files of a Linux guest.
pub(crate) fn host(cpu: &str, kernel: Kernel) -> &'static Machine {
    let options = Options {
        memory: "4G".to_owned(),
        ..Options::emulated(cpu, kernel)
    };
    let machine = shared(&options).unwrap_or_else(|error| panic!("no host: {error:?}"));
    machine.put_linux(None).expect("a guest to boot");
    machine
}
