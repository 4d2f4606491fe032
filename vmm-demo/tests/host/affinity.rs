//! Guests with more vCPUs than one affinity level has numbers for.

use crate::bare::{HVC, IDLE, SYSTEM_OFF, guest, load, psci, say};
use crate::running::Running;

/// PSCI's `CPU_ON` (Arm DEN0022, 5.1).
const CPU_ON: u32 = 0xc400_0003;

/// A chain: each CPU prints a dot and switches the next one on, in KVM's order of 16 to an Aff1.
/// The last one, which finds no other, powers off.
fn chain() -> Vec<u32> {
    let mut code = say(".");
    code.extend([
        // mrs x2, mpidr_el1
        0xd538_00a2,
        // and x2, x2, #0xffffff: Aff2 to Aff0
        0x9240_5c42,
        // and x3, x2, #0xf
        0x9240_0c43,
        // add x4, x2, #1: the next one of the same Aff1
        0x9100_0444,
        // add x5, x2, #241: from 15 of an Aff1 to 0 of the next one
        0x9103_c445,
        // cmp x3, #15
        0xf100_3c7f,
        // csel x1, x4, x5, ne
        0x9a85_1081,
    ]);
    // adr x2, start
    let start = -4 * i32::try_from(code.len()).expect("few");
    code.push(0x1000_0002 | (start.cast_unsigned() >> 2 & 0x7_ffff) << 5);
    code.extend(load(0, CPU_ON));
    // cbnz x0, .+12
    code.extend([HVC, 0xb500_0060]);
    code.extend(IDLE);
    code.extend(say("\n"));
    code.extend(psci(SYSTEM_OFF));
    code
}

#[test]
fn every_vcpu_starts_at_its_affinity() {
    let kernel = guest("chain", &chain());
    for vcpus in [1, 16, 17, 33] {
        let mut running = Running::start(&kernel, &["--smp", &vcpus.to_string()]);
        assert_eq!(running.line(), ".".repeat(vcpus));
        let (status, stderr) = running.wait();
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
    }
}
