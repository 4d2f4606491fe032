//! Pages of guest memory, of which those of zeros are not sent or saved.

use std::iter;

/// Pages that follow each other: all of zeros, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'b> {
    /// The offset in the chunk in bytes.
    pub(crate) offset: u64,
    /// The contents.
    pub(crate) bytes: &'b [u8],
    /// True if all pages are of zeros.
    pub(crate) is_zero: bool,
}

/// The longest runs of a chunk whose pages have `page` bytes, in order.
pub(crate) fn runs(chunk: &[u8], page: usize) -> impl Iterator<Item = Run<'_>> {
    let (mut rest, mut offset) = (chunk, 0);
    iter::from_fn(move || {
        let first = is_zero(rest.chunks(page).next()?);
        let same = rest.chunks(page).take_while(|page| is_zero(page) == first);
        let (bytes, after) = rest.split_at(same.map(<[u8]>::len).sum());
        let run = Run {
            offset,
            bytes,
            is_zero: first,
        };
        rest = after;
        offset += bytes.len() as u64;
        Some(run)
    })
}

/// True if all bytes are zero.
#[must_use]
pub fn is_zero(bytes: &[u8]) -> bool {
    // Blocks that a compiler turns into a few vector instructions.
    let (blocks, rest) = bytes.as_chunks::<256>();
    let is_zero = |block: &[u8; 256]| {
        let words = block.as_chunks().0.iter();
        words.fold(0, |bits, word| bits | u128::from_ne_bytes(*word)) == 0
    };
    blocks.iter().all(is_zero) && rest.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 4096;

    #[test]
    fn one_bit_anywhere_is_not_zero() {
        for length in [0, 1, 255, 256, 257, PAGE] {
            let mut bytes = vec![0; length];
            assert!(is_zero(&bytes));
            for at in 0..length {
                bytes[at] = 0x10;
                assert!(!is_zero(&bytes), "byte {at} of {length}");
                bytes[at] = 0;
            }
        }
    }

    #[test]
    fn runs_are_the_whole_chunk_in_order() {
        let mut chunk = vec![0; 5 * PAGE];
        chunk[PAGE] = 1;
        chunk[3 * PAGE - 1] = 1;
        let runs: Vec<_> = runs(&chunk, PAGE)
            .map(|run| (run.offset, run.bytes.len(), run.is_zero))
            .collect();
        let page = PAGE as u64;
        assert_eq!(
            runs,
            [
                (0, PAGE, true),
                (page, 2 * PAGE, false),
                (3 * page, 2 * PAGE, true)
            ]
        );
    }
}
