//! Sets of pages of a RAM slot.

/// The pages of a slot that must be sent: bit `n % 64` of word `n / 64` is page `n`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DirtyBitmap {
    words: Vec<u64>,
    pages: usize,
}

impl DirtyBitmap {
    /// All of this number of pages.
    pub(super) fn full(pages: usize) -> Self {
        let mut bitmap = Self {
            words: vec![u64::MAX; pages.div_ceil(64)],
            pages,
        };
        bitmap.cut();
        bitmap
    }

    /// Adds the pages of a dirty log.
    pub(super) fn add(&mut self, log: &[u64]) {
        for (word, added) in self.words.iter_mut().zip(log) {
            *word |= added;
        }
        self.cut();
    }

    /// The number of pages in the set.
    pub(super) fn count(&self) -> u64 {
        let ones = self.words.iter().map(|word| u64::from(word.count_ones()));
        ones.sum()
    }

    /// Takes the first run of adjacent pages at or after page `from`, at most `most`, out of the
    /// set: its first page and its length.
    pub(super) fn take_run(&mut self, from: usize, most: usize) -> Option<(usize, usize)> {
        let first = self.next_set(from)?;
        let mut length = 0;
        while length < most && self.take(first + length) {
            length += 1;
        }
        Some((first, length))
    }

    fn next_set(&self, from: usize) -> Option<usize> {
        let mut words = self.words.iter().enumerate().skip(from / 64);
        let (index, first) = words.next()?;
        let first = (index, first & (u64::MAX << (from % 64)));
        let mut words = std::iter::once(first).chain(words.map(|(index, word)| (index, *word)));
        let (index, word) = words.find(|(_, word)| *word != 0)?;
        Some(64 * index + word.trailing_zeros() as usize)
    }

    fn take(&mut self, page: usize) -> bool {
        let Some(word) = self.words.get_mut(page / 64) else {
            return false;
        };
        let bit = 1 << (page % 64);
        let set = *word & bit != 0;
        *word &= !bit;
        set
    }

    /// Clears the bits beyond the last page.
    fn cut(&mut self) {
        let rest = self.pages % 64;
        if let Some(last) = self.words.last_mut().filter(|_| rest != 0) {
            *last &= (1 << rest) - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Runs are the pages of the set, each once and in order, none longer than allowed.
        #[test]
        fn runs_are_the_pages_of_the_set(
            pages in 1_usize..300,
            log in prop::collection::vec(any::<u64>(), 0..6),
            most in 1_usize..100,
        ) {
            let mut bitmap = DirtyBitmap::full(pages);
            prop_assert_eq!(bitmap.count(), pages as u64);
            prop_assert_eq!(bitmap.take_run(0, usize::MAX), Some((0, pages)));
            prop_assert_eq!(bitmap.take_run(0, 1), None);
            bitmap.add(&log);
            let word = |page: usize| log.get(page / 64).copied().unwrap_or(0);
            let set = |page: &usize| word(*page) >> (page % 64) & 1 == 1;
            let expected: Vec<_> = (0..pages).filter(set).collect();
            prop_assert_eq!(bitmap.count(), expected.len() as u64);
            let (mut found, mut from) = (Vec::new(), 0);
            while let Some((first, length)) = bitmap.take_run(from, most) {
                prop_assert!((1..=most).contains(&length));
                found.extend(first..first + length);
                from = first + length;
            }
            prop_assert_eq!(found, expected);
            prop_assert_eq!(bitmap.count(), 0);
        }
    }
}
