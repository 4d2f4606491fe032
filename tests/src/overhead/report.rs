//! What `cost` prints.

use super::trace::Counts;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Medians over the rounds, in microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(super) cpu: String,
    pub(super) rounds: u32,
    pub(super) library_us: f64,
    /// The same ioctls, and the same files, by hand.
    pub(super) raw_us: f64,
    pub(super) ratio: f64,
    /// As if by hand no file were read.
    pub(super) ratio_to_ioctls: f64,
    pub(super) phases: Phases,
    /// Counted by the kernel; nothing where tracefs is not mounted or not the caller's.
    pub(super) ioctls: Option<Ioctls>,
}

#[derive(Debug, Serialize)]
pub(super) struct Phases {
    /// With the files of `/sys` and `/proc` that tell of the machine.
    probe: Phase,
    /// What of that is files by hand.
    raw_files_us: f64,
    plan: Phase,
    /// Making the VM that gets the plan.
    make: Phase,
    apply: Phase,
}

#[derive(Debug, Serialize)]
struct Phase {
    library_us: f64,
    /// Nothing for what takes no ioctl.
    raw_us: Option<f64>,
}

/// How many ioctls a round takes.
#[derive(Debug, Serialize)]
pub(super) struct Ioctls {
    library: u64,
    minimum: u64,
    per_step: BTreeMap<String, Pair>,
}

#[derive(Debug, Default, Serialize)]
struct Pair {
    library: u64,
    minimum: u64,
}

impl Phases {
    pub(super) fn new(library: [Duration; 4], raw: [Duration; 4]) -> Self {
        let phase = |library, raw: Option<Duration>| Phase {
            library_us: micros(library),
            raw_us: raw.map(micros),
        };
        let [probe, plan, make, apply] = library;
        let [raw_ioctls, raw_files, raw_make, raw_apply] = raw;
        Self {
            probe: phase(probe, Some(raw_ioctls + raw_files)),
            raw_files_us: micros(raw_files),
            plan: phase(plan, None),
            make: phase(make, Some(raw_make)),
            apply: phase(apply, Some(raw_apply)),
        }
    }
}

impl Ioctls {
    pub(super) fn new(library: &Counts, minimum: &Counts) -> Self {
        let mut per_step: BTreeMap<String, Pair> = BTreeMap::new();
        for (name, count) in library {
            per_step.entry(name.clone()).or_default().library = *count;
        }
        for (name, count) in minimum {
            per_step.entry(name.clone()).or_default().minimum = *count;
        }
        Self {
            library: library.values().sum(),
            minimum: minimum.values().sum(),
            per_step,
        }
    }
}

/// Microseconds with one decimal.
pub(super) fn micros(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e7).round() / 10.0
}

/// With three decimals.
pub(super) fn ratio(library: Duration, raw: Duration) -> f64 {
    (library.as_secs_f64() / raw.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Shows a line for the whole, one for each phase, and the ioctls.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cpu,
            rounds,
            library_us,
            raw_us,
            ratio,
            ratio_to_ioctls,
            phases,
            ioctls,
        } = self;
        write!(
            f,
            "{cpu}, medians of {rounds} rounds\n\
             library {library_us} us, the same ioctls and files by hand {raw_us} us: {ratio} times\n\
             beside the ioctls alone: {ratio_to_ioctls} times; the files take {} us by hand",
            phases.raw_files_us
        )?;
        for (name, phase) in phases.named() {
            write!(f, "\n{name}: library {} us", phase.library_us)?;
            if let Some(raw) = phase.raw_us {
                write!(f, ", by hand {raw} us")?;
            }
        }
        match ioctls {
            Some(ioctls) => write!(f, "\n{ioctls}"),
            None => f.write_str(
                "\nioctls not counted: that needs root, and tracefs mounted on /sys/kernel/tracing",
            ),
        }
    }
}

impl Phases {
    fn named(&self) -> [(&'static str, &Phase); 4] {
        [
            ("probe", &self.probe),
            ("plan", &self.plan),
            ("make the VM", &self.make),
            ("apply", &self.apply),
        ]
    }
}

impl fmt::Display for Ioctls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ioctls: library {}, minimum {}",
            self.library, self.minimum
        )?;
        let mut steps = self.per_step.iter();
        steps.try_for_each(|(name, pair)| {
            write!(
                f,
                "\n  {name}: library {}, minimum {}",
                pair.library, pair.minimum
            )
        })
    }
}
