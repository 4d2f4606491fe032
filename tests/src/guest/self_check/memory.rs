//! Memory that is rewritten in place all the time, and verified before each write.

use super::activity::Activity;
use super::fault::Fault;
use super::pattern;
use super::status::Counters;
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// Number of words that are rewritten before a rest.
const SLICE: usize = 32 << 10;

/// Rest after a slice at the start, in milliseconds, so that the other threads of the CPU run.
const REST: u64 = 4;

/// Longest rest in milliseconds: after it a thread can end.
const LONGEST_REST: u64 = 10_000;

/// Rest after a slice, which a line from the console changes.
#[derive(Debug)]
pub(super) struct Rest(AtomicU64);

impl Default for Rest {
    fn default() -> Self {
        Self(AtomicU64::new(REST))
    }
}

impl Rest {
    /// Sets the rest in milliseconds, and returns it: 10 s at most.
    pub(super) fn set(&self, milliseconds: u64) -> u64 {
        let rest = milliseconds.min(LONGEST_REST);
        self.0.store(rest, Ordering::Relaxed);
        rest
    }

    fn sleep(&self) {
        sleep(Duration::from_millis(self.0.load(Ordering::Relaxed)));
    }
}

/// One CPU's part of the memory. Each word is a function of the CPU, the word's position and the
/// round in which it was written.
pub(super) struct Memory {
    cpu: usize,
    words: Vec<u64>,
    /// The round of the words from `next` on; those before it are of the round that follows.
    round: u64,
    next: usize,
    /// Sum of the words of `round`, when they were written.
    expected: u64,
    /// Sum of the words of `round` read so far.
    found: u64,
    /// Sum of the words of the next round written so far.
    written: u64,
    rest: Arc<Rest>,
    counters: Arc<Counters>,
}

impl Memory {
    /// Fills `size` bytes.
    pub(super) fn new(cpu: usize, size: u64, rest: Arc<Rest>, counters: Arc<Counters>) -> Self {
        let count = size / u64::from(u64::BITS / u8::BITS);
        let words: Vec<u64> = (0..count).map(|word| written(cpu, 0, word)).collect();
        let expected = words
            .iter()
            .fold(0, |sum: u64, word| sum.wrapping_add(*word));
        Self {
            cpu,
            words,
            round: 0,
            next: 0,
            expected,
            found: 0,
            written: 0,
            rest,
            counters,
        }
    }

    fn rewrite_slice(&mut self) -> Result<(), Fault> {
        let (cpu, round, start) = (self.cpu, self.round, self.next);
        let slice = self.words.iter_mut().enumerate().skip(start).take(SLICE);
        for (index, word) in slice {
            check(cpu, round, index as u64, *word)?;
            self.found = self.found.wrapping_add(*word);
            *word = written(cpu, round + 1, index as u64);
            self.written = self.written.wrapping_add(*word);
        }
        self.next = self.words.len().min(start + SLICE);
        if self.next == self.words.len() {
            self.end_round()?;
        }
        Ok(())
    }

    fn end_round(&mut self) -> Result<(), Fault> {
        if self.found != self.expected {
            return Err(Fault::Sum {
                cpu: self.cpu,
                round: self.round,
                expected: self.expected,
                found: self.found,
            });
        }
        self.round += 1;
        self.next = 0;
        self.expected = self.written;
        (self.found, self.written) = (0, 0);
        self.counters.memory_round();
        Ok(())
    }

    fn verify(&self) -> Result<(), Fault> {
        let rounds = iter::repeat_n(self.round + 1, self.next).chain(iter::repeat(self.round));
        for ((index, word), round) in self.words.iter().enumerate().zip(rounds) {
            check(self.cpu, round, index as u64, *word)?;
        }
        Ok(())
    }
}

impl Activity for Memory {
    fn step(&mut self) -> Result<(), Fault> {
        self.rewrite_slice()?;
        self.rest.sleep();
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Fault> {
        self.verify()
    }
}

/// The word that a CPU writes at a position in a round.
const fn written(cpu: usize, round: u64, word: u64) -> u64 {
    pattern::word(pattern::word(cpu as u64, round), word)
}

fn check(cpu: usize, round: u64, word: u64, found: u64) -> Result<(), Fault> {
    let expected = written(cpu, round, word);
    if found == expected {
        return Ok(());
    }
    Err(Fault::Memory {
        cpu,
        round,
        word,
        expected,
        found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two slices and a half.
    const SIZE: u64 = 5 * (SLICE as u64 / 2) * 8;

    fn memory() -> Memory {
        Memory::new(3, SIZE, Arc::default(), Arc::default())
    }

    #[test]
    fn every_round_reads_what_the_one_before_wrote() {
        let mut memory = memory();
        let before = memory.words.clone();
        for _slice in 0..7 {
            memory.step().unwrap();
        }
        assert_eq!((memory.round, memory.next), (2, SLICE));
        assert!(
            memory
                .words
                .iter()
                .zip(&before)
                .all(|(now, then)| now != then)
        );
        assert_eq!(memory.counters.status(3, 0).memory_rounds, 2);
        memory.finish().unwrap();
    }

    #[test]
    fn changed_word_is_found_in_the_round_and_at_the_end() {
        let mut memory = memory();
        memory.words[2 * SLICE + 5] ^= 1 << 17;
        let message = memory.finish().unwrap_err().to_string();
        assert!(
            message.starts_with("memory of CPU 3: word 0x10005 of round 0 is "),
            "{message}"
        );
        memory.step().unwrap();
        memory.step().unwrap();
        assert_eq!(memory.step().unwrap_err().to_string(), message);
    }

    #[test]
    fn rest_is_ten_seconds_at_most() {
        let rest = Rest::default();
        assert_eq!((rest.set(250), rest.set(u64::MAX)), (250, 10_000));
    }

    #[test]
    fn word_of_an_earlier_round_is_found() {
        let mut memory = memory();
        let old = memory.words[1];
        for _slice in 0..3 {
            memory.step().unwrap();
        }
        memory.words[1] = old;
        assert!(matches!(
            memory.step(),
            Err(Fault::Memory {
                round: 1,
                word: 1,
                ..
            })
        ));
    }
}
