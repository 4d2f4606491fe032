//! The VMM's side of the report: from stores to what the guest saw.

use super::ProbeError;
use crate::vmm::layout;
use idreg_runtime::encoding::Encoding;

/// The words of [`layout::PROBE_CONTROL`], by position: the guest is done.
pub(super) const DONE_SLOT: u16 = 0;
/// The syndrome of an exception that the guest did not expect.
pub(super) const ESR_SLOT: u16 = 1;
/// Where it happened.
pub(super) const ELR_SLOT: u16 = 2;
/// What it accessed.
pub(super) const FAR_SLOT: u16 = 3;
/// Through which vector; the last of the four to be written.
pub(super) const VECTOR_SLOT: u16 = 4;

/// What the guest saw of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// The read returned this.
    Value(u64),
    /// The read trapped: for the guest there is no such register.
    Absent {
        /// ESR_EL1 in the guest.
        syndrome: u64,
    },
}

/// What the guest saw of every register it was asked for, in that order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeReport(Vec<(Encoding, ReadOutcome)>);

impl ProbeReport {
    /// The registers and what was seen of them.
    pub fn iter(&self) -> impl Iterator<Item = (Encoding, ReadOutcome)> + '_ {
        self.0.iter().copied()
    }
}

/// Whether the guest has more to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has.
    Running,
    /// It has not: [`Collector::finish`] makes the report.
    Done,
}

/// The report while the guest writes it.
#[derive(Clone, Debug)]
pub struct Collector {
    slots: Vec<(Encoding, Option<ReadOutcome>)>,
    esr: u64,
    elr: u64,
    far: u64,
}

impl Collector {
    /// Expects the report of a [`Program`](super::Program) that was made for the same registers.
    #[must_use]
    pub fn new(registers: &[Encoding]) -> Self {
        Self {
            slots: registers.iter().map(|register| (*register, None)).collect(),
            esr: 0,
            elr: 0,
            far: 0,
        }
    }

    /// Takes one store of the guest.
    ///
    /// # Errors
    ///
    /// [`ProbeError::UnexpectedWrite`], [`ProbeError::ReportedTwice`], or [`ProbeError::GuestException`] once
    /// the guest has told all of it.
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
        let (slot, seen) = if let Some(slot) = slot(address, layout::PROBE_SYNDROMES) {
            (slot, ReadOutcome::Absent { syndrome: value })
        } else if let Some(slot) = slot(address, layout::PROBE_VALUES) {
            (slot, ReadOutcome::Value(value))
        } else {
            return Err(unexpected);
        };
        let Some((register, place)) = self.slots.get_mut(slot) else {
            return Err(unexpected);
        };
        if place.replace(seen).is_some() {
            return Err(ProbeError::ReportedTwice {
                register: *register,
            });
        }
        Ok(Progress::Running)
    }

    /// The report of a guest that is done.
    ///
    /// # Errors
    ///
    /// [`ProbeError::NotReported`].
    pub fn finish(self) -> Result<ProbeReport, ProbeError> {
        self.slots
            .into_iter()
            .map(|(register, seen)| match seen {
                Some(seen) => Ok((register, seen)),
                None => Err(ProbeError::NotReported { register }),
            })
            .collect::<Result<_, _>>()
            .map(ProbeReport)
    }

    /// Takes a word of the control page; `None` if there is no such word.
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

/// Which eight bytes from `base` on an address names; `None` below it or between two.
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
            (SECOND, ReadOutcome::Absent { syndrome }),
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
    fn an_exception_is_told_with_its_registers() {
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
