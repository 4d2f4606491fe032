//! Interrupts of the architected timer, as the kernel counts them.

use super::activity::Activity;
use super::fault::Fault;
use super::status::Counters;
use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

const INTERRUPTS: &str = "/proc/interrupts";

/// Name of the timer's interrupt (Linux 7.2, `drivers/clocksource/arm_arch_timer.c`).
const TIMER: &str = "arch_timer";

/// Time from one look to the next.
const INTERVAL: Duration = Duration::from_millis(100);

/// Number of looks in which the count of a CPU must grow. Looks count, not time, which a clock that
/// leaps makes longer.
const LOOKS: u32 = 50;

/// The CPUs to look at.
pub(super) type Watched = Arc<Mutex<BTreeMap<usize, Arc<Counters>>>>;

/// Looks at the counts.
pub(super) struct InterruptWatch {
    watched: Watched,
    last: BTreeMap<usize, Last>,
}

#[derive(Clone, Copy, Default)]
struct Last {
    count: u64,
    /// Number of looks since it grew.
    looks: u32,
}

impl InterruptWatch {
    pub(super) fn new(watched: Watched) -> Self {
        Self {
            watched,
            last: BTreeMap::new(),
        }
    }

    fn look(&mut self, counts: &BTreeMap<usize, u64>) -> Result<(), Fault> {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        self.last.retain(|cpu, _| watched.contains_key(cpu));
        for (&cpu, counters) in &*watched {
            let Some(&count) = counts.get(&cpu) else {
                continue;
            };
            let last = self.last.entry(cpu).or_insert(Last { count, looks: 0 });
            let growth = count.saturating_sub(last.count);
            counters.timer_interrupts(growth);
            let looks = if growth == 0 { last.looks + 1 } else { 0 };
            *last = Last { count, looks };
            if looks == LOOKS {
                return Err(Fault::NoInterrupts { cpu, looks });
            }
        }
        Ok(())
    }
}

impl Activity for InterruptWatch {
    fn step(&mut self) -> Result<(), Fault> {
        self.look(&counts()?)?;
        sleep(INTERVAL);
        Ok(())
    }
}

/// Number of the timer's interrupts, by CPU that is online.
pub(super) fn counts() -> Result<BTreeMap<usize, u64>, Fault> {
    let text = fs::read_to_string(INTERRUPTS).map_err(|source| Fault::File {
        path: INTERRUPTS.to_owned(),
        source,
    })?;
    parse(&text).ok_or_else(|| Fault::Missing {
        path: INTERRUPTS.to_owned(),
        what: "count of `arch_timer` for each CPU",
    })
}

/// The file has a column per CPU that is online, named in its first line.
fn parse(text: &str) -> Option<BTreeMap<usize, u64>> {
    let cpus = text.lines().next()?.split_whitespace();
    let cpus = cpus.map(|name| name.strip_prefix("CPU")?.parse().ok());
    let cpus: Vec<usize> = cpus.collect::<Option<_>>()?;
    let timer = text
        .lines()
        .find(|line| line.split_whitespace().next_back() == Some(TIMER))?;
    let counts = timer
        .split_whitespace()
        .skip(1)
        .map(|count| count.parse().ok());
    let counts: Vec<u64> = counts.take(cpus.len()).collect::<Option<_>>()?;
    (counts.len() == cpus.len()).then(|| cpus.into_iter().zip(counts).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
           CPU0       CPU2
 11:       2507       1384    GICv3  27 Level     arch_timer
 14:        196          0    GICv3  33 Edge      ttyS0
IPI0:       541        601       Rescheduling interrupts
";

    #[test]
    fn counts_are_those_of_the_timer_by_cpu() {
        assert_eq!(parse(FILE), Some(BTreeMap::from([(0, 2507), (2, 1384)])));
        assert_eq!(parse(&FILE.replace("arch_timer", "other")), None);
        assert_eq!(parse(&FILE.replace("1384 ", "")), None);
    }

    #[test]
    fn timer_that_stands_still_is_a_fault() {
        let counters: Arc<Counters> = Arc::default();
        let watched = Watched::default();
        let cpus = [(0, Arc::default()), (2, Arc::clone(&counters))];
        watched.lock().unwrap().extend(cpus);
        let mut watch = InterruptWatch::new(Arc::clone(&watched));
        let counts = |look: u64, other| BTreeMap::from([(0, look * 30), (2, other)]);
        for look in 1..LOOKS.into() {
            watch.look(&counts(look, 7)).unwrap();
        }
        watch.look(&counts(50, 57)).unwrap();
        assert_eq!(counters.status(2, 57).most_timer_interrupts, 50);
        for look in 51..100 {
            watch.look(&counts(look, 57)).unwrap();
        }
        let message = watch.look(&counts(100, 57)).unwrap_err().to_string();
        let expected = "the timer of CPU 2 raised no interrupt in 50 looks of 100 ms";
        assert_eq!(message, expected);
        // A CPU that is off is not looked at.
        watched.lock().unwrap().remove(&2);
        watch.look(&counts(101, 57)).unwrap();
    }
}
