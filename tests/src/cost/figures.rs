//! The figures of a measurement's rounds.

use std::time::Duration;

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The median as a multiple of `1 / parts`; 0 without values.
pub(crate) fn median(values: impl Iterator<Item = f64>, parts: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let median = values.get(values.len() / 2).copied().unwrap_or_default();
    (median * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_is_the_middle_round_to_the_given_parts() {
        let rounds = [90, 10, 20].map(Duration::from_micros);
        let milliseconds = || rounds.into_iter().map(milliseconds);
        for (parts, expected) in [(10.0, "0"), (100.0, "0.02"), (1000.0, "0.02")] {
            assert_eq!(median(milliseconds(), parts).to_string(), expected);
        }
        assert_eq!(median([].into_iter(), 10.0).to_string(), "0");
    }
}
