//! The contents of a snapshot: what is saved of a guest, in the order of the sections.

use super::error::{Fault, FaultPlace, ReadError};
use super::layout::SectionKind;
use super::memory::{
    CHUNK_KIND, GuestRam, IMAGE, ImagePlace, MemoryEncoding, MemoryMap, OnProgress, PADDING, SUMS,
    locate, read_chunks, read_image, write_chunks, write_image,
};
use super::reader::{Section, SectionReader};
use super::writer::SectionWriter;
use crate::vmm::console_state::ConsoleState;
use crate::vmm::state::MachineState;
use idreg_runtime::view::View;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Seek, Write};
use std::time::{SystemTime, UNIX_EPOCH};

const INFO: SectionKind = SectionKind::required("info", 64 << 10);
/// As the limit of view files.
const VIEW: SectionKind = SectionKind::required("view", 4 << 20);
pub(super) const CLOCK: SectionKind = SectionKind::required("clock", 4 << 10);
/// 128 KiB for each of 512 vCPUs; with all of SVE one has about 50 KiB.
pub(super) const VCPUS: SectionKind = SectionKind::required("vcpus", 64 << 20);
/// As for the vCPUs, which have a redistributor each.
pub(super) const GIC: SectionKind = SectionKind::required("gic", 64 << 20);
pub(super) const CONSOLE: SectionKind = SectionKind::required("console", 64 << 10);
const MEMORY: SectionKind = SectionKind::required("memory", 64 << 10);

/// The kinds of sections in the order in which a snapshot has them.
pub const KINDS: &[SectionKind] = &[
    INFO, VIEW, CLOCK, VCPUS, GIC, CONSOLE, MEMORY, CHUNK_KIND, PADDING, IMAGE, SUMS,
];

/// A summary of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotInfo {
    /// The version of the program that saved the guest.
    pub program: String,
    /// The time of the saving in seconds since the beginning of 1970, UTC.
    pub saved_at: u64,
    /// The number of vCPUs.
    pub vcpus: usize,
    /// The size of the RAM in bytes.
    pub memory: u64,
    /// The release of the kernel that the guest ran on.
    pub kernel_release: String,
}

impl SnapshotInfo {
    /// The summary of a guest that this program saves now.
    #[must_use]
    pub fn now(view: &View, ram: &(impl GuestRam + ?Sized)) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            saved_at: since.map_or(0, |since| since.as_secs()),
            vcpus: view.vcpu_count(),
            memory: ram.ranges().iter().map(|range| range.size).sum(),
            kernel_release: view.info().kernel_release.clone(),
        }
    }
}

/// A saved guest apart from the contents of its RAM.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The summary.
    pub info: SnapshotInfo,
    /// The view of the guest, which decides where it can run.
    pub view: View,
    /// The state of the machine.
    pub machine: MachineState,
    /// The state of the console.
    pub console: ConsoleState,
}

impl Snapshot {
    /// Writes the snapshot with the RAM of the guest, whose vCPUs are paused, and returns the sink.
    ///
    /// With [`MemoryEncoding::Raw`] the sink must be able to seek beyond its end, as ordinary files
    /// are.
    ///
    /// # Errors
    ///
    /// Those of the sink; [`io::ErrorKind::Interrupted`] if the listener stopped the work.
    pub fn write<W: Write + Seek>(
        &self,
        sink: W,
        ram: &(impl GuestRam + ?Sized),
        encoding: MemoryEncoding,
        progress: OnProgress<'_>,
    ) -> io::Result<W> {
        let map = MemoryMap::new(encoding, ram.ranges());
        let map = map.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let mut writer = SectionWriter::new(sink)?;
        let machine = &self.machine;
        writer.section(&INFO, &serde_json::to_vec(&self.info)?)?;
        writer.section(&VIEW, &serde_json::to_vec(&self.view)?)?;
        writer.section(&CLOCK, &serde_json::to_vec(&machine.clock)?)?;
        writer.section(&VCPUS, &serde_json::to_vec(&machine.vcpus)?)?;
        writer.section(&GIC, &serde_json::to_vec(&machine.gic)?)?;
        writer.section(&CONSOLE, &serde_json::to_vec(&self.console)?)?;
        writer.section(&MEMORY, &serde_json::to_vec(&map)?)?;
        match encoding {
            MemoryEncoding::Zstd => write_chunks(&mut writer, &map, ram, progress)?,
            MemoryEncoding::Raw => write_image(&mut writer, &map, ram, progress)?,
        }
        writer.finish()
    }
}

