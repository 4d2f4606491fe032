//! Files with programs for arm64 Linux.

use object::elf::{
    EM_386, EM_AARCH64, EM_ARM, EM_RISCV, EM_X86_64, ET_CORE, ET_DYN, ET_EXEC, FileHeader32,
    FileHeader64,
};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, FileKind};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A program for arm64 Linux from a file of this machine.
#[derive(Clone, Debug)]
pub struct ProgramFile {
    /// The name of the file, without its directory.
    pub name: String,
    /// The file's content.
    pub bytes: Vec<u8>,
    path: PathBuf,
    /// The dynamic linker that the kernel starts for it; `None` for a static program.
    interpreter: Option<String>,
}

/// Errors of using a file as the program of a host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramFileError {
    /// The file cannot be read.
    #[error("cannot read the program {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file cannot run on a host.
    #[error("{} cannot run on an arm64 Linux host: {fault}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The reason.
        fault: ProgramFileFault,
    },
}

/// The reason why a file is no program that a host can run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgramFileFault {
    /// A script, which starts the program of this path.
    Script(String),
    /// No ELF file.
    NotElf,
    /// Damaged, or cut short.
    Damaged,
    /// For another architecture: a name, or the number of the ELF header.
    Machine(String),
    /// An ELF file of another kind, such as a shared library.
    Kind(&'static str),
    /// Linked with this dynamic linker, which the host does not have.
    Interpreter(String),
}

impl ProgramFile {
    /// Reads a program and checks that it is one for arm64 Linux.
    ///
    /// # Errors
    ///
    /// [`ProgramFileError::Read`]; [`ProgramFileError::Unusable`] with any fault except
    /// [`ProgramFileFault::Interpreter`].
    pub fn read(path: &Path) -> Result<Self, ProgramFileError> {
        let bytes = fs::read(path).map_err(|source| ProgramFileError::Read {
            path: path.to_owned(),
            source,
        })?;
        let interpreter = interpreter(&bytes).map_err(|fault| ProgramFileError::Unusable {
            path: path.to_owned(),
            fault,
        })?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            bytes,
            path: path.to_owned(),
            interpreter,
        })
    }

    /// Checks that the program is static; with `here`, that it is, or that its dynamic linker is on
    /// this machine.
    ///
    /// # Errors
    ///
    /// [`ProgramFileError::Unusable`] with [`ProgramFileFault::Interpreter`].
    pub fn needs_nothing_else(&self, here: bool) -> Result<(), ProgramFileError> {
        match &self.interpreter {
            Some(interpreter) if !(here && Path::new(interpreter).exists()) => {
                Err(ProgramFileError::Unusable {
                    path: self.path.clone(),
                    fault: ProgramFileFault::Interpreter(interpreter.clone()),
                })
            }
            _ => Ok(()),
        }
    }
}

/// The dynamic linker of a program for arm64 Linux, or `None` if it is static.
fn interpreter(bytes: &[u8]) -> Result<Option<String>, ProgramFileFault> {
    if let Some(script) = bytes.strip_prefix(b"#!") {
        let line = script.split(|byte| *byte == b'\n').next();
        let line = String::from_utf8_lossy(line.unwrap_or_default());
        return Err(ProgramFileFault::Script(line.trim().to_owned()));
    }
    match FileKind::parse(bytes) {
        Ok(FileKind::Elf64) => {}
        Ok(FileKind::Elf32) => {
            let header = FileHeader32::<Endianness>::parse(bytes);
            return Err(other_machine(header));
        }
        _ => return Err(ProgramFileFault::NotElf),
    }
    let damaged = |_| ProgramFileFault::Damaged;
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    if header.e_machine(endian) != EM_AARCH64 || !header.is_little_endian() {
        return Err(other_machine(Ok(header)));
    }
    match header.e_type(endian) {
        ET_EXEC => {}
        // A static program that can be loaded anywhere has this type too, and an entry point.
        ET_DYN if header.e_entry(endian) != 0 => {}
        ET_DYN => return Err(ProgramFileFault::Kind("a shared library")),
        ET_CORE => return Err(ProgramFileFault::Kind("a core dump")),
        _ => return Err(ProgramFileFault::Kind("an object file that is not linked")),
    }
    let segments = header.program_headers(endian, bytes).map_err(damaged)?;
    for segment in segments {
        // The kernel loads all of it; a file that was cut short lacks the last part.
        segment
            .data(endian, bytes)
            .map_err(|()| ProgramFileFault::Damaged)?;
        if let Some(path) = segment.interpreter(endian, bytes).map_err(damaged)? {
            return Ok(Some(String::from_utf8_lossy(path).into_owned()));
        }
    }
    Ok(None)
}

