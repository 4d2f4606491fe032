//! The report of `migration-cost`.

use super::Load;
use super::bare::BareTimes;
use super::guest::Moved;
use super::vmm::{Transport, Vmm};
use crate::cost::figures::{median, milliseconds};
use serde::Serialize;
use std::fmt;
use vmm_demo::output::table;

/// A migration and the bare work of one round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) moved: Moved,
    pub(super) bare: BareTimes,
}

/// Times and bytes of migrations. Figures are medians over the rounds, times in milliseconds.
#[derive(Debug, Serialize)]
pub struct MigrationCostReport {
    /// The memory that each guest has touched in MiB.
    pub(super) touched_mib: u32,
    /// The memory of each guest in MiB.
    pub(super) memory_mib: u32,
    pub(super) rounds: u32,
    /// The number of the demo VMM's connections for memory.
    pub(super) channels: u32,
    pub(super) rows: Vec<Row>,
    /// The reason why QEMU was not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) without_peer: Option<String>,
}

/// A VMM's migrations of one guest through one kind of socket.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    vmm: &'static str,
    guest: &'static str,
    socket: &'static str,
    /// The time in which the guest said nothing on its console.
    silence_ms: f64,
    /// The time from the source's STOP to the destination's RESUME.
    downtime_ms: f64,
    /// The downtime by the VMM's own report: QEMU's ends when the source has sent its state.
    reported_ms: f64,
    total_ms: f64,
    /// `memcpy` of the touched memory.
    memcpy_ms: f64,
    /// `memcpy` of the touched memory, and the copy sent through such a socket.
    bare_ms: f64,
    /// The total time divided by `bare_ms`, in each round.
    ratio: f64,
    /// Bytes on the wire for each touched byte.
    bytes_per_touched: f64,
    /// The rate of the bytes on the wire during the whole migration, divided by the rate of the
    /// bare work, in each round.
    path: f64,
}

impl Row {
    pub(super) fn new(
        vmm: Vmm,
        load: Load,
        transport: Transport,
        touched_mib: u32,
        rounds: &[Times],
    ) -> Self {
        let touched = f64::from(touched_mib) * f64::from(1 << 20);
        let of = |figure: &dyn Fn(&Times) -> f64| hundredths(rounds.iter().map(figure));
        let transferred = rounds.iter().map(|round| round.moved.transferred);
        Self {
            vmm: vmm.name(),
            guest: load.name(),
            socket: transport.name(),
            silence_ms: of(&|round| milliseconds(round.moved.silence)),
            downtime_ms: of(&|round| milliseconds(round.moved.downtime)),
            reported_ms: of(&|round| milliseconds(round.moved.reported)),
            total_ms: of(&|round| milliseconds(round.moved.total)),
            memcpy_ms: of(&|round| milliseconds(round.bare.copy)),
            bare_ms: of(&|round| milliseconds(round.bare.total)),
            ratio: of(&|round| round.moved.total.as_secs_f64() / round.bare.total.as_secs_f64()),
            bytes_per_touched: hundredths(transferred.map(|bytes| as_float(bytes) / touched)),
            path: of(&|round| {
                let rate = as_float(round.moved.transferred) / round.moved.total.as_secs_f64();
                rate / (touched / round.bare.total.as_secs_f64())
            }),
        }
    }
}

/// Bytes as a floating-point number; below 4 PiB exact to a MiB.
fn as_float(bytes: u64) -> f64 {
    let mib = u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
    let rest = u32::try_from(bytes & ((1 << 20) - 1)).unwrap_or_default();
    f64::from(mib) * f64::from(1 << 20) + f64::from(rest)
}

/// The median with two decimals.
fn hundredths(values: impl Iterator<Item = f64>) -> f64 {
    median(values, 100.0)
}

impl fmt::Display for MigrationCostReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "guests of {} MiB that have touched {} MiB, medians of {} rounds, connections of \
             vmm-demo: {}; bare: memcpy of the touched memory, and a socket",
            self.memory_mib, self.touched_mib, self.rounds, self.channels
        )?;
        let mut table = table::new(&[
            "vmm",
            "guest",
            "socket",
            "silence",
            "downtime",
            "reported",
            "total",
            "memcpy",
            "bare",
            "ratio",
            "bytes/touched",
            "path",
        ]);
        for row in &self.rows {
            table.add_row(vec![
                row.vmm.to_owned(),
                row.guest.to_owned(),
                row.socket.to_owned(),
                format!("{} ms", row.silence_ms),
                format!("{} ms", row.downtime_ms),
                format!("{} ms", row.reported_ms),
                format!("{} ms", row.total_ms),
                format!("{} ms", row.memcpy_ms),
                format!("{} ms", row.bare_ms),
                row.ratio.to_string(),
                row.bytes_per_touched.to_string(),
                row.path.to_string(),
            ]);
        }
        f.write_str(&table::show(table))?;
        match &self.without_peer {
            Some(reason) => write!(f, "\n{reason}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn figures_are_medians_beside_the_bare_work_of_their_rounds() {
        let rounds = [10, 30, 20].map(|ms| Times {
            moved: Moved {
                silence: Duration::from_millis(ms + 4),
                downtime: Duration::from_millis(ms),
                reported: Duration::from_millis(ms - 1),
                total: Duration::from_millis(40 * ms),
                transferred: 6 << 20,
            },
            bare: BareTimes {
                total: Duration::from_millis(10 * ms),
                copy: Duration::from_millis(ms),
            },
        });
        let report = MigrationCostReport {
            touched_mib: 4,
            memory_mib: 192,
            rounds: 3,
            channels: 1,
            rows: vec![Row::new(Vmm::Own, Load::Idle, Transport::Tcp, 4, &rounds)],
            without_peer: Some("no QEMU at /none: bring one with --overlay".to_owned()),
        };
        let expected = "\
guests of 192 MiB that have touched 4 MiB, medians of 3 rounds, connections of vmm-demo: 1; \
bare: memcpy of the touched memory, and a socket
VMM       GUEST  SOCKET  SILENCE  DOWNTIME  REPORTED  TOTAL   MEMCPY  BARE    \
RATIO  BYTES/TOUCHED  PATH
vmm-demo  idle   tcp     24 ms    20 ms     19 ms     800 ms  20 ms   200 ms  \
4      1.5            0.38
no QEMU at /none: bring one with --overlay";
        assert_eq!(report.to_string(), expected);
    }
}
