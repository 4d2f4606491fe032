//! The guest's clock: its counters, as the guest reads them and as the VMM does.

use crate::bare::load;
use crate::state_seams::{Guest, STORED};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use vm_memory::{Bytes, GuestAddress};

/// `mrs x3, cntfrq_el0`, `str x3, [x1, #16]`, `mrs x0, cntvct_el0`, `mrs x2, cntpct_el0`,
/// `stp x0, x2, [x1]`, `b .-12`
const STORE_COUNTERS: [u32; 6] = [
    0xd53b_e003,
    0xf900_0823,
    0xd53b_e040,
    0xd53b_e022,
    0xa900_0820,
    0x17ff_fffd,
];

/// True if the kernel moves both counters of a guest: since Linux 6.4.
fn both_counters_move() -> bool {
    let name = rustix::system::uname();
    let release = name.release().to_str().expect("a release");
    let mut numbers = release.split('.').map(str::parse::<u32>);
    let mut next = || numbers.next().expect("a number").expect("a number");
    (next(), next()) >= (6, 4)
}

/// True if the guest reads the offset from CNTPOFF_EL2 (FEAT_ECV): QEMU 10.0 does not apply it on a
/// machine without EL3. On other CPUs KVM emulates the physical counter.
fn has_enhanced_counters() -> bool {
    // Linux 7.2, arch/arm64/include/uapi/asm/hwcap.h.
    const HWCAP2_ECV: usize = 1 << 19;
    rustix::param::linux_hwcap().1 & HWCAP2_ECV != 0
}

/// A guest that stores its counters and has run for a moment.
struct CountingGuest {
    guest: Guest,
    frequency: u64,
}

impl CountingGuest {
    fn new(vcpus: u16) -> Self {
        let code = [&load(1, STORED)[..], &STORE_COUNTERS].concat();
        let guest = Guest::new(&code, vcpus);
        guest.vcpus.resume();
        guest.wait_for_count();
        guest.vcpus.pause();
        let frequency = GuestAddress(u64::from(STORED) + 16);
        let frequency = guest.vm.memory().read_obj(frequency).expect("RAM");
        assert_ne!(frequency, 0);
        Self { guest, frequency }
    }

    /// The counters that the guest stored last: both, or the virtual one if only that moves here.
    fn stored(&self) -> Vec<u64> {
        let both = both_counters_move() && !has_enhanced_counters();
        let counters = if both { 2 } else { 1 };
        let addresses = (u64::from(STORED)..).step_by(8).take(counters);
        let read = |address| self.guest.vm.memory().read_obj(GuestAddress(address));
        addresses
            .map(|address| read(address).expect("RAM"))
            .collect()
    }

    /// The count of the paused guest's clock.
    fn clock(&self) -> u64 {
        let clock = Arc::clone(self.guest.vm.clock());
        let count = self.guest.vcpus.with_vcpu(0, move |fd| clock.count(fd));
        count.expect("an answer").expect("a count")
    }

    /// Lets the guest run for a moment. Its counters go on from `from`, no faster than time.
    fn runs_from(&self, from: u64) {
        let started = Instant::now();
        self.guest.vcpus.resume();
        // The first store may be of counters that were read before the pause.
        self.guest.wait_for_count();
        self.guest.wait_for_count();
        self.guest.vcpus.pause();
        self.has_counted(from, started.elapsed());
    }

    fn has_counted(&self, from: u64, elapsed: Duration) {
        // The host's kernel corrects the rate of its clock, by less than 0.1 %.
        let elapsed = (elapsed + Duration::from_millis(1)).as_nanos() * 1001 / 1000;
        let ticks = elapsed * u128::from(self.frequency) / 1_000_000_000;
        let most = from + u64::try_from(ticks).expect("a count");
        let stopped = self.clock();
        for counter in self.stored().into_iter().chain([stopped]) {
            assert!((from..=most).contains(&counter), "{from} {counter} {most}");
        }
        assert!(self.stored().iter().all(|counter| *counter <= stopped));
    }
}

#[test]
fn counters_start_from_zero() {
    let started = Instant::now();
    let counting = CountingGuest::new(2);
    counting.has_counted(0, started.elapsed());
    assert_eq!(counting.guest.vm.clock().moves_both(), both_counters_move());
}

#[test]
fn counters_stand_still_during_a_pause() {
    let counting = CountingGuest::new(2);
    for _ in 0..5 {
        let stopped = counting.clock();
        thread::sleep(Duration::from_millis(100));
        counting.guest.vcpus.pause();
        assert_eq!(counting.clock(), stopped);
        counting.runs_from(stopped);
    }
}

#[test]
fn counters_go_on_from_the_count_that_is_set() {
    let counting = CountingGuest::new(1);
    for count in [1 << 50, 1 << 20, 0] {
        counting.guest.vm.clock().set(count);
        counting.runs_from(count);
    }
}
