//! The VMM's side of the report: turns the guest's stores into register values.

use super::ProbeError;
use crate::vmm::layout;
use idreg_runtime::encoding::Encoding;

/// The position in [`layout::PROBE_CONTROL`] of the word whose store ends the report.
pub(super) const DONE_SLOT: u16 = 0;
/// The position of the syndrome (ESR_EL1) of an unexpected exception.
pub(super) const ESR_SLOT: u16 = 1;
/// The position of the address of the instruction (ELR_EL1).
pub(super) const ELR_SLOT: u16 = 2;
/// The position of the faulting address (FAR_EL1).
pub(super) const FAR_SLOT: u16 = 3;
/// The position of the vector offset; the last of the four to be written.
pub(super) const VECTOR_SLOT: u16 = 4;

/// The outcome of the guest's read of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// The read returned this value.
    Value(u64),
    /// The read trapped: the guest does not have the register.
    Trapped {
        /// ESR_EL1 in the guest.
        syndrome: u64,
    },
}

/// The outcome of every read, in the order of the requested registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeReport(Vec<(Encoding, ReadOutcome)>);

impl ProbeReport {
    /// The registers with the outcomes of their reads.
    pub fn iter(&self) -> impl Iterator<Item = (Encoding, ReadOutcome)> + '_ {
        self.0.iter().copied()
    }
}

/// The progress of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The guest has more to report.
    Running,
    /// The report is complete: [`Collector::finish`] returns it.
    Done,
}

/// A report that the guest is writing.
#[derive(Clone, Debug)]
pub struct Collector {
    slots: Vec<(Encoding, Option<ReadOutcome>)>,
    esr: u64,
    elr: u64,
    far: u64,
}

impl Collector {
    /// Expects the report of a [`Program`](super::Program) for the same registers.
    #[must_use]
    pub fn new(registers: &[Encoding]) -> Self {
        Self {
            slots: registers.iter().map(|register| (*register, None)).collect(),
            esr: 0,
            elr: 0,
            far: 0,
        }
    }

    /// Records one store of the guest.
    ///
    /// # Errors
    ///
    /// [`ProbeError::UnexpectedWrite`], [`ProbeError::ReportedTwice`], or
    /// [`ProbeError::GuestException`] once the guest has reported all of the exception.
    pub fn write(&mut self, address: u64, data: &[u8]) -> Result<Progress, ProbeError> {
        let unexpected = ProbeError::UnexpectedWrite {
            address,
            size: data.len(),
        };
        let Ok(bytes) = data.try_into() else {
            return Err(unexpected);
        };
        let value = u64::from_le_bytes(bytes);
        if let Some(slot) = slot(address, layout::PROBE_CONTROL) {
            return self.control(slot, value).unwrap_or(Err(unexpected));
        }
        let (slot, outcome) = if let Some(slot) = slot(address, layout::PROBE_SYNDROMES) {
            (slot, ReadOutcome::Trapped { syndrome: value })
        } else if let Some(slot) = slot(address, layout::PROBE_VALUES) {
            (slot, ReadOutcome::Value(value))
        } else {
            return Err(unexpected);
        };
        let Some((register, recorded)) = self.slots.get_mut(slot) else {
            return Err(unexpected);
        };
        if recorded.replace(outcome).is_some() {
            return Err(ProbeError::ReportedTwice {
                register: *register,
            });
        }
        Ok(Progress::Running)
    }

    /// The report of a guest that reached [`Progress::Done`].
    ///
    /// # Errors
    ///
    /// [`ProbeError::NotReported`].
    pub fn finish(self) -> Result<ProbeReport, ProbeError> {
        self.slots
            .into_iter()
            .map(|(register, outcome)| match outcome {
                Some(outcome) => Ok((register, outcome)),
                None => Err(ProbeError::NotReported { register }),
            })
            .collect::<Result<_, _>>()
            .map(ProbeReport)
    }

