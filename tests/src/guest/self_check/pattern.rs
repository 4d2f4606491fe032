//! Pseudo-random words by seed and position.

/// The increment and the multipliers of SplitMix64 (Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", 2014, figure 16).
const INCREMENT: u64 = 0x9e37_79b9_7f4a_7c15;
const FIRST_MULTIPLIER: u64 = 0xbf58_476d_1ce4_e5b9;
const SECOND_MULTIPLIER: u64 = 0x94d0_49bb_1331_11eb;

/// The word of SplitMix64 with this seed at this position.
pub(super) const fn word(seed: u64, position: u64) -> u64 {
    let state = seed.wrapping_add(position.wrapping_mul(INCREMENT));
    let mixed = (state ^ (state >> 30)).wrapping_mul(FIRST_MULTIPLIER);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(SECOND_MULTIPLIER);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_splitmix64() {
        // The first outputs with seed 1234567, as in Rosetta Code's "Pseudo-random numbers".
        let words = [1, 2].map(|position| word(1_234_567, position));
        assert_eq!(
            words,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]
        );
    }
}
