//! Hosts with space for snapshots.

use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::{Machine, Options, shared};

/// The emulated CPU `max` with the timer of QEMU's other CPUs: 62.5 MHz (QEMU 10.0,
/// `target/arm/internals.h`, `GTIMER_BACKCOMPAT_HZ`). By itself it is faster, and its guests fit no
/// other host.
pub(crate) const MAX: &str = "max,cntfrq=62500000";

/// The emulated Cortex-A57 as revision r1p3. On revisions before, Linux 7.2 works around erratum
/// 834220 and then enters a guest again and again whose page tables it has not mapped yet, as those
/// of a restored guest (`arch/arm64/kvm/hyp/include/hyp/fault.h`, `__hpfar_valid`).
pub(crate) const A57: &str = "cortex-a57,midr=0x411fd073";

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
