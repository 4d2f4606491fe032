//! Finding a property by name, compared with a perfect hash map of the same names.
//!
//! ```text
//! cargo bench -p idreg-runtime --bench property
//! ```
//!
//! Each round looks up every property of this project's registers once, out of order, first in the
//! description and then in the map. The figures are those of the best rounds.

use idreg_runtime::description::RegisterField;
use idreg_runtime::regs::DESCRIPTION;
use phf_generator::HashState;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 20_000;

type Map = phf::Map<&'static str, RegisterField>;

fn main() {
    let properties: Vec<(String, RegisterField)> = DESCRIPTION
        .fields()
        .map(|field| (field.to_string(), field))
        .collect();
    let map = perfect_hash(&properties);
    let names = out_of_order(&properties);
    for (name, field) in &properties {
        let found = (DESCRIPTION.property(name), map.get(name.as_str()));
        assert_eq!(found, (Some(*field), Some(field)));
    }
    let (mut ours, mut maps) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        ours = ours.min(nanoseconds(&names, |name| DESCRIPTION.property(name)));
        maps = maps.min(nanoseconds(&names, |name| map.get(name).copied()));
    }
    println!(
        "{} properties: {ours:.1} ns each; phf {maps:.1} ns; ratio {:.2} (goal: under 50 ns, or at \
         most 1.5)",
        names.len(),
        ours / maps,
    );
}

/// The map that `phf_map!` would make; that macro accepts only literals.
fn perfect_hash(properties: &[(String, RegisterField)]) -> Map {
    let entries = properties.iter().map(|(name, field)| {
        let name: &'static str = name.clone().leak();
        (name, *field)
    });
    let entries: Vec<(&'static str, RegisterField)> = entries.collect();
    let names: Vec<&str> = entries.iter().map(|(name, _)| *name).collect();
    let HashState { key, disps, map } = phf_generator::generate_hash(&names);
    let entries: Vec<_> = map
        .iter()
        .filter_map(|index| entries.get(*index))
        .copied()
        .collect();
    Map {
        key,
        disps: disps.leak(),
        entries: entries.leak(),
    }
}

/// The names in an order that keeps neighbours far apart in the table.
fn out_of_order(properties: &[(String, RegisterField)]) -> Vec<&str> {
    // A prime that does not divide their number.
    let step = 173;
    let order = (0..properties.len()).map(|index| index * step % properties.len());
    order
        .filter_map(|index| properties.get(index))
        .map(|(name, _)| name.as_str())
        .collect()
}

/// The mean time of a look-up in nanoseconds.
fn nanoseconds(names: &[&str], find: impl Fn(&str) -> Option<RegisterField>) -> f64 {
    let started = Instant::now();
    for name in names {
        black_box(find(black_box(name)));
    }
    let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
    started.elapsed().as_secs_f64() * 1e9 / f64::from(count)
}