    /// Records a word of the control page; `None` if the position has no meaning.
    fn control(&mut self, slot: usize, value: u64) -> Option<Result<Progress, ProbeError>> {
        match u16::try_from(slot).ok()? {
            DONE_SLOT => return Some(Ok(Progress::Done)),
            ESR_SLOT => self.esr = value,
            ELR_SLOT => self.elr = value,
            FAR_SLOT => self.far = value,
            VECTOR_SLOT => {
                return Some(Err(ProbeError::GuestException {
                    vector: value,
                    esr: self.esr,
                    elr: self.elr,
                    far: self.far,
                }));
            }
            _ => return None,
        }
        Some(Ok(Progress::Running))
    }
}

/// The index of an address in an array of eight-byte slots at `base`; `None` if the address is
/// below the array or between two slots.
fn slot(address: u64, base: u64) -> Option<usize> {
    let offset = address.checked_sub(base)?;
    if !offset.is_multiple_of(8) {
        return None;
    }
    usize::try_from(offset / 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Encoding = Encoding::new(3, 0, 0, 4, 0);
    const SECOND: Encoding = Encoding::new(3, 1, 0, 0, 2);

    fn collector() -> Collector {
        Collector::new(&[FIRST, SECOND])
    }

    fn write(collector: &mut Collector, address: u64, value: u64) -> Result<Progress, ProbeError> {
        collector.write(address, &value.to_le_bytes())
    }

    #[test]
    fn a_whole_report() {
        let mut collector = collector();
        let syndrome = 0x0200_0000;
        for (address, value) in [
            (layout::PROBE_VALUES, 0x1122),
            (layout::PROBE_SYNDROMES + 8, syndrome),
        ] {
            assert_eq!(write(&mut collector, address, value), Ok(Progress::Running));
        }
        assert_eq!(
            write(&mut collector, layout::PROBE_CONTROL, 0),
            Ok(Progress::Done)
        );
        let report = collector.finish().unwrap();
        let expected = [
            (FIRST, ReadOutcome::Value(0x1122)),
            (SECOND, ReadOutcome::Trapped { syndrome }),
        ];
        assert!(report.iter().eq(expected));
    }

    #[test]
    fn a_register_that_is_missing() {
        let mut collector = collector();
        write(&mut collector, layout::PROBE_VALUES, 1).unwrap();
        let missing = ProbeError::NotReported { register: SECOND };
        assert_eq!(collector.finish(), Err(missing));
    }

    #[test]
    fn a_register_that_comes_twice() {
        let mut collector = collector();
        write(&mut collector, layout::PROBE_VALUES, 1).unwrap();
        let twice = ProbeError::ReportedTwice { register: FIRST };
        assert_eq!(
            write(&mut collector, layout::PROBE_SYNDROMES, 1),
            Err(twice)
        );
    }

    #[test]
    fn writes_outside_the_report() {
        for address in [
            0,
            layout::PROBE_VALUES - 8,
            layout::PROBE_VALUES + 4,
            layout::PROBE_VALUES + 16,
            layout::PROBE_SYNDROMES + 16,
            layout::PROBE_CONTROL + 40,
            u64::MAX,
        ] {
            let unexpected = ProbeError::UnexpectedWrite { address, size: 8 };
            assert_eq!(write(&mut collector(), address, 1), Err(unexpected));
        }
        let address = layout::PROBE_VALUES;
        let unexpected = ProbeError::UnexpectedWrite { address, size: 4 };
        assert_eq!(collector().write(address, &[0; 4]), Err(unexpected));
    }

    #[test]
    fn an_exception_is_reported_with_its_registers() {
        let mut collector = collector();
        for (slot, value) in [(ESR_SLOT, 1), (ELR_SLOT, 2), (FAR_SLOT, 3)] {
            let address = layout::PROBE_CONTROL + 8 * u64::from(slot);
            assert_eq!(write(&mut collector, address, value), Ok(Progress::Running));
        }
        let exception = ProbeError::GuestException {
            vector: 0x380,
            esr: 1,
            elr: 2,
            far: 3,
        };
        let address = layout::PROBE_CONTROL + 8 * u64::from(VECTOR_SLOT);
        assert_eq!(write(&mut collector, address, 0x380), Err(exception));
    }
}
