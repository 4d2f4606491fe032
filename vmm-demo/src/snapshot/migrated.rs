//! The state of a guest that migrates: the sections of a snapshot without view and RAM, which the
//! migration itself carries.

use super::contents::{CLOCK, CONSOLE, GIC, VCPUS};
use super::error::ReadError;
use super::layout::SectionKind;
use super::reader::SectionReader;
use super::writer::SectionWriter;
use crate::vmm::console_state::ConsoleState;
use crate::vmm::state::MachineState;
use serde::{Deserialize, Serialize};
use std::io;

const RUN_STATE: SectionKind = SectionKind::required("run-state", 4 << 10);

/// The kinds of sections in their order.
const KINDS: &[SectionKind] = &[CLOCK, VCPUS, GIC, CONSOLE, RUN_STATE];

/// A guest that migrates, apart from its view and its RAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigratedGuest {
    /// The state of the machine.
    pub machine: MachineState,
    /// The state of the console.
    pub console: ConsoleState,
    /// True if the user has stopped the guest: it stays stopped on the destination.
    pub is_stopped: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunState {
    is_stopped: bool,
}

impl MigratedGuest {
    /// Writes the sections.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if a section exceeds its limit.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut writer = SectionWriter::new(Vec::new())?;
        let machine = &self.machine;
        writer.section(&CLOCK, &serde_json::to_vec(&machine.clock)?)?;
        writer.section(&VCPUS, &serde_json::to_vec(&machine.vcpus)?)?;
        writer.section(&GIC, &serde_json::to_vec(&machine.gic)?)?;
        writer.section(&CONSOLE, &serde_json::to_vec(&self.console)?)?;
        let run_state = RunState {
            is_stopped: self.is_stopped,
        };
        writer.section(&RUN_STATE, &serde_json::to_vec(&run_state)?)?;
        writer.finish()
    }

    /// Reads the sections and checks that nothing follows them.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ReadError> {
        let mut reader = SectionReader::new(bytes, KINDS)?;
        let clock = reader.expect_section(&CLOCK)?.json()?;
        let vcpus = reader.expect_section(&VCPUS)?.json()?;
        let gic = reader.expect_section(&GIC)?.json()?;
        let console = reader.expect_section(&CONSOLE)?.json()?;
        let run_state: RunState = reader.expect_section(&RUN_STATE)?.json()?;
        // The last section ends the file, whatever optional ones are before it.
        while reader.next_section()?.is_some() {}
        reader.end_of_file()?;
        Ok(Self {
            machine: MachineState { clock, vcpus, gic },
            console,
            is_stopped: run_state.is_stopped,
        })
    }
}
