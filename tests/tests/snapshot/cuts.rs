//! Guests that go on from a snapshot, again and again.

use crate::guest::{Guest, booted_view};
use crate::hosts::{A57, host};
use crate::self_check::working;
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::Machine;
use serde_json::json;
use std::env;
use std::thread::sleep;
use std::time::Duration;

/// Environment variable with the number of cuts of each guest. If it is set, every host has guests
/// of 1, 2 and 4 vCPUs.
const CUTS: &str = "IDREG_CUTS";

/// Number of cuts without the variable, after that of [`Guest::booted`].
const FEW: u32 = 2;

/// Numbers of vCPUs with the variable.
const ALL_VCPUS: [usize; 3] = [1, 2, 4];

/// Time for which a guest runs on ahead of its copy.
const AHEAD: Duration = Duration::from_secs(10);

/// Takes a guest from one snapshot to the next; it must be right at each, and its vectors as long
/// as the host's.
fn cut_again_and_again(machine: &'static Machine, vcpus: usize, cuts: u32, vector_bytes: u64) {
    let mut guest = Guest::booted(machine, &format!("cuts-{vcpus}"), vcpus);
    let mut before = guest.status();
    for cut in 0..cuts {
        guest = guest.cut(&[]).restore(&[]);
        // Once with the last CPU off, then with all.
        if cut == 0 && vcpus > 1 {
            let last = vcpus - 1;
            assert_eq!(guest.ask(&format!("online {last}"))["online"], last);
        }
        before = guest.works_on(&before);
    }
    let all: Vec<usize> = (0..vcpus).collect();
    assert!(cuts == 0 || working(&before) == all, "{before:?}");
    for cpu in before.cpus {
        assert_eq!(cpu.vector_bytes, vector_bytes);
    }
    guest.end();
}

/// Cuts a guest of this number of vCPUs a few times, or as the variable says.
fn guests_go_on(cpu: &str, kernel: Kernel, vcpus: usize, vector_bytes: u64) {
    let machine = host(cpu, kernel);
    match env::var(CUTS) {
        Err(_) => cut_again_and_again(machine, vcpus, FEW, vector_bytes),
        Ok(cuts) => {
            let cuts = cuts.parse().expect("a number of cuts");
            for vcpus in ALL_VCPUS {
                cut_again_and_again(machine, vcpus, cuts, vector_bytes);
            }
        }
    }
}

#[test]
fn guests_go_on_on_latest_max() {
    guests_go_on("max", Kernel::Latest, 2, 256);
}

#[test]
fn guests_go_on_on_latest_neoverse_v1() {
    guests_go_on("neoverse-v1", Kernel::Latest, 2, 32);
}

#[test]
fn guests_go_on_on_latest_cortex_a57() {
    guests_go_on(A57, Kernel::Latest, 4, 16);
}

#[test]
fn guests_go_on_on_lts_max() {
    guests_go_on("max", Kernel::Lts, 4, 256);
}

#[test]
fn guests_go_on_on_lts_neoverse_v1() {
    guests_go_on("neoverse-v1", Kernel::Lts, 1, 32);
}

#[test]
fn guests_go_on_on_lts_cortex_a57() {
    guests_go_on(A57, Kernel::Lts, 2, 16);
}

#[test]
fn half_a_line_and_the_rest_after_the_cut_are_one_line() {
    let mut guest = Guest::booted(host("max", Kernel::Latest), "half", 2);
    guest.type_text("half a li");
    let mut guest = guest.cut(&[]).restore(&[]);
    assert_eq!(guest.ask("ne")["echo"], "half a line");
    guest.end();
}

#[test]
fn cpu_that_was_off_comes_online_after_the_cut() {
    let machine = host("neoverse-v1", Kernel::Latest);
    let guest = Guest::booted(machine, "off", 2);
    let mut guest = guest.cut(&[]).restore(&[]);
    assert_eq!(working(&guest.status()), [0]);
    assert_eq!(guest.ask("online 1")["online"], 1);
    let status = guest.status();
    assert_eq!(working(&status), [0, 1]);
    guest.works_on(&status);
    assert_eq!(guest.ask("offline 1")["offline"], 1);
    let mut guest = guest.cut(&[]).restore(&[]);
    assert_eq!(working(&guest.status()), [0]);
    guest.end();
}

#[test]
fn guest_goes_on_beside_its_snapshot() {
    let mut guest = Guest::booted(host("max", Kernel::Latest), "copy", 2);
    let before = guest.status();
    guest.copy(&[]);
    // Longer than the copy takes to its first answer.
    sleep(AHEAD);
    let original = guest.works_on(&before);
    let mut copy = guest.end_beside_copy().restore(&["--clock", "freeze"]);
    let again = copy.status();
    assert!(
        again.time.monotonic_ns < original.time.monotonic_ns,
        "{again:?}"
    );
    copy.works_on(&before);
    copy.end();
}

/// A new file takes the place of the one whose pages the guest still reads.
#[test]
fn guest_goes_on_from_raw_and_from_lazily_read_memory() {
    let mut guest = Guest::booted(host("neoverse-v1", Kernel::Latest), "forms", 2);
    let mut before = guest.status();
    for (memory, lazy) in [
        ("raw", &["--lazy"][..]),
        ("raw", &["--lazy"]),
        ("zstd", &[]),
        ("raw", &[]),
    ] {
        guest = guest.cut(&["--memory", memory]).restore(lazy);
        before = guest.works_on(&before);
    }
    guest.end();
}

#[test]
fn guest_has_the_same_view_after_the_cut() {
    let machine = host("max", Kernel::Latest);
    let guest = Guest::booted(machine, "view", 2);
    let after = "after.view.json";
    guest.cut(&[]).restore(&["--view", after]).end();
    let [before, after] = [&booted_view(2), after].map(|name| {
        let view = machine.get(name).expect("a view");
        String::from_utf8(view).expect("text")
    });
    assert_eq!(before, after);
}

#[test]
fn restored_guest_waits_if_it_is_to_be_paused() {
    let guest = Guest::booted(host("neoverse-v1", Kernel::Latest), "paused", 2);
    let mut guest = guest.cut(&[]).restore(&["--paused"]);
    let mut qmp = guest.qmp();
    let status = qmp.execute("query-status", &json!({}));
    assert_eq!(status["running"], false, "{status}");
    qmp.execute("cont", &json!({}));
    drop(qmp);
    let status = guest.status();
    guest.works_on(&status);
    guest.end();
}

#[test]
fn guest_goes_on_in_another_process_of_the_vmm() {
    let mut guest = Guest::boot(host("max", Kernel::Latest), "upgrade", 2, &[]);
    let before = guest.status();
    guest.type_text("half a li");
    let (mut guest, said) = guest.upgrade();
    println!("{said}");
    assert!(said.contains("; 0 bytes of memory were copied"), "{said}");
    assert_eq!(guest.ask("ne")["echo"], "half a line");
    guest.works_on(&before);
    guest.end();
}
