//! Restores that are refused.

use crate::guest::{Guest, fails};
use crate::hosts::host;
use idreg_tests::artifacts::Kernel;

/// The file stays as it is, and the guest goes on where it was.
#[test]
fn guest_with_the_hosts_model_stays_on_its_kind_of_host() {
    let [max, v1] = ["max", "neoverse-v1"].map(|cpu| host(cpu, Kernel::Latest));
    let mut guest = Guest::booted(max, "refused", 2);
    let before = guest.status();
    let saved = guest.cut(&[]).carry_to(v1);
    let said = saved.is_refused(&[]);
    for part in ["SYSREG_ID_AA64ISAR2_EL1_MOPS", "SVE vectors of 128"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let mut guest = saved.carry_to(max).restore(&[]);
    guest.works_on(&before);
    guest.end();
}

#[test]
fn damaged_file_starts_no_guest() {
    let machine = host("max", Kernel::Latest);
    let guest = Guest::booted(machine, "damaged", 2);
    let saved = guest.cut(&[]);
    let mut bytes = saved.bytes();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    machine.put("flipped.snapshot", &bytes).expect("space");
    machine
        .put("cut.snapshot", &bytes[..middle])
        .expect("space");
    for file in ["flipped.snapshot", "cut.snapshot"] {
        let said = fails(machine, file, &[], 2);
        assert!(said.contains(file), "{said}");
    }
    saved.restore(&[]).end();
}
