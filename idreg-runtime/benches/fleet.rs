//! The reduction of acceptance sets in memory, beside a plain sum of 64-bit words over as many
//! bytes.
//!
//! ```text
//! cargo bench -p idreg-runtime --bench fleet
//! ```
//!
//! The figures are those of the best rounds.

#![allow(
    clippy::cast_precision_loss,
    reason = "the figures are printed with two digits"
)]

use idreg_runtime::Host;
use idreg_runtime::fleet::AcceptanceSet;
use std::hint::black_box;
use std::time::Instant;

const FILES: [&str; 3] = [
    include_str!("../data/hosts/cortex-a57-latest.json"),
    include_str!("../data/hosts/max-latest.json"),
    include_str!("../data/hosts/neoverse-n1-latest.json"),
];
const SETS: usize = 20_000;
const ROUNDS: usize = 40;

fn main() {
    let hosts = FILES.map(|file| serde_json::from_str::<Host>(file).expect("a host file"));
    let kinds = hosts.map(|host| AcceptanceSet::new_guest(&host));
    let sets: Vec<AcceptanceSet> = kinds.iter().cycle().take(SETS).cloned().collect();
    let bytes: usize = sets.iter().map(AcceptanceSet::size).sum();
    let words: Vec<u64> = (0..bytes as u64 / 8).collect();
    let (mut reduction, mut sum) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        reduction = reduction.min(seconds(|| {
            let mut sets = black_box(&sets).iter();
            let mut common = sets.next().cloned();
            for set in sets {
                if let Some(common) = &mut common {
                    common.intersect(set);
                }
            }
            black_box(&common);
        }));
        sum = sum.min(seconds(|| {
            let words = black_box(&words).iter();
            black_box(words.fold(0_u64, |sum, word| sum.wrapping_add(*word)));
        }));
    }
    let bandwidth = |seconds: f64| bytes as f64 / seconds / 1e9;
    println!(
        "{SETS} sets of {} bytes: reduction {:.1} GB/s, sum of 64-bit words {:.1} GB/s, ratio \
         {:.2} (goal: at least 0.5)",
        bytes / SETS,
        bandwidth(reduction),
        bandwidth(sum),
        bandwidth(reduction) / bandwidth(sum),
    );
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}
