//! The report of `overhead`.

use super::trace::Counts;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Medians over the rounds, in microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct OverheadReport {
    pub(super) cpu: String,
    pub(super) rounds: u32,
    pub(super) library_us: f64,
    /// The same ioctls and files without the library.
    pub(super) raw_us: f64,
    pub(super) ratio: f64,
    /// The ratio to the bare ioctls alone, without files.
    pub(super) ratio_to_ioctls: f64,
    pub(super) phases: Phases,
    /// Counts of the kernel; `None` if tracefs is not mounted or its files belong to another user.
    pub(super) ioctls: Option<IoctlCounts>,
}

#[derive(Debug, Serialize)]
pub(super) struct Phases {
    /// Includes reading the files of `/sys` and `/proc` that describe the machine.
    probe: Phase,
    /// The part of `probe.raw_us` for files.
    raw_files_us: f64,
    plan: Phase,
    /// Creating the VM to which the plan is applied.
    make: Phase,
    apply: Phase,
}

#[derive(Debug, Serialize)]
struct Phase {
    library_us: f64,
    /// `None` for a phase without ioctls.
    raw_us: Option<f64>,
}

/// Counts of the ioctls of a round.
#[derive(Debug, Serialize)]
pub(super) struct IoctlCounts {
    library: u64,
    minimum: u64,
    per_step: BTreeMap<String, StepCounts>,
}

#[derive(Debug, Default, Serialize)]
struct StepCounts {
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

impl IoctlCounts {
    pub(super) fn new(library: &Counts, minimum: &Counts) -> Self {
        let mut per_step: BTreeMap<String, StepCounts> = BTreeMap::new();
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

/// Ratio with three decimals.
pub(super) fn ratio(library: Duration, raw: Duration) -> f64 {
    (library.as_secs_f64() / raw.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Shows the totals, a line for each phase, and the ioctls.
impl fmt::Display for OverheadReport {
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
             library {library_us} us, the same bare ioctls and files {raw_us} us: ratio {ratio}\n\
             ratio to the ioctls alone: {ratio_to_ioctls}; the bare reads of files take {} us",
            phases.raw_files_us
        )?;
        for (name, phase) in phases.named() {
            write!(f, "\n{name}: library {} us", phase.library_us)?;
            if let Some(raw) = phase.raw_us {
                write!(f, ", bare {raw} us")?;
            }
        }
        match ioctls {
            Some(ioctls) => write!(f, "\n{ioctls}"),
            None => f.write_str(
                "\nioctls not counted; required: root, and tracefs mounted on /sys/kernel/tracing",
            ),
        }
    }
}

impl Phases {
    fn named(&self) -> [(&'static str, &Phase); 4] {
        [
            ("probe", &self.probe),
            ("plan", &self.plan),
            ("create the VM", &self.make),
            ("apply", &self.apply),
        ]
    }
}

impl fmt::Display for IoctlCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ioctls: library {}, minimum {}",
            self.library, self.minimum
        )?;
        let mut steps = self.per_step.iter();
        steps.try_for_each(|(name, counts)| {
            write!(
                f,
                "\n  {name}: library {}, minimum {}",
                counts.library, counts.minimum
            )
        })
    }
}
