//! Guests that migrate between hosts while they run.

use crate::guest::Guest;
use crate::hosts::{A57, host};
use crate::journeys::common_model;
use crate::moves::{Destination, move_to, try_move};
use idreg_runtime::fleet::Policy;
use idreg_tests::artifacts::Kernel;

/// Moves a guest along a route of hosts, by their indices; it must be right at each.
fn migrates(cpus: &[&str], name: &str, route: &[usize]) {
    let machines: Vec<_> = cpus.iter().map(|cpu| host(cpu, Kernel::Latest)).collect();
    let model = common_model(&machines, &Policy::default());
    let mut guest = Guest::boot(machines[route[0]], name, 2, &["--cpu", &model]);
    for &next in &route[1..] {
        let before = guest.status();
        guest = move_to(guest, machines[next], &["--tolerate", "mitigations"]);
        guest.works_on(&before);
    }
    guest.end();
}

/// Every pair of three hosts.
const THREE: [usize; 4] = [0, 1, 2, 0];

#[test]
fn guest_migrates_between_cores_of_the_first_generation() {
    let cpus = ["cortex-a35", A57, "cortex-a72"];
    migrates(&cpus, "moves-first-generation", &THREE);
}

#[test]
fn guest_migrates_between_cores_of_armv8_2() {
    let cpus = ["cortex-a55", "cortex-a76", "neoverse-n1"];
    migrates(&cpus, "moves-armv8-2", &THREE);
}

#[test]
fn guest_with_the_hosts_model_is_refused_before_its_memory_moves() {
    let [max, v1] = ["max", "neoverse-v1"].map(|cpu| host(cpu, Kernel::Latest));
    let mut guest = Guest::boot(max, "stays", 2, &["--cpu", "host"]);
    let before = guest.status();
    let destination = Destination::start(v1, &[]);
    let moved = try_move(&guest, &destination, &[], None);
    let said = moved.output.stderr().into_owned();
    assert_eq!(moved.output.code, 1, "{said}");
    let (code, there) = destination.end();
    assert_eq!(code, 1, "{there}");
    for part in ["SYSREG_ID_AA64ISAR2_EL1_MOPS", "SVE vectors of 128"] {
        assert!(said.contains(part), "{part} in {said}");
        assert!(there.contains(part), "{part} in {there}");
    }
    // The view alone.
    let carried = moved.carried.expect("a link");
    assert!(carried.by_source < 1 << 20, "{carried:?}");
    guest.works_on(&before);
    guest.end();
}
