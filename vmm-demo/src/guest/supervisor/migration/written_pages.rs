//! The pages of a new guest's memory that were written: all others are zero.

use crate::migration::memory_map::GRANULE;

/// The pages of one range of memory, in the unit of migration messages.
#[derive(Debug, Default)]
pub(super) struct WrittenPages {
    start: u64,
    words: Vec<u64>,
}

impl WrittenPages {
    /// No page of this range.
    pub(super) fn none_of(start: u64, size: u64) -> Self {
        let words = size.div_ceil(GRANULE).div_ceil(u64::BITS.into());
        let words = usize::try_from(words).unwrap_or(0);
        Self {
            start,
            words: vec![0; words],
        }
    }

    /// Adds the pages of a range.
    pub(super) fn add(&mut self, address: u64, length: u64) {
        for page in pages(address, length) {
            if let Some((word, bit)) = self.place(page) {
                *word |= bit;
            }
        }
    }

    /// Takes the pages of a range away and returns the addresses of those that were there.
    pub(super) fn take(&mut self, address: u64, length: u64) -> Vec<u64> {
        let mut taken = Vec::new();
        for page in pages(address, length) {
            if let Some((word, bit)) = self.place(page)
                && *word & bit != 0
            {
                *word &= !bit;
                taken.push(page);
            }
        }
        taken
    }

    fn place(&mut self, page: u64) -> Option<(&mut u64, u64)> {
        let number = page.checked_sub(self.start)? / GRANULE;
        let (word, bit) = (number / 64, number % 64);
        let word = self.words.get_mut(usize::try_from(word).ok()?)?;
        Some((word, 1 << bit))
    }
}

/// The addresses of the pages of a range.
fn pages(address: u64, length: u64) -> impl Iterator<Item = u64> {
    let first = address / GRANULE;
    let end = address.saturating_add(length).div_ceil(GRANULE);
    (first..end).map(|number| number * GRANULE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_taken_once() {
        let start = 1 << 30;
        let mut pages = WrittenPages::none_of(start, 1 << 20);
        pages.add(start + GRANULE, 2 * GRANULE);
        pages.add(start + 100 * GRANULE, 1);
        assert_eq!(pages.take(start, 2 * GRANULE), [start + GRANULE]);
        let others = [start + 2 * GRANULE, start + 100 * GRANULE];
        assert_eq!(pages.take(start, 1 << 20), others);
        assert_eq!(pages.take(start, 1 << 20), [0; 0]);
    }

    #[test]
    fn addresses_outside_of_the_range_are_left_out() {
        let mut pages = WrittenPages::none_of(GRANULE, 64 * GRANULE);
        pages.add(0, 200 * GRANULE);
        assert_eq!(pages.take(0, 200 * GRANULE).len(), 64);
        pages.add(u64::MAX - 1, 1);
        assert_eq!(pages.take(u64::MAX - 1, 1), [0; 0]);
    }
}
