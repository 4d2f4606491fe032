//! `snapshot-cost`: the size of a guest's snapshots and the time to save and restore it, beside
//! `memcpy` and zstd of the same bytes.

mod contents;
mod error;
mod guest;
mod report;
mod save;

pub use self::error::SnapshotCostError;
pub use self::report::SnapshotCostReport;

use self::contents::Contents;
use self::guest::{boot, restore, upgrade};
use self::report::{Beside, Form, FormCost, GuestCost, Rounds};
use self::save::save;
use crate::cost::CostOptions;
use serde_json::json;
use std::fs;
use std::os::unix::fs::MetadataExt;
use vmm_demo::output;

/// The unit of a file's blocks in bytes (Linux, `struct stat`, `st_blocks`).
const BLOCK: u64 = 512;

/// The guests to measure.
#[derive(Clone, Debug)]
pub struct Guests {
    /// The memory that each guest rewrites, in MiB.
    pub touched_mib: Vec<u32>,
    /// The memory of each guest, and the number of rounds.
    pub options: CostOptions,
}

/// Boots the guests one after the other, saves and restores each, and measures the same bytes
/// without a guest.
///
/// # Errors
///
/// [`SnapshotCostError`].
pub fn measure(guests: &Guests) -> Result<SnapshotCostReport, SnapshotCostError> {
    let mut costs = Vec::new();
    for touched in &guests.touched_mib {
        output::note(&format!("a guest that rewrites {touched} MiB"));
        costs.push(guest_cost(guests.options, *touched)?);
    }
    Ok(SnapshotCostReport {
        memory_mib: guests.options.memory_mib,
        rounds: guests.options.rounds,
        guests: costs,
    })
}

fn guest_cost(options: CostOptions, touched_mib: u32) -> Result<GuestCost, SnapshotCostError> {
    let mut rounds = Form::ALL.map(|form| (form, Rounds::default()));
    let mut guest = boot(options.memory_mib, touched_mib)?;
    let mut pauses = Vec::new();
    for _round in 0..options.rounds {
        let (next, pause) = upgrade(guest)?;
        guest = next;
        pauses.push(pause);
    }
    let mut contents = None;
    for _round in 0..options.rounds {
        let mut saves = Vec::new();
        for (form, rounds) in &mut rounds {
            if let Some(encoding) = form.saved_as() {
                saves.push((
                    form.bare(),
                    save(&guest, form.file(), encoding)?,
                    &mut rounds.saves,
                ));
            }
        }
        // The guest must not take the time of the bare work.
        guest.monitor()?.execute("stop", &json!({}))?;
        let contents = match &contents {
            Some(contents) => contents,
            None => contents.insert(Contents::of(Form::Raw.file())?),
        };
        let bare = contents.save();
        guest.monitor()?.execute("cont", &json!({}))?;
        for (kind, time, saves) in saves {
            saves.push(Beside {
                time,
                bare: bare.of(kind),
            });
        }
    }
    guest.quit()?;
    let contents = contents.ok_or(SnapshotCostError::NoRounds)?;
    for _round in 0..options.rounds {
        let bare = contents.restore()?;
        for (form, rounds) in &mut rounds {
            let started = restore(form.file(), form.options())?;
            rounds.first_instructions.push(Beside {
                time: started.first_instruction,
                bare: bare.of(form.bare()),
            });
            rounds.first_answers.push(started.first_answer);
        }
    }
    let forms = rounds.into_iter().map(|(form, rounds)| {
        let file = form.saved_as().map(|_| fs::metadata(form.file()));
        let file = file
            .transpose()
            .map_err(SnapshotCostError::file(form.file()))?;
        Ok(FormCost::new(
            form,
            file.map(|file| BLOCK * file.blocks()),
            &rounds,
        ))
    });
    Ok(GuestCost {
        touched_mib,
        contents: contents.size(),
        upgrade_pause_ms: report::median_of(&pauses),
        forms: forms.collect::<Result<_, SnapshotCostError>>()?,
    })
}
