//! `migration-cost`: time and bytes of live migrations between two processes of one host, of the
//! demo VMM and of QEMU, beside `memcpy` and a bare socket.

mod bare;
mod error;
mod guest;
mod report;
mod vmm;

pub use self::error::MigrationCostError;
pub use self::report::MigrationCostReport;

use self::bare::bare;
use self::guest::Guest;
use self::report::{Row, Times};
use self::vmm::{Transport, Vmm};
use crate::cost::CostOptions;
use std::error::Error;
use std::path::PathBuf;
use vmm_demo::output;

/// The guests to measure.
#[derive(Clone, Debug)]
pub struct Guests {
    /// The memory that each guest has touched, in MiB.
    pub touched_mib: u32,
    /// The memory of each guest, and the number of rounds.
    pub options: CostOptions,
    /// The number of the demo VMM's connections for memory.
    pub channels: u32,
    /// The path of QEMU on the host.
    pub qemu: PathBuf,
}

/// A guest's writes while it migrates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// 256 KiB in ten seconds.
    Idle,
    /// 256 KiB in a fifth of a second.
    Slow,
}

impl Load {
    pub(crate) const ALL: [Self; 2] = [Self::Idle, Self::Slow];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Slow => "rewrites slowly",
        }
    }

    /// The rest between writes in milliseconds.
    const fn rest_ms(self) -> u32 {
        match self {
            Self::Idle => 10_000,
            Self::Slow => 200,
        }
    }
}

/// Boots a guest of each VMM, and moves it from process to process.
///
/// # Errors
///
/// [`MigrationCostError`].
pub fn measure(guests: &Guests) -> Result<MigrationCostReport, MigrationCostError> {
    let mut rows = Vec::new();
    let mut without_peer = None;
    for vmm in Vmm::ALL {
        if vmm == Vmm::Qemu && !guests.qemu.exists() {
            let path = guests.qemu.display();
            without_peer = Some(format!("no QEMU at {path}: bring one with --overlay"));
            continue;
        }
        output::note(&format!("a guest of {}", vmm.name()));
        match rows_of(guests, vmm) {
            Ok(measured) => rows.extend(measured),
            Err(error) if vmm == Vmm::Qemu => without_peer = Some(not_measured(&error)),
            Err(error) => return Err(error),
        }
    }
    Ok(MigrationCostReport {
        touched_mib: guests.touched_mib,
        memory_mib: guests.options.memory_mib,
        rounds: guests.options.rounds,
        channels: guests.channels,
        rows,
        without_peer,
    })
}

fn rows_of(guests: &Guests, vmm: Vmm) -> Result<Vec<Row>, MigrationCostError> {
    let mut guest = Guest::boot(guests, vmm)?;
    let mut rows = Vec::new();
    for load in Load::ALL {
        guest.rest(load.rest_ms())?;
        let mut rounds = Transport::ALL.map(|transport| (transport, Vec::new()));
        for _round in 0..guests.options.rounds {
            for (transport, times) in &mut rounds {
                let (next, moved) = guest.migrate(guests, *transport)?;
                guest = next;
                let bare = bare(guests.touched_mib, *transport)?;
                times.push(Times { moved, bare });
            }
        }
        let rounds = rounds.iter();
        rows.extend(
            rounds.map(|(transport, times)| {
                Row::new(vmm, load, *transport, guests.touched_mib, times)
            }),
        );
    }
    guest.quit()?;
    Ok(rows)
}

/// The reason why QEMU was not measured: an error and its causes on one line.
fn not_measured(error: &dyn Error) -> String {
    let mut text = "QEMU was not measured".to_owned();
    let mut cause = Some(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
