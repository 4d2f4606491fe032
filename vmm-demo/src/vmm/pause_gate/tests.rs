use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Counts rounds until the gate ends, in `total` and in the thread's own resource.
fn work(gate: &PauseGate<u64>, index: usize, total: &AtomicU64) -> u64 {
    let mut rounds = 0;
    while gate.wait(index, &mut rounds) {
        rounds += 1;
        total.fetch_add(1, Ordering::SeqCst);
        thread::yield_now();
    }
    gate.exit(index);
    rounds
}

struct Workers {
    gate: Arc<PauseGate<u64>>,
    total: Arc<AtomicU64>,
    threads: Vec<JoinHandle<u64>>,
}

impl Workers {
    fn start(count: usize) -> Self {
        let gate = Arc::new(PauseGate::closed(count));
        let total = Arc::new(AtomicU64::new(0));
        let threads = (0..count)
            .map(|index| {
                let (gate, total) = (Arc::clone(&gate), Arc::clone(&total));
                thread::spawn(move || work(&gate, index, &total))
            })
            .collect();
        Self {
            gate,
            total,
            threads,
        }
    }

    /// Waits until some thread has done another round.
    fn wait_for_rounds(&self) {
        let before = self.total.load(Ordering::SeqCst);
        while self.total.load(Ordering::SeqCst) == before {
            thread::yield_now();
        }
    }

    fn end(self) -> Vec<u64> {
        self.gate.end(|| {});
        let ended = self.threads.into_iter().map(JoinHandle::join);
        ended.map(Result::unwrap).collect()
    }
}

#[test]
fn nobody_is_inside_a_closed_gate() {
    let workers = Workers::start(3);
    let gate = Arc::clone(&workers.gate);
    for _ in 0..50 {
        gate.close(|| {});
        let before = workers.total.load(Ordering::SeqCst);
        thread::sleep(Duration::from_micros(200));
        assert_eq!(workers.total.load(Ordering::SeqCst), before);
        gate.open();
        workers.wait_for_rounds();
    }
    workers.end();
    gate.open();
    assert!(!gate.is_open() && !gate.wait(0, &mut 0));
}

#[test]
fn threads_that_have_exited_are_not_waited_for() {
    let gate: PauseGate<()> = PauseGate::closed(2);
    gate.exit(0);
    gate.exit(1);
    gate.close(|| panic!("no thread to kick"));
    gate.end(|| panic!("no thread to kick"));
}

/// A signal just before `KVM_RUN` has no effect: the guest here ignores the first two.
#[test]
fn kicks_are_repeated_until_threads_are_outside() {
    let gate = Arc::new(PauseGate::closed(1));
    let kicks = Arc::new(AtomicU64::new(0));
    let inside = Arc::new(AtomicU64::new(0));
    let thread = {
        let (gate, kicks, inside) = (gate.clone(), kicks.clone(), inside.clone());
        thread::spawn(move || {
            while gate.wait(0, &mut ()) {
                inside.store(1, Ordering::SeqCst);
                while kicks.load(Ordering::SeqCst) < 3 {
                    thread::yield_now();
                }
            }
            gate.exit(0);
        })
    };
    gate.open();
    while inside.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    let kick = || {
        kicks.fetch_add(1, Ordering::SeqCst);
    };
    gate.close(kick);
    assert!(kicks.load(Ordering::SeqCst) >= 3);
    assert_eq!(gate.request(0, |()| 7), Ok(7));
    gate.end(kick);
    thread.join().unwrap();
}

#[test]
fn waiting_threads_answer_with_what_is_theirs() {
    let workers = Workers::start(3);
    // The threads may still be on their way to the gate.
    for index in 0..3 {
        assert_eq!(workers.gate.request(index, |rounds| *rounds), Ok(0));
    }
    workers.gate.open();
    workers.wait_for_rounds();
    workers.gate.close(|| {});
    let here = thread::current().id();
    for (index, thread) in workers.threads.iter().enumerate() {
        let set_to = 1_000_000 * (index as u64 + 1);
        let answered_on = workers.gate.request(index, move |rounds| {
            *rounds = set_to;
            thread::current().id()
        });
        assert_eq!(answered_on, Ok(thread.thread().id()));
        assert_ne!(answered_on, Ok(here));
    }
    assert_eq!(workers.end(), [1_000_000, 2_000_000, 3_000_000]);
}

