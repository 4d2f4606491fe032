//! The work of guests that are left alone.

use crate::guest::Guest;
use crate::hosts::host;
use idreg_tests::artifacts::Kernel;
use idreg_tests::guest::WorkStatus;

/// The CPUs that work.
pub(crate) fn working(status: &WorkStatus) -> Vec<usize> {
    status.cpus.iter().map(|cpu| cpu.cpu).collect()
}

/// Ends a guest of four CPUs, one of which goes off and on, and whose vectors are this long.
fn works(cpu: &str, name: &str, vector_bytes: u64) {
    let mut guest = Guest::boot(host(cpu, Kernel::Latest), name, 4, &[]);
    let start = guest.status();
    assert_eq!(working(&start), [0, 1, 2]);
    guest.works_on(&start);
    assert_eq!(guest.ask("online 3")["online"], 3);
    assert_eq!(guest.ask("offline 1")["offline"], 1);
    let changed = guest.status();
    assert_eq!(working(&changed), [0, 2, 3]);
    for cpu in guest.works_on(&changed).cpus {
        assert_eq!(cpu.vector_bytes, vector_bytes);
    }
    assert_eq!(guest.ask("some words")["echo"], "some words");
    guest.end();
}

#[test]
fn guest_on_max_is_right() {
    works("max", "work-max", 256);
}

#[test]
fn guest_on_neoverse_v1_is_right() {
    works("neoverse-v1", "work-v1", 32);
}

#[test]
fn guest_without_sve_is_right() {
    works("cortex-a57", "work-a57", 16);
}