/// A snapshot of which all but the contents of the RAM is read and checked.
#[derive(Debug)]
pub struct OpenSnapshot<R> {
    snapshot: Snapshot,
    map: MemoryMap,
    reader: SectionReader<R>,
}

impl<R: Read> OpenSnapshot<R> {
    /// Reads everything before the contents of the RAM.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn new(source: R) -> Result<Self, ReadError> {
        let mut reader = SectionReader::new(source, KINDS)?;
        let info_section = reader.expect_section(&INFO)?;
        let info: SnapshotInfo = info_section.json()?;
        let view = reader.expect_section(&VIEW)?.json()?;
        let clock = reader.expect_section(&CLOCK)?.json()?;
        let vcpus = reader.expect_section(&VCPUS)?.json()?;
        let gic = reader.expect_section(&GIC)?.json()?;
        let console = reader.expect_section(&CONSOLE)?.json()?;
        let map: MemoryMap = reader.expect_section(&MEMORY)?.json()?;
        let snapshot = Snapshot {
            info,
            view,
            machine: MachineState { clock, vcpus, gic },
            console,
        };
        check_counts(&snapshot, &map, &info_section)?;
        Ok(Self {
            snapshot,
            map,
            reader,
        })
    }

    /// The guest apart from the contents of its RAM.
    #[must_use]
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The ranges of its RAM and their encoding.
    #[must_use]
    pub const fn map(&self) -> &MemoryMap {
        &self.map
    }

    /// Reads the contents of the RAM into one of the same ranges, which is all zeros, and checks
    /// the rest of the file. The guest must not run after an error.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; with [`Fault::Stopped`] if the listener stopped the work.
    pub fn restore_memory(
        mut self,
        ram: &(impl GuestRam + ?Sized),
        progress: OnProgress<'_>,
    ) -> Result<Snapshot, ReadError> {
        if ram.ranges() != self.map.ranges() {
            return Err(ReadError {
                place: FaultPlace::Section(MEMORY.name.to_owned()),
                offset: self.reader.offset(),
                fault: Fault::OtherRam,
            });
        }
        match self.map.encoding() {
            MemoryEncoding::Zstd => read_chunks(&mut self.reader, &self.map, ram, progress)?,
            MemoryEncoding::Raw => read_image(&mut self.reader, &self.map, ram, progress)?,
        }
        self.reader.end_of_file().map(|_| self.snapshot)
    }
}

impl<R: Read + Seek> OpenSnapshot<R> {
    /// Finds the image of the RAM, and checks the rest of the file but the image's pages. Returns
    /// the file too: another one may have its name by now.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; with [`Fault::NoImage`] if the RAM is compressed.
    pub fn locate_memory(mut self) -> Result<(Snapshot, ImagePlace, R), ReadError> {
        if self.map.encoding() != MemoryEncoding::Raw {
            return Err(ReadError {
                place: FaultPlace::Section(MEMORY.name.to_owned()),
                offset: self.reader.offset(),
                fault: Fault::NoImage,
            });
        }
        let place = locate(&mut self.reader, &self.map)?;
        let source = self.reader.end_of_file()?;
        Ok((self.snapshot, place, source))
    }
}

fn check_counts(snapshot: &Snapshot, map: &MemoryMap, info: &Section) -> Result<(), ReadError> {
    let content = |message| Err(info.fault(Fault::Content(message)));
    let vcpus = snapshot.info.vcpus;
    let (seen, saved) = (snapshot.view.vcpu_count(), snapshot.machine.vcpus.len());
    if (vcpus, vcpus) != (seen, saved) {
        return content(format!(
            "{vcpus} vCPUs, but the view has {seen} and the section `vcpus` {saved}"
        ));
    }
    let (memory, size) = (snapshot.info.memory, map.size());
    if memory != size {
        return content(format!("{memory} bytes of memory, but `memory` has {size}"));
    }
    Ok(())
}
