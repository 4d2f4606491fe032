//! What the running kernel says about the machine's CPUs, apart from KVM.

use super::KvmError;
use crate::host::Implementation;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The CPUs of the machine, each with its identification registers
/// (Linux 7.2, `Documentation/ABI/testing/sysfs-devices-system-cpu`).
const CPUS: &str = "/sys/devices/system/cpu";

/// The implementation of every CPU, in the order of their numbers. Of one that is offline Linux shows no
/// registers (Linux 7.2, `arch/arm64/kernel/cpuinfo.c`, `cpuid_cpu_offline`).
///
/// # Errors
///
/// [`KvmError::Machine`] if `/sys` cannot be read, [`KvmError::NotANumber`] if it holds something unexpected.
pub fn implementations() -> Result<Vec<Implementation>, KvmError> {
    implementations_below(Path::new(CPUS))
}

/// The release of the running kernel, as `uname -r` prints it.
///
/// # Errors
///
/// [`KvmError::Machine`] if `/proc` cannot be read.
pub fn kernel_release() -> Result<String, KvmError> {
    let path = PathBuf::from("/proc/sys/kernel/osrelease");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim_end().to_owned()),
        Err(source) => Err(KvmError::Machine { path, source }),
    }
}

fn implementations_below(root: &Path) -> Result<Vec<Implementation>, KvmError> {
    let failed = |source| KvmError::Machine {
        path: root.to_owned(),
        source,
    };
    let mut cpus = Vec::new();
    for entry in fs::read_dir(root).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if let Some(cpu) = cpu_number(&entry.file_name().to_string_lossy()) {
            cpus.push(implementation(cpu, &entry.path())?);
        }
    }
    cpus.sort_unstable_by_key(|implementation| implementation.cpu);
    Ok(cpus)
}

/// The number in `cpu12`; the directory also holds `cpufreq`, `cpuidle` and files.
fn cpu_number(name: &str) -> Option<u32> {
    name.strip_prefix("cpu")?.parse().ok()
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
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KvmError::Machine { path, source }),
    };
    let digits = text.trim_end();
    let value = digits
        .strip_prefix("0x")
        .and_then(|hexadecimal| u64::from_str_radix(hexadecimal, 16).ok());
    match value {
        Some(value) => Ok(Some(value)),
        None => Err(KvmError::NotANumber {
            path,
            text: digits.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn only_cpu_directories_have_a_number() {
        for (name, number) in [
            ("cpu0", Some(0)),
            ("cpu12", Some(12)),
            ("cpufreq", None),
            ("cpu", None),
            ("online", None),
        ] {
            assert_eq!(cpu_number(name), number, "{name}");
        }
    }

    /// A directory like the kernel's, with the MIDR_EL1 of each CPU; nothing for one that is offline.
    fn machine(cpus: &[(u32, Option<&str>)]) -> TempDir {
        let root = TempDir::new().unwrap();
        fs::create_dir(root.path().join("cpufreq")).unwrap();
        fs::write(root.path().join("online"), "0-1\n").unwrap();
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
    fn cpus_come_in_the_order_of_their_numbers() {
        let root = machine(&[
            (10, Some("0x00000000410fd461\n")),
            (2, None),
            (0, Some("0x00000000410fd803\n")),
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