#[test]
fn requests_that_cannot_be_answered_are_errors() {
    let workers = Workers::start(1);
    let gate = Arc::clone(&workers.gate);
    let vcpu = 1;
    let missing = gate.request(vcpu, |_| panic!("not to run"));
    assert_eq!(missing, Err::<(), _>(RequestError::NoSuchVcpu { vcpu }));
    let vcpu = 0;
    gate.open();
    for _ in 0..1000 {
        let running = gate.request(vcpu, |_| panic!("not to run"));
        assert_eq!(running, Err::<(), _>(RequestError::NotPaused { vcpu }));
    }
    workers.end();
    let ended = gate.request(vcpu, |_| panic!("not to run"));
    assert_eq!(ended, Err::<(), _>(RequestError::Ended { vcpu }));
}

#[test]
fn request_that_panics_is_an_error_and_its_thread_goes_on() {
    let workers = Workers::start(1);
    let vcpu = 0;
    let panicked = workers
        .gate
        .request(vcpu, |_| panic!("as the test wants it"));
    assert_eq!(panicked, Err::<(), _>(RequestError::Panicked { vcpu }));
    assert_eq!(workers.gate.request(vcpu, |rounds| *rounds), Ok(0));
    workers.gate.open();
    workers.wait_for_rounds();
    workers.end();
}

#[test]
fn request_within_a_request_is_an_error() {
    let workers = Workers::start(2);
    for inner in [0, 1] {
        let gate = Arc::clone(&workers.gate);
        let nested = workers
            .gate
            .request(0, move |_| gate.request(inner, |_| ()));
        let expected = RequestError::FromVcpuThread { vcpu: inner };
        assert_eq!(nested, Ok(Err(expected)));
    }
    workers.end();
}

/// The second request waits behind the first when the gate opens, or ends.
#[test]
fn accepted_requests_are_answered_before_the_thread_leaves() {
    for end in [false, true] {
        let workers = Workers::start(1);
        let (started, runs) = mpsc::channel();
        let (go_on, blocked) = mpsc::channel::<()>();
        let request = |call: Box<dyn FnOnce(&mut u64) + Send>| {
            let gate = Arc::clone(&workers.gate);
            thread::spawn(move || gate.request(0, call))
        };
        let first = request(Box::new(move |_| {
            started.send(()).unwrap();
            blocked.recv().unwrap();
        }));
        runs.recv().unwrap();
        let second = request(Box::new(|rounds| assert_eq!(*rounds, 0)));
        while !matches!(
            workers.gate.state().threads.first(),
            Some(ThreadState::Waiting { requests, .. }) if requests.len() == 1
        ) {
            thread::yield_now();
        }
        if end {
            workers.gate.end(|| {});
        } else {
            workers.gate.open();
        }
        go_on.send(()).unwrap();
        assert_eq!(first.join().unwrap(), Ok(()));
        assert_eq!(second.join().unwrap(), Ok(()));
        workers.end();
    }
}

#[test]
fn requests_race_with_opening_and_closing() {
    let workers = Workers::start(2);
    let gate = Arc::clone(&workers.gate);
    let ran = Arc::new(AtomicU64::new(0));
    let askers: Vec<_> = (0..2)
        .map(|index| {
            let (gate, ran) = (Arc::clone(&gate), Arc::clone(&ran));
            thread::spawn(move || {
                let mut answered = 0;
                loop {
                    let ran = Arc::clone(&ran);
                    match gate.request(index, move |_| ran.fetch_add(1, Ordering::SeqCst)) {
                        Ok(_) => answered += 1,
                        Err(RequestError::NotPaused { .. }) => thread::yield_now(),
                        Err(error) => {
                            assert_eq!(error, RequestError::Ended { vcpu: index });
                            return answered;
                        }
                    }
                }
            })
        })
        .collect();
    let mut rounds = 0;
    while rounds < 300 || ran.load(Ordering::SeqCst) == 0 {
        gate.open();
        thread::yield_now();
        gate.close(|| {});
        rounds += 1;
    }
    workers.end();
    let answered: u64 = askers.into_iter().map(|asker| asker.join().unwrap()).sum();
    assert_eq!(answered, ran.load(Ordering::SeqCst));
}

#[test]
fn requests_to_all_run_at_once_and_answer_in_order() {
    let workers = Workers::start(3);
    let together = std::sync::Barrier::new(3);
    // Each waits for the others, which a request after the other could not.
    let numbers = workers.gate.request_all(move |index, rounds| {
        together.wait();
        (index, *rounds)
    });
    assert_eq!(numbers, Ok(vec![(0, 0), (1, 0), (2, 0)]));
    workers.gate.open();
    let open = workers.gate.request_all(|index, _| index);
    assert_eq!(open, Err(RequestError::NotPaused { vcpu: 0 }));
    workers.end();
}
