//! Facts about the machine's CPUs from the running kernel, outside KVM.

use super::KvmError;
use crate::host::Implementation;
use crate::vcpu::Errno;
use rustix::system::uname;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The directory of the machine's CPUs, each with its identification registers
/// (Linux 7.2, `Documentation/ABI/testing/sysfs-devices-system-cpu`).
const CPUS: &str = "/sys/devices/system/cpu";
/// The maximum size of a sysfs file, a page if pages are small; the files read here have one line.
const SYSFS_FILE: usize = 4096;
/// More CPUs than Linux supports (Linux 7.2, `arch/arm64/Kconfig`, `NR_CPUS`).
const CPU_NUMBERS: u32 = 1 << 16;

/// The implementation of every CPU, in the order of their numbers. Linux shows no registers of a
/// CPU that is offline (Linux 7.2, `arch/arm64/kernel/cpuinfo.c`, `cpuid_cpu_offline`).
///
/// # Errors
///
/// [`KvmError::Machine`] if `/sys` cannot be read, [`KvmError::NotANumber`] if a file has
/// unexpected content.
pub fn implementations() -> Result<Vec<Implementation>, KvmError> {
    implementations_below(Path::new(CPUS))
}

/// The release of the running kernel, as `uname -r` prints it.
#[must_use]
pub fn kernel_release() -> String {
    uname().release().to_string_lossy().into_owned()
}

fn implementations_below(root: &Path) -> Result<Vec<Implementation>, KvmError> {
    let path = root.join("present");
    let failed = |error| unreadable(path.clone(), &error);
    // Not the directory: it has other entries too, and reading it takes as long as all the files
    // read from it.
    let list = read(&path).map_err(failed)?;
    let cpus = cpus_of(&list).ok_or_else(|| KvmError::NotCpus {
        path: path.clone(),
        text: list.clone(),
    })?;
    cpus.into_iter()
        .map(|cpu| implementation(cpu, &root.join(format!("cpu{cpu}"))))
        .collect()
}

/// The numbers in a list such as `0-3,8` (Linux 7.2, `Documentation/admin-guide/cputopology.rst`),
/// ascending.
fn cpus_of(text: &str) -> Option<Vec<u32>> {
    let mut cpus = Vec::new();
    for range in text.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || last >= CPU_NUMBERS {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus)
}

fn implementation(cpu: u32, directory: &Path) -> Result<Implementation, KvmError> {
    let registers = directory.join("regs/identification");
    Ok(Implementation {
        cpu,
        midr: register(registers.join("midr_el1"))?,
        revidr: register(registers.join("revidr_el1"))?,
        aidr: register(registers.join("aidr_el1"))?,
    })
}

fn register(path: PathBuf) -> Result<Option<u64>, KvmError> {
    let text = match read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, &error)),
    };
    let value = text
        .strip_prefix("0x")
        .and_then(|hexadecimal| u64::from_str_radix(hexadecimal, 16).ok());
    match value {
        Some(value) => Ok(Some(value)),
        None => Err(KvmError::NotANumber { path, text }),
    }
}

fn unreadable(path: PathBuf, error: &io::Error) -> KvmError {
    let source = Errno(error.raw_os_error().unwrap_or(libc::EIO));
    KvmError::Machine { path, source }
}

/// Reads a sysfs file, which returns its whole content in one read, without the newline.
fn read(path: &Path) -> io::Result<String> {
    let mut buffer = [0; SYSFS_FILE];
    let length = File::open(path)?.read(&mut buffer)?;
    let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
    Ok(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    #[test]
    fn a_list_of_cpus_is_ranges_and_numbers() {
        for (list, cpus) in [
            ("0", Some(vec![0])),
            ("0-3", Some(vec![0, 1, 2, 3])),
            ("0-1,8,10-11", Some(vec![0, 1, 8, 10, 11])),
            ("", None),
            ("1-0", None),
            ("0-4294967295", None),
            ("0-", None),
            ("a", None),
        ] {
            assert_eq!(cpus_of(list), cpus, "{list}");
        }
    }

    /// A directory like the kernel's, with the MIDR_EL1 of each CPU, `None` for a CPU that is
    /// offline.
    fn machine(cpus: &[(u32, Option<&str>)]) -> TempDir {
        let root = TempDir::new().unwrap();
        let numbers: Vec<String> = cpus.iter().map(|(cpu, _)| cpu.to_string()).collect();
        fs::write(root.path().join("present"), numbers.join(",") + "\n").unwrap();
        for (cpu, midr) in cpus {
            let directory = root.path().join(format!("cpu{cpu}"));
            fs::create_dir(&directory).unwrap();
            let Some(midr) = midr else { continue };
            let registers = directory.join("regs/identification");
            fs::create_dir_all(&registers).unwrap();
            fs::write(registers.join("midr_el1"), midr).unwrap();
            fs::write(registers.join("revidr_el1"), "0x0000000000000001\n").unwrap();
        }
        root
    }

    #[test]
    fn each_cpu_has_its_registers_unless_it_is_offline() {
        let root = machine(&[
            (0, Some("0x00000000410fd803\n")),
            (2, None),
            (10, Some("0x00000000410fd461\n")),
        ]);
        let found = implementations_below(root.path()).unwrap();
        let expected = [
            (0, Some(0x410fd803), Some(1)),
            (2, None, None),
            (10, Some(0x410fd461), Some(1)),
        ];
        let expected = expected.map(|(cpu, midr, revidr)| Implementation {
            cpu,
            midr,
            revidr,
            aidr: None,
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_register_that_is_no_number_is_named() {
        let root = machine(&[(0, Some("fast\n"))]);
        let error = implementations_below(root.path()).unwrap_err().to_string();
        assert!(
            error.contains("cpu0/regs/identification/midr_el1"),
            "{error}"
        );
        assert!(error.contains("holds `fast`"), "{error}");
    }

    #[test]
    fn a_machine_without_the_directory_is_an_error() {
        let gone = implementations_below(Path::new("/nonexistent"));
        assert!(matches!(gone, Err(KvmError::Machine { .. })));
    }
}
