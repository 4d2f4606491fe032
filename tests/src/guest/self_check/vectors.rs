//! Vector registers that no instruction writes for some time.

use super::activity::Activity;
use super::counter;
use super::fault::Fault;
use super::pattern;
use super::status::Counters;
use super::vector_registers::{hold, longest_sve_bytes};
use super::vector_values::{Registers, SIMD_BYTES};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

/// The registers are left alone for this part of a second: 20 ms.
const HOLDS_PER_SECOND: u64 = 50;

/// Rest after that.
const REST: Duration = Duration::from_millis(20);

/// The vector registers of one CPU.
pub(super) struct Vectors {
    cpu: usize,
    sve_bytes: Option<u64>,
    round: u64,
    found: Box<Registers>,
    counters: Arc<Counters>,
}

impl Vectors {
    /// Changes the vector length of this thread.
    pub(super) fn new(cpu: usize, counters: Arc<Counters>) -> Result<Self, Fault> {
        let sve_bytes = longest_sve_bytes().map_err(Fault::VectorLength)?;
        counters.vector_bytes(sve_bytes.unwrap_or(SIMD_BYTES));
        Ok(Self {
            cpu,
            sve_bytes,
            round: 0,
            found: Box::new(Registers::ZERO),
            counters,
        })
    }
}

impl Activity for Vectors {
    fn step(&mut self) -> Result<(), Fault> {
        let seed = pattern::word(self.cpu as u64, self.round);
        let loaded = Registers::pattern(seed, self.sve_bytes);
        let until = counter::read() + counter::frequency() / HOLDS_PER_SECOND;
        hold(&loaded, &mut self.found, until, self.sve_bytes.is_some());
        let vector_bytes = self.sve_bytes.unwrap_or(SIMD_BYTES);
        if let Some((register, expected, found)) = loaded.difference(&self.found, vector_bytes) {
            return Err(Fault::Register {
                cpu: self.cpu,
                register,
                expected,
                found,
            });
        }
        self.round += 1;
        self.counters.vector_round();
        sleep(REST);
        Ok(())
    }
}
