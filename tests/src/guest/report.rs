//! Report on one CPU, as user space sees it.

use super::attempt::{AttemptError, instructions};
use super::hexadecimal::Hexadecimal;
use super::registers;
use idreg_runtime::regs::DESCRIPTION;
use rustix::io::Errno;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;

const CPUINFO: &str = "/proc/cpuinfo";
const MEMINFO: &str = "/proc/meminfo";

/// `HWCAP_CPUID` of the first word: the kernel emulates reads of ID registers
/// (Linux 7.2, `arch/arm64/include/uapi/asm/hwcap.h`).
const HWCAP_CPUID: u64 = 1 << 11;

/// One CPU, as a program of the guest sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuReport {
    /// The CPU's number.
    pub cpu: usize,
    /// The words of its line `Features` in `/proc/cpuinfo`.
    pub cpuinfo_features: Vec<String>,
    /// `AT_HWCAP`.
    pub hwcap: Hexadecimal,
    /// `AT_HWCAP2`.
    pub hwcap2: Hexadecimal,
    /// Values that `MRS` reads, by register name; the kernel masks fields that it does not export.
    pub registers: BTreeMap<String, Hexadecimal>,
    /// By instruction: `runs`, or the name of the signal with which it ends a process.
    pub instructions: BTreeMap<String, String>,
    /// The memory of the whole guest, in KiB, without the kernel's own reserve.
    pub memory_kib: u64,
}

/// Errors of reporting on a CPU.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The kernel does not let this process run on the CPU.
    #[error("cannot run on CPU {cpu}")]
    Pin {
        /// The CPU.
        cpu: usize,
        /// The cause.
        source: Errno,
    },
    /// The kernel does not list the CPUs.
    #[error("cannot list the CPUs")]
    Cpus(#[source] Errno),
    /// A file of the kernel cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// A file of the kernel lacks an entry.
    #[error("{path} has no {what}")]
    Missing {
        /// The file.
        path: &'static str,
        /// The missing entry.
        what: String,
    },
    /// An instruction could not be tried.
    #[error(transparent)]
    Attempt(#[from] AttemptError),
}

/// The CPUs that this process may run on: all that are online, for the first program.
///
/// # Errors
///
/// [`ReportError::Cpus`].
pub fn cpus() -> Result<Vec<usize>, ReportError> {
    let set = sched_getaffinity(None).map_err(ReportError::Cpus)?;
    let all = 0..CpuSet::MAX_CPU;
    Ok(all.filter(|&cpu| set.is_set(cpu)).collect())
}

impl CpuReport {
    /// Moves this process to a CPU and reads the CPU's features and registers there.
    ///
    /// # Errors
    ///
    /// Every variant of [`ReportError`].
    pub fn read(cpu: usize) -> Result<Self, ReportError> {
        let mut set = CpuSet::new();
        set.set(cpu);
        sched_setaffinity(None, &set).map_err(|source| ReportError::Pin { cpu, source })?;
        let (hwcap, hwcap2) = rustix::param::linux_hwcap();
        let (hwcap, hwcap2) = (Hexadecimal(hwcap as u64), Hexadecimal(hwcap2 as u64));
        let instructions = instructions()?.into_iter();
        Ok(Self {
            cpu,
            cpuinfo_features: features(&text(CPUINFO)?, cpu)?,
            hwcap,
            hwcap2,
            registers: known_registers(hwcap),
            instructions: instructions
                .map(|(name, outcome)| (name.to_owned(), outcome))
                .collect(),
            memory_kib: memory(&text(MEMINFO)?)?,
        })
    }
}

/// Registers that the description knows; empty if the kernel does not emulate their reads.
fn known_registers(hwcap: Hexadecimal) -> BTreeMap<String, Hexadecimal> {
    let emulated = hwcap.0 & HWCAP_CPUID != 0;
    let read = emulated.then(registers::read_all).into_iter().flatten();
    let known = read.filter_map(|(encoding, value)| {
        let register = DESCRIPTION
            .registers
            .iter()
            .find(|register| register.encoding == encoding)?;
        Some((register.name.to_owned(), Hexadecimal(value)))
    });
    known.collect()
}

fn text(path: &'static str) -> Result<String, ReportError> {
    fs::read_to_string(path).map_err(|source| ReportError::Read { path, source })
}

/// The words of the line `Features` of one CPU.
fn features(cpuinfo: &str, cpu: usize) -> Result<Vec<String>, ReportError> {
    let mut current = None;
    for (name, value) in cpuinfo.lines().filter_map(|line| line.split_once(':')) {
        match name.trim() {
            "processor" => current = value.trim().parse().ok(),
            "Features" if current == Some(cpu) => {
                return Ok(value.split_whitespace().map(str::to_owned).collect());
            }
            _ => {}
        }
    }
    Err(ReportError::Missing {
        path: CPUINFO,
        what: format!("features of processor {cpu}"),
    })
}

/// The number in the line `MemTotal`.
fn memory(meminfo: &str) -> Result<u64, ReportError> {
    let total = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let number = total.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| ReportError::Missing {
        path: MEMINFO,
        what: "total".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_CPUS: &str = "\
processor\t: 0
BogoMIPS\t: 125.00
Features\t: fp asimd
CPU implementer\t: 0x41

processor\t: 1
Features\t: fp asimd sve

";

    #[test]
    fn each_cpu_has_its_own_features() {
        assert_eq!(features(TWO_CPUS, 0).unwrap(), ["fp", "asimd"]);
        assert_eq!(features(TWO_CPUS, 1).unwrap(), ["fp", "asimd", "sve"]);
        let error = features(TWO_CPUS, 2).unwrap_err().to_string();
        assert_eq!(error, "/proc/cpuinfo has no features of processor 2");
    }

    #[test]
    fn memory_is_the_total() {
        assert_eq!(
            memory("MemTotal:      482916 kB\nMemFree: 1 kB\n").unwrap(),
            482_916
        );
        assert!(memory("MemFree: 1 kB\n").is_err());
    }

    #[test]
    fn reports_come_back_from_their_lines() {
        let line = [
            r#"{"cpu":1,"cpuinfo_features":["fp"],"hwcap":"0x00000000000008ff","#,
            r#""hwcap2":"0x0000000000000001","registers":{"MIDR_EL1":"0x00000000410fd0c0"},"#,
            r#""instructions":{"sve":"SIGILL"},"memory_kib":482916}"#,
        ]
        .concat();
        let report: CpuReport = serde_json::from_str(&line).unwrap();
        assert_eq!(report.registers["MIDR_EL1"], Hexadecimal(0x410f_d0c0));
        assert_eq!(serde_json::to_string(&report).unwrap(), line);
        assert!(serde_json::from_str::<Hexadecimal>("\"12\"").is_err());
    }

    #[test]
    fn this_process_may_run_somewhere() {
        assert!(!cpus().unwrap().is_empty());
    }
}
