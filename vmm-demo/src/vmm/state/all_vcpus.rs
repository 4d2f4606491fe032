//! Work on all vCPUs at once, on as many threads as the host has CPUs: each vCPU has some hundred
//! registers, with a system call for each, while its guest stands still.

use super::error::StateError;
use super::vcpu::VcpuState;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, available_parallelism};

/// Calls `call` with the number, the state and the access of each vCPU. After a failure no further
/// call begins.
///
/// # Errors
///
/// The error of the vCPU with the lowest number among those that failed.
pub(super) fn try_for_each<V: Sync>(
    states: &[VcpuState],
    vcpus: &[V],
    call: impl Fn(&VcpuState, usize, &V) -> Result<(), StateError> + Sync,
) -> Result<(), StateError> {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let work = || loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let (Some(state), Some(vcpu)) = (states.get(index), vcpus.get(index)) else {
            return;
        };
        if let Err(error) = call(state, index, vcpu) {
            next.store(states.len(), Ordering::Relaxed);
            let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
            failures.push((index, error));
        }
    };
    let threads = available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _further in 1..threads.min(states.len()) {
            // Without a further thread, this one does its work too.
            let _not_started = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let failures = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let first = failures.into_iter().min_by_key(|(index, _)| *index);
    first.map_or(Ok(()), |(_, error)| Err(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vmm::state::access::VcpuEvents;

    fn states(count: usize) -> Vec<VcpuState> {
        let state = VcpuState {
            is_on: true,
            events: VcpuEvents::default(),
            registers: Vec::new(),
        };
        vec![state; count]
    }

    #[test]
    fn every_vcpu_is_called_once() {
        for count in [0, 1, 2, 100] {
            let calls: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            let called = try_for_each(&states(count), &calls, |_, _, calls| {
                calls.fetch_add(1, Ordering::SeqCst);
                Ok(())
            });
            assert_eq!(called, Ok(()));
            assert!(calls.iter().all(|calls| calls.load(Ordering::SeqCst) == 1));
        }
    }

    #[test]
    fn failure_of_the_lowest_number_is_returned() {
        let vcpus: Vec<usize> = (0..100).collect();
        let failed = try_for_each(&states(100), &vcpus, |_, index, vcpu| {
            assert_eq!(index, *vcpu);
            let power = 9;
            match index {
                0 => Ok(()),
                vcpu => Err(StateError::PowerState { vcpu, power }),
            }
        });
        let power = 9;
        assert_eq!(failed, Err(StateError::PowerState { vcpu: 1, power }));
    }
}
