//! Guests that migrate between hosts while they run.

use crate::guest::Guest;
use crate::hosts::{A57, MAX, host};
use crate::journeys::{FOUR, THREE, TOLERATED, common_model, named_model, tolerant_model};
use crate::moves::{Destination, move_to, try_move};
use idreg_runtime::fleet::Policy;
use idreg_tests::artifacts::Kernel;
use std::env;

/// Environment variable with the number of migrations in a row between two hosts.
const MIGRATIONS: &str = "IDREG_MIGRATIONS";

/// Number of migrations without the variable: there and back.
const FEW: usize = 2;

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

/// The first core has 20 event counters, the others have 6.
#[test]
fn guest_migrates_between_cores_with_sve() {
    let cpus = ["cortex-a710", "neoverse-n2", "neoverse-v1", MAX];
    migrates(&cpus, "moves-sve", &FOUR);
}

#[test]
fn guest_with_a_named_model_migrates_between_kernels() {
    let kernels = [Kernel::Latest, Kernel::Lts];
    let [latest, lts] = kernels.map(|kernel| host("neoverse-v1", kernel));
    let mut guest = Guest::boot(lts, "moves-kernels", 2, &named_model());
    let migrations = env::var(MIGRATIONS).map_or(FEW, |number| number.parse().expect("a number"));
    for number in 1..=migrations {
        let next = [lts, latest][number % 2];
        let before = guest.status();
        guest = move_to(guest, next, &["--tolerate", "el2"]);
        guest.works_on(&before);
        println!("migration {number} of {migrations}: the guest works on");
    }
    guest.end();
}

#[test]
fn guest_migrates_where_its_differences_are_tolerated() {
    let [n1, v1] = ["neoverse-n1", "neoverse-v1"].map(|cpu| host(cpu, Kernel::Latest));
    let model = tolerant_model(&[n1, v1]);
    let mut guest = Guest::boot(n1, "moves-tolerated", 2, &["--cpu", &model]);
    let before = guest.status();
    let mut guest = move_to(guest, v1, &["--tolerate", TOLERATED]);
    guest.works_on(&before);
    guest.end();
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
