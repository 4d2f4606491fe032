//! `snapshot-cost`: the size of a guest's snapshots and the time to save and restore it, beside
//! `memcpy` and zstd of the same bytes.

mod contents;
mod error;
mod guest;
mod report;
mod save;

pub use self::error::CostError;
pub use self::report::CostReport;

use self::contents::Contents;
use self::guest::{Guest, Started};
use self::report::{Form, FormCost, GuestCost};
use self::save::save;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;
use vmm_demo::output;

/// The unit of a file's blocks in bytes (Linux, `struct stat`, `st_blocks`).
const BLOCK: u64 = 512;

/// The guests to measure.
#[derive(Clone, Debug)]
pub struct Guests {
    /// The memory that each guest rewrites, in MiB.
    pub touched_mib: Vec<u32>,
    /// The memory of each guest, in MiB.
    pub memory_mib: u32,
    /// The number of rounds, whose medians are reported.
    pub rounds: u32,
}

/// The times of the rounds of one form.
#[derive(Debug, Default)]
struct Rounds {
    saves: Vec<Duration>,
    restores: Vec<Started>,
}

/// Boots the guests one after the other, saves and restores each, and measures the same bytes
/// without a guest.
///
/// # Errors
///
/// [`CostError`].
pub fn measure(guests: &Guests) -> Result<CostReport, CostError> {
    let mut costs = Vec::new();
    for touched in &guests.touched_mib {
        output::note(&format!("a guest that rewrites {touched} MiB"));
        costs.push(guest_cost(guests, *touched)?);
    }
    Ok(CostReport {
        memory_mib: guests.memory_mib,
        rounds: guests.rounds,
        guests: costs,
    })
}

fn guest_cost(guests: &Guests, touched_mib: u32) -> Result<GuestCost, CostError> {
    let mut rounds = Form::ALL.map(|form| (form, Rounds::default()));
    let guest = Guest::boot(guests.memory_mib, touched_mib)?;
    for _round in 0..guests.rounds {
        for (form, rounds) in &mut rounds {
            if let Some(encoding) = form.saved_as() {
                rounds.saves.push(save(form.file(), encoding)?);
            }
        }
    }
    guest.quit()?;
    let contents = Contents::of(Form::Raw.file())?;
    let mut bare = Vec::new();
    for _round in 0..guests.rounds {
        for (form, rounds) in &mut rounds {
            let started = Guest::restore(form.file(), form.options())?;
            rounds.restores.push(started);
        }
        bare.push(contents.measure()?);
    }
    let forms = rounds.into_iter().map(|(form, rounds)| {
        let blocks = form.saved_as().map(|_| fs::metadata(form.file()));
        let blocks = blocks.transpose().map_err(CostError::file(form.file()))?;
        let disk = blocks.map(|file| BLOCK * file.blocks());
        Ok(FormCost::new(form, disk, &rounds.saves, &rounds.restores))
    });
    let forms = forms.collect::<Result<_, CostError>>()?;
    Ok(GuestCost::new(touched_mib, contents.size(), &bare, forms))
}
