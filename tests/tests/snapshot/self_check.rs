//! The work of guests whose CPUs go off and on.

use crate::guest::Guest;
use crate::hosts::{A57, host};
use idreg_tests::artifacts::Kernel;
use idreg_tests::guest::WorkStatus;

/// The CPUs that work.
pub(crate) fn working(status: &WorkStatus) -> Vec<usize> {
    status.cpus.iter().map(|cpu| cpu.cpu).collect()
}

#[test]
fn guest_is_right_while_its_cpus_go_off_and_on() {
    let mut guest = Guest::booted(host(A57, Kernel::Latest), "work", 4);
    let start = guest.status();
    assert_eq!(working(&start), [0, 1, 2]);
    guest.works_on(&start);
    assert_eq!(guest.ask("online 3")["online"], 3);
    assert_eq!(guest.ask("offline 1")["offline"], 1);
    let changed = guest.status();
    assert_eq!(working(&changed), [0, 2, 3]);
    guest.works_on(&changed);
    assert_eq!(guest.ask("some words")["echo"], "some words");
    guest.end();
}
