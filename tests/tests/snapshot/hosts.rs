//! Hosts with space for snapshots.

use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::{Machine, Options, shared};

/// The emulated CPU `max` with the timer of QEMU's other CPUs: 62.5 MHz (QEMU 10.0,
/// `target/arm/internals.h`, `GTIMER_BACKCOMPAT_HZ`). By itself it is faster, and its guests fit no
/// other host.
pub(crate) const MAX: &str = "max,cntfrq=62500000";

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
