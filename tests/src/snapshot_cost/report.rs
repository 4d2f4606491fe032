//! The report of `snapshot-cost`.

use super::contents::BareWork;
use crate::cost::figures::{median, milliseconds};
use serde::Serialize;
use std::fmt;
use std::time::Duration;
use vmm_demo::output::table;
use vmm_demo::snapshot::memory::MemoryEncoding;

/// A form in which a guest is saved or restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Form {
    /// An image, read and checked.
    Raw,
    /// Compressed chunks.
    Zstd,
    /// The same image as `Raw`, mapped.
    Lazy,
}

impl Form {
    pub(super) const ALL: [Self; 3] = [Self::Raw, Self::Zstd, Self::Lazy];

    /// The encoding of a save, or `None` if another form saves the file.
    pub(super) const fn saved_as(self) -> Option<MemoryEncoding> {
        match self {
            Self::Raw => Some(MemoryEncoding::Raw),
            Self::Zstd => Some(MemoryEncoding::Zstd),
            Self::Lazy => None,
        }
    }

    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Raw | Self::Lazy => "raw.snapshot",
            Self::Zstd => "zstd.snapshot",
        }
    }

    /// Options of `restore`.
    pub(super) const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Raw | Self::Zstd => &[],
            Self::Lazy => &["--lazy"],
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Zstd => "zstd",
            Self::Lazy => "lazy",
        }
    }

    /// The bare work on the same bytes.
    pub(super) const fn bare(self) -> BareWork {
        match self {
            Self::Raw | Self::Lazy => BareWork::Memcpy,
            Self::Zstd => BareWork::Zstd,
        }
    }
}

/// A time, and that of the bare work in the same round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside {
    pub(super) time: Duration,
    pub(super) bare: Duration,
}

/// The times of the rounds of one form.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    pub(super) saves: Vec<Beside>,
    pub(super) first_instructions: Vec<Beside>,
    pub(super) first_answers: Vec<Duration>,
}

/// Sizes and times of snapshots by the memory that a guest has touched. Times are medians over the
/// rounds, in milliseconds.
#[derive(Debug, Serialize)]
pub struct SnapshotCostReport {
    /// The memory of each guest in MiB.
    pub(super) memory_mib: u32,
    pub(super) rounds: u32,
    pub(super) guests: Vec<GuestCost>,
}

#[derive(Debug, Serialize)]
pub(super) struct GuestCost {
    /// The memory that the guest rewrites in MiB.
    pub(super) touched_mib: u32,
    /// The pages that are not zeros, in bytes.
    pub(super) contents: usize,
    /// The time in which the guest did not run while another process took it over.
    pub(super) upgrade_pause_ms: f64,
    pub(super) forms: Vec<FormCost>,
}

#[derive(Debug, Serialize)]
pub(super) struct FormCost {
    form: Form,
    /// The size on the disk in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<u64>,
    /// The time in which the guest does not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    save: Option<Compared>,
    /// The time from the start of the process to the guest's first instruction.
    first_instruction: Compared,
    /// The time from the start of the process to the guest's answer to a line.
    first_answer_ms: f64,
}

/// A time beside that of the bare work; the ratio is the median of those of the rounds.
#[derive(Clone, Copy, Debug, Serialize)]
struct Compared {
    ms: f64,
    bare_ms: f64,
    ratio: f64,
}

impl FormCost {
    pub(super) fn new(form: Form, disk: Option<u64>, rounds: &Rounds) -> Self {
        Self {
            form,
            disk,
            save: form.saved_as().map(|_| Compared::new(&rounds.saves)),
            first_instruction: Compared::new(&rounds.first_instructions),
            first_answer_ms: median_of(&rounds.first_answers),
        }
    }
}

impl Compared {
    fn new(rounds: &[Beside]) -> Self {
        let ratio = |round: &Beside| round.time.as_secs_f64() / round.bare.as_secs_f64();
        Self {
            ms: tenths(rounds.iter().map(|round| milliseconds(round.time))),
            bare_ms: tenths(rounds.iter().map(|round| milliseconds(round.bare))),
            ratio: tenths(rounds.iter().map(ratio)),
        }
    }
}

/// The median in milliseconds.
pub(super) fn median_of(times: &[Duration]) -> f64 {
    tenths(times.iter().map(|time| milliseconds(*time)))
}

/// The median with one decimal.
fn tenths(values: impl Iterator<Item = f64>) -> f64 {
    median(values, 10.0)
}

/// Bytes in MiB with one decimal.
fn mib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// Shows a table for each guest.
impl fmt::Display for SnapshotCostReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            memory_mib,
            rounds,
            guests,
        } = self;
        write!(
            f,
            "guests of {memory_mib} MiB, medians of {rounds} rounds; bare: the same bytes by \
             memcpy, or by zstd on one thread"
        )?;
        guests.iter().try_for_each(|guest| write!(f, "\n\n{guest}"))
    }
}

impl fmt::Display for GuestCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (touched, contents) = (self.touched_mib, mib(self.contents as u64));
        let pause = self.upgrade_pause_ms;
        writeln!(
            f,
            "{touched} MiB touched, {contents} not zeros; pause of a local upgrade: {pause} ms"
        )?;
        let mut table = table::new(&[
            "form",
            "on disk",
            "save",
            "bare",
            "ratio",
            "first instruction",
            "bare",
            "ratio",
            "first answer",
        ]);
        for cost in &self.forms {
            let bare = cost.form.bare().name();
            let cells = |compared: Option<Compared>| match compared {
                Some(Compared { ms, bare_ms, ratio }) => [
                    format!("{ms} ms"),
                    format!("{bare} {bare_ms} ms"),
                    format!("{ratio}"),
                ],
                None => Default::default(),
            };
            let mut row = vec![cost.form.name().to_owned()];
            row.push(cost.disk.map(mib).unwrap_or_default());
            row.extend(cells(cost.save));
            row.extend(cells(Some(cost.first_instruction)));
            row.push(format!("{} ms", cost.first_answer_ms));
            table.add_row(row);
        }
        f.write_str(&table::show(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_stands_beside_the_bare_work_of_its_round() {
        // The last round is slow, in both.
        let times = [20, 10, 90].map(Duration::from_millis);
        let beside = |factor| {
            times.map(|bare| Beside {
                time: factor * bare,
                bare,
            })
        };
        let forms = Form::ALL.map(|form| {
            let rounds = Rounds {
                saves: beside(3).into(),
                first_instructions: beside(4).into(),
                first_answers: times.into(),
            };
            FormCost::new(form, form.saved_as().map(|_| 3 << 19), &rounds)
        });
        let report = SnapshotCostReport {
            memory_mib: 192,
            rounds: 3,
            guests: vec![GuestCost {
                touched_mib: 1,
                contents: 3 << 19,
                upgrade_pause_ms: median_of(&times),
                forms: forms.into(),
            }],
        };
        let expected = "\
guests of 192 MiB, medians of 3 rounds; bare: the same bytes by memcpy, or by zstd on one thread

1 MiB touched, 1.5 MiB not zeros; pause of a local upgrade: 20 ms
FORM  ON DISK  SAVE   BARE          RATIO  FIRST INSTRUCTION  BARE          RATIO  FIRST ANSWER
raw   1.5 MiB  60 ms  memcpy 20 ms  3      80 ms              memcpy 20 ms  4      20 ms
zstd  1.5 MiB  60 ms  zstd 20 ms    3      80 ms              zstd 20 ms    4      20 ms
lazy                                       80 ms              memcpy 20 ms  4      20 ms";
        assert_eq!(report.to_string(), expected);
    }
}