/// The fault of a program for another machine, or of a damaged one.
fn other_machine<H: FileHeader<Endian = Endianness>>(
    header: object::Result<&H>,
) -> ProgramFileFault {
    let Ok((header, endian)) = header.and_then(|header| Ok((header, header.endian()?))) else {
        return ProgramFileFault::Damaged;
    };
    let machine = match header.e_machine(endian) {
        EM_AARCH64 if header.is_little_endian() => "arm64 with 32-bit pointers (ILP32)",
        EM_AARCH64 => "big-endian arm64",
        EM_ARM => "32-bit Arm",
        EM_X86_64 => "x86-64",
        EM_386 => "32-bit x86",
        EM_RISCV => "RISC-V",
        number => return ProgramFileFault::Machine(format!("machine {}", number.0)),
    };
    ProgramFileFault::Machine(machine.to_owned())
}

impl fmt::Display for ProgramFileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Script(program) => write!(
                f,
                "it is a script for `{program}`; give that program, built for arm64, and the \
                 script with `--file`"
            ),
            Self::NotElf => f.write_str("it is no ELF file"),
            Self::Damaged => f.write_str("the ELF file is damaged or cut short"),
            Self::Machine(machine) => write!(
                f,
                "it is a program for {machine}; build it for arm64, such as with the Rust target \
                 `aarch64-unknown-linux-musl` or with `aarch64-linux-gnu-gcc -static`"
            ),
            Self::Kind(kind) => write!(f, "it is {kind}"),
            Self::Interpreter(interpreter) => write!(
                f,
                "it needs `{interpreter}`, which the host does not have; link it statically (the \
                 Rust target `aarch64-unknown-linux-musl`, or `-static` in C), or bring that file \
                 and the program's libraries with `--overlay`"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::elf::{FileType, Machine};

    const TYPE: usize = 16;
    const MACHINE: usize = 18;
    const ENTRY: usize = 24;

    /// An ELF file with one segment that is loaded and, if given, one with the interpreter.
    fn elf(kind: FileType, machine: Machine, interpreter: Option<&str>) -> Vec<u8> {
        let segments: u16 = if interpreter.is_some() { 2 } else { 1 };
        let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        bytes.extend(kind.0.to_le_bytes());
        bytes.extend(machine.0.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        let program_headers = 64;
        for word in [0x40_0000_u64, program_headers, 0] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(0_u32.to_le_bytes());
        for half in [64_u16, 56, segments, 64, 0, 0] {
            bytes.extend(half.to_le_bytes());
        }
        let text = interpreter
            .map(|path| format!("{path}\0"))
            .unwrap_or_default();
        let data = program_headers + 56 * u64::from(segments);
        let length = text.len() as u64;
        // PT_LOAD is 1, PT_INTERP is 3 (elf(5)).
        for kind in [1_u32, 3].into_iter().take(segments.into()) {
            bytes.extend(kind.to_le_bytes());
            bytes.extend(4_u32.to_le_bytes());
            for word in [data, 0x40_0000, 0x40_0000, length, length, 1] {
                bytes.extend(word.to_le_bytes());
            }
        }
        bytes.extend(text.as_bytes());
        bytes
    }

    #[test]
    fn static_programs_need_nothing_else() {
        for kind in [ET_EXEC, ET_DYN] {
            assert_eq!(interpreter(&elf(kind, EM_AARCH64, None)), Ok(None));
        }
    }

    #[test]
    fn a_dynamic_program_names_its_interpreter() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ls");
        fs::write(&path, elf(ET_DYN, EM_AARCH64, Some("/lib/none.so.1"))).unwrap();
        let file = ProgramFile::read(&path).unwrap();
        assert_eq!(file.name, "ls");
        for here in [false, true] {
            let text = file.needs_nothing_else(here).unwrap_err().to_string();
            for part in ["needs `/lib/none.so.1`", "statically", "`--overlay`"] {
                assert!(text.contains(part), "{text}");
            }
        }
        let here = directory.path().to_str().unwrap();
        fs::write(&path, elf(ET_DYN, EM_AARCH64, Some(here))).unwrap();
        let file = ProgramFile::read(&path).unwrap();
        assert!(file.needs_nothing_else(true).is_ok());
        assert!(file.needs_nothing_else(false).is_err());
    }

    #[test]
    fn other_files_are_refused_by_what_they_are() {
        let good = elf(ET_EXEC, EM_AARCH64, None);
        let with = |at: usize, bytes: &[u8]| {
            let mut elf = good.clone();
            elf[at..at + bytes.len()].copy_from_slice(bytes);
            elf
        };
        let mut library = elf(ET_DYN, EM_AARCH64, None);
        library[ENTRY..ENTRY + 8].fill(0);
        for (bytes, part) in [
            (b"#!/bin/sh -e\necho".to_vec(), "a script for `/bin/sh -e`"),
            (Vec::new(), "no ELF file"),
            (vec![0; 4096], "no ELF file"),
            (good[..70].to_vec(), "damaged or cut short"),
            (
                elf(ET_DYN, EM_AARCH64, Some("/lib/x"))[..180].to_vec(),
                "cut short",
            ),
            (with(MACHINE, &[62, 0]), "a program for x86-64"),
            (with(MACHINE, &[0xfb, 0]), "a program for machine 251"),
            (with(TYPE, &[1, 0]), "an object file"),
            (with(TYPE, &[4, 0]), "a core dump"),
            (library, "a shared library"),
        ] {
            let text = interpreter(&bytes).unwrap_err().to_string();
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
