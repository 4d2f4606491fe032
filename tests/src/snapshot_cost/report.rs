//! The report of `snapshot-cost`.

use super::contents::BareTimes;
use super::guest::Started;
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

    /// The name and the times of the bare work on the same bytes, for a save and a restore.
    const fn bare(self, bare: &BareMedians) -> (&'static str, f64, f64) {
        match self {
            Self::Raw | Self::Lazy => ("memcpy", bare.memcpy, bare.memcpy),
            Self::Zstd => ("zstd", bare.zstd, bare.unzstd),
        }
    }
}

/// Sizes and times of snapshots by the memory that a guest has touched. Times are medians over the
/// rounds, in milliseconds.
#[derive(Debug, Serialize)]
pub struct CostReport {
    /// The memory of each guest in MiB.
    pub(super) memory_mib: u32,
    pub(super) rounds: u32,
    pub(super) guests: Vec<GuestCost>,
}

#[derive(Debug, Serialize)]
pub(super) struct GuestCost {
    /// The memory that the guest rewrites in MiB.
    touched_mib: u32,
    /// The pages that are not zeros, in bytes.
    contents: usize,
    bare_ms: BareMedians,
    forms: Vec<FormCost>,
}

/// Times without a guest, on one thread, in milliseconds.
#[derive(Debug, Serialize)]
struct BareMedians {
    memcpy: f64,
    zstd: f64,
    unzstd: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct FormCost {
    form: Form,
    /// The size on the disk in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<u64>,
    /// The time in which the guest does not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    save_ms: Option<f64>,
    /// The time from the start of the process to the guest's first instruction.
    first_instruction_ms: f64,
    /// The time from the start of the process to the guest's answer to a line.
    first_answer_ms: f64,
}

impl FormCost {
    pub(super) fn new(
        form: Form,
        disk: Option<u64>,
        saves: &[Duration],
        restores: &[Started],
    ) -> Self {
        let saves = saves.iter().copied();
        Self {
            form,
            disk,
            save_ms: form.saved_as().map(|_| median_ms(saves)),
            first_instruction_ms: median_ms(restores.iter().map(|times| times.first_instruction)),
            first_answer_ms: median_ms(restores.iter().map(|times| times.first_answer)),
        }
    }
}

impl GuestCost {
    pub(super) fn new(
        touched_mib: u32,
        contents: usize,
        bare: &[BareTimes],
        forms: Vec<FormCost>,
    ) -> Self {
        Self {
            touched_mib,
            contents,
            bare_ms: BareMedians {
                memcpy: median_ms(bare.iter().map(|times| times.copy)),
                zstd: median_ms(bare.iter().map(|times| times.compress)),
                unzstd: median_ms(bare.iter().map(|times| times.decompress)),
            },
            forms,
        }
    }
}

/// The median in milliseconds with one decimal; 0 without times.
fn median_ms(times: impl Iterator<Item = Duration>) -> f64 {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    (median.as_secs_f64() * 1e4).round() / 10.0
}

/// Bytes in MiB with one decimal.
fn mib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// Shows a table for each guest.
impl fmt::Display for CostReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            memory_mib,
            rounds,
            guests,
        } = self;
        write!(
            f,
            "guests of {memory_mib} MiB, medians of {rounds} rounds; ratios are to memcpy or to \
             zstd on one thread, of the same bytes"
        )?;
        guests.iter().try_for_each(|guest| write!(f, "\n\n{guest}"))
    }
}

impl fmt::Display for GuestCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = &self.bare_ms;
        writeln!(
            f,
            "{} MiB touched, {} not zeros: memcpy {} ms, zstd {} ms and back {} ms",
            self.touched_mib,
            mib(self.contents as u64),
            bare.memcpy,
            bare.zstd,
            bare.unzstd
        )?;
        let headings = [
            "form",
            "on disk",
            "save",
            "ratio",
            "first instruction",
            "ratio",
            "first answer",
        ];
        let mut table = table::new(&headings);
        for cost in &self.forms {
            let (name, save, restore) = cost.form.bare(bare);
            let milliseconds = |time: f64| format!("{time} ms");
            let ratio = |time: f64, base: f64| format!("{:.1} {name}", time / base);
            table.add_row([
                cost.form.name().to_owned(),
                cost.disk.map(mib).unwrap_or_default(),
                cost.save_ms.map(milliseconds).unwrap_or_default(),
                { cost.save_ms }.map_or_else(String::new, |time| ratio(time, save)),
                milliseconds(cost.first_instruction_ms),
                ratio(cost.first_instruction_ms, restore),
                milliseconds(cost.first_answer_ms),
            ]);
        }
        f.write_str(&table::show(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_stands_beside_its_ratio_to_the_bare_work() {
        let times = [30, 10, 20].map(Duration::from_millis);
        let bare = times.map(|copy| BareTimes {
            copy,
            compress: 10 * copy,
            decompress: 5 * copy,
        });
        let started = times.map(|time| Started {
            first_instruction: 4 * time,
            first_answer: 5 * time,
        });
        let forms = Form::ALL.map(|form| {
            let disk = form.saved_as().map(|_| 3 << 19);
            FormCost::new(form, disk, &times.map(|time| 3 * time), &started)
        });
        let report = CostReport {
            memory_mib: 192,
            rounds: 3,
            guests: vec![GuestCost::new(1, 3 << 19, &bare, forms.into())],
        };
        let expected = "\
guests of 192 MiB, medians of 3 rounds; ratios are to memcpy or to zstd on one thread, of the same \
bytes

1 MiB touched, 1.5 MiB not zeros: memcpy 20 ms, zstd 200 ms and back 100 ms
FORM  ON DISK  SAVE   RATIO       FIRST INSTRUCTION  RATIO       FIRST ANSWER
raw   1.5 MiB  60 ms  3.0 memcpy  80 ms              4.0 memcpy  100 ms
zstd  1.5 MiB  60 ms  0.3 zstd    80 ms              0.8 zstd    100 ms
lazy                              80 ms              4.0 memcpy  100 ms";
        assert_eq!(report.to_string(), expected);
    }
}
