//! The implementation of each CPU.

use crate::host::Implementation;
use crate::number;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The directory of the machine's CPUs, each with its identification registers
/// (Linux 7.2, `Documentation/ABI/testing/sysfs-devices-system-cpu`).
const CPUS: &str = "/sys/devices/system/cpu";
/// The file with the numbers of the machine's CPUs.
const PRESENT: &str = "/sys/devices/system/cpu/present";
/// The file with the fields of the MIDR_EL1 of each CPU that is online (Linux 7.2,
/// `arch/arm64/kernel/cpuinfo.c`, `c_show`).
const CPU_INFO: &str = "/proc/cpuinfo";
/// The maximum size of a sysfs file, a page if pages are small; the files read here have one line.
const SYSFS_FILE: usize = 4096;
/// More CPUs than Linux supports (Linux 7.2, `arch/arm64/Kconfig`, `NR_CPUS`).
const CPU_NUMBERS: u32 = 1 << 16;
/// MIDR_EL1.Architecture of every CPU with ID registers (Arm ARM, MIDR_EL1), in its place;
/// `/proc/cpuinfo` does not have it.
const ARCHITECTURE: u64 = 0xf << 16;

/// The error of a file of the kernel that has another form than the kernel's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` holds `{text}`, expected {expected}", path.to_string_lossy())]
#[non_exhaustive]
pub struct UnexpectedContent {
    /// The file.
    pub path: PathBuf,
    /// Its content, or the line in question.
    pub text: String,
    /// The form of the kernel's own content.
    pub expected: &'static str,
}

impl UnexpectedContent {
    fn new(path: &Path, text: &str, expected: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            expected,
        }
    }
}

/// The content of a file, or `None` if this process cannot read it.
type Reader<'r> = &'r dyn Fn(&Path) -> Option<String>;

/// The implementation of every CPU, in the order of their numbers; none if this process cannot read
/// the files.
///
/// Linux shows no registers of a CPU that is offline (Linux 7.2, `arch/arm64/kernel/cpuinfo.c`,
/// `cpuid_cpu_offline`). A register that cannot be read is `None`.
///
/// # Errors
///
/// [`UnexpectedContent`] if a file can be read and has another form than the kernel's.
pub fn implementations() -> Result<Vec<Implementation>, UnexpectedContent> {
    implementations_with(&read)
}

/// The MIDR_EL1 of every CPU that is online, without the other registers; the result of
/// [`implementations`] if they differ, or if this process cannot read `/proc/cpuinfo`.
///
/// This opens one file where [`implementations`] opens three for each CPU. CPUs with the same
/// MIDR_EL1 may differ in REVIDR_EL1 and AIDR_EL1, which no file shows for all CPUs. But no value
/// that KVM reports depends on these two: KVM has their values on the boot CPU, wherever the vCPU
/// is (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `init_imp_id_regs`).
///
/// # Errors
///
/// The error of [`implementations`].
pub fn midrs() -> Result<Vec<Implementation>, UnexpectedContent> {
    midrs_with(&read_whole, &read)
}

fn midrs_with(
    read_whole: Reader<'_>,
    read: Reader<'_>,
) -> Result<Vec<Implementation>, UnexpectedContent> {
    let path = Path::new(CPU_INFO);
    let Some(text) = read_whole(path) else {
        return implementations_with(read);
    };
    let cpus = cpu_info(&text)
        .map_err(|line| UnexpectedContent::new(path, line, "a number after the colon"))?;
    let same = |cpus: &[Implementation]| matches!(cpus, [one, other] if one.midr == other.midr);
    if cpus.windows(2).all(same) {
        Ok(cpus)
    } else {
        implementations_with(read)
    }
}

/// The CPUs in the text of `/proc/cpuinfo`, or the line that has no number where it should. CPUs of
/// other architectures have no MIDR_EL1.
fn cpu_info(text: &str) -> Result<Vec<Implementation>, &str> {
    let mut cpus: Vec<Implementation> = Vec::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let (key, value) = (key.trim_end(), value.trim());
        let shift = match key {
            "processor" => {
                cpus.push(Implementation {
                    cpu: value.parse().map_err(|_| line)?,
                    midr: None,
                    revidr: None,
                    aidr: None,
                });
                continue;
            }
            "CPU implementer" => 24,
            "CPU variant" => 20,
            "CPU part" => 4,
            "CPU revision" => 0,
            _ => continue,
        };
        let number: u16 = match value.strip_prefix("0x") {
            Some(hexadecimal) => u16::from_str_radix(hexadecimal, 16),
            None => value.parse(),
        }
        .map_err(|_| line)?;
        let cpu = cpus.last_mut().ok_or(line)?;
        cpu.midr = Some(cpu.midr.unwrap_or(ARCHITECTURE) | u64::from(number) << shift);
    }
    Ok(cpus)
}

/// The registers of an implementation, by the names of their files.
const REGISTERS: [&str; 3] = ["midr_el1", "revidr_el1", "aidr_el1"];

fn implementations_with(read: Reader<'_>) -> Result<Vec<Implementation>, UnexpectedContent> {
    let path = Path::new(PRESENT);
    // Not the directory: it has other entries too, and reading it takes as long as all the files
    // read from it.
    let Some(list) = read(path) else {
        return Ok(Vec::new());
    };
    let cpus = cpus_of(&list)
        .ok_or_else(|| UnexpectedContent::new(path, &list, "CPUs such as `0-3,8`"))?;
    let mut shown = REGISTERS.map(|_| true);
    let mut implementations = Vec::with_capacity(cpus.len());
    for cpu in cpus {
        let mut values = [None; REGISTERS.len()];
        for ((name, value), shown) in REGISTERS.iter().zip(&mut values).zip(&shown) {
            if *shown {
                let path = format!("{CPUS}/cpu{cpu}/regs/identification/{name}");
                *value = register(Path::new(&path), read)?;
            }
        }
        let [midr, revidr, aidr] = values;
        if midr.is_some() {
            // Every CPU that is online has the same files (Linux 7.2, arch/arm64/kernel/cpuinfo.c,
            // cpuregs_id_attrs): AIDR_EL1 is in none of them before Linux 6.16.
            shown = values.map(|value| value.is_some());
        }
        implementations.push(Implementation {
            cpu,
            midr,
            revidr,
            aidr,
        });
    }
    Ok(implementations)
}

/// The number of a CPU.
fn cpu_number(text: &str) -> Option<u32> {
    u32::try_from(number::parse(text).ok()?).ok()
}

/// The numbers in a list such as `0-3,8` (Linux 7.2, `Documentation/admin-guide/cputopology.rst`),
/// ascending.
fn cpus_of(text: &str) -> Option<Vec<u32>> {
    let mut cpus = Vec::new();
    for range in text.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (cpu_number(first)?, cpu_number(last)?);
        if first > last || last >= CPU_NUMBERS {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus)
}

fn register(path: &Path, read: Reader<'_>) -> Result<Option<u64>, UnexpectedContent> {
    let Some(text) = read(path) else {
        return Ok(None);
    };
    let is_hexadecimal = text.starts_with("0x");
    match number::parse(&text) {
        Ok(value) if is_hexadecimal => Ok(Some(value)),
        _ => Err(UnexpectedContent::new(
            path,
            &text,
            "a hexadecimal number such as `0x00000000410fd803`",
        )),
    }
}

/// Reads a sysfs file, which has one line, without its newline.
fn read(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    // The file returns its whole content at once, and is not asked for more.
    let mut bytes = [0; SYSFS_FILE];
    let length = file.read(&mut bytes).ok()?;
    Some(text(bytes.get(..length)?))
}

/// Reads a whole file without its last newline.
fn read_whole(path: &Path) -> Option<String> {
    Some(text(&std::fs::read(path).ok()?))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::fmt::Write;

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

    /// The files of a machine, and the paths that were opened.
    #[derive(Default)]
    struct Files {
        content: BTreeMap<PathBuf, String>,
        opened: RefCell<Vec<PathBuf>>,
    }

    impl Files {
        fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) {
            self.content.insert(path.into(), text.into());
        }

        fn read(&self, path: &Path) -> Option<String> {
            self.opened.borrow_mut().push(path.to_owned());
            self.content.get(path).cloned()
        }

        fn all(&self) -> Result<Vec<Implementation>, UnexpectedContent> {
            implementations_with(&|path| self.read(path))
        }

        fn midrs(&self) -> Result<Vec<Implementation>, UnexpectedContent> {
            midrs_with(&|path| self.read(path), &|path| self.read(path))
        }

        fn opens(&self) -> usize {
            self.opened.take().len()
        }
    }

    fn file(cpu: u32, register: &str) -> PathBuf {
        format!("{CPUS}/cpu{cpu}/regs/identification/{register}").into()
    }

    fn implementation(
        cpu: u32,
        midr: Option<u64>,
        revidr: Option<u64>,
        aidr: Option<u64>,
    ) -> Implementation {
        Implementation {
            cpu,
            midr,
            revidr,
            aidr,
        }
    }

    /// The kernel's files for CPUs with these registers; a CPU without a MIDR_EL1 is offline.
    fn machine(cpus: &[Implementation]) -> Files {
        let mut files = Files::default();
        let numbers: Vec<String> = cpus.iter().map(|one| one.cpu.to_string()).collect();
        files.add(format!("{CPUS}/present"), numbers.join(","));
        let mut info = String::new();
        for one in cpus {
            let values = [one.midr, one.revidr, one.aidr];
            for (register, value) in REGISTERS.iter().zip(values) {
                if let Some(value) = value {
                    files.add(file(one.cpu, register), format!("{value:#018x}"));
                }
            }
            let Some(midr) = one.midr else { continue };
            write!(
                info,
                "processor\t: {}\nBogoMIPS\t: 125.00\nFeatures\t: fp asimd\n\
                 CPU implementer\t: {:#04x}\nCPU architecture: 8\nCPU variant\t: {:#x}\n\
                 CPU part\t: {:#05x}\nCPU revision\t: {}\n\n",
                one.cpu,
                midr >> 24 & 0xff,
                midr >> 20 & 0xf,
                midr >> 4 & 0xfff,
                midr & 0xf
            )
            .unwrap();
        }
        files.add(CPU_INFO, info);
        files
    }

    /// CPUs of the Arm Neoverse V1, r1p1.
    fn equal(cpus: u32, aidr: Option<u64>) -> Vec<Implementation> {
        (0..cpus)
            .map(|cpu| implementation(cpu, Some(0x411f_d401), Some(0), aidr))
            .collect()
    }

    #[test]
    fn each_cpu_has_its_registers_unless_it_is_offline() {
        let cpus = [
            implementation(0, Some(0x410f_d803), Some(1), None),
            implementation(2, None, None, None),
            implementation(10, Some(0x410f_d461), Some(0), None),
        ];
        assert_eq!(machine(&cpus).all().unwrap(), cpus);
    }

    #[test]
    fn midrs_come_from_one_file_where_all_are_equal() {
        let cpus = equal(192, Some(0));
        let files = machine(&cpus);
        let midrs: Vec<_> = (0..192)
            .map(|cpu| implementation(cpu, Some(0x411f_d401), None, None))
            .collect();
        assert_eq!(files.midrs().unwrap(), midrs);
        assert_eq!(files.opens(), 1);
        assert_eq!(files.all().unwrap(), cpus);
        assert_eq!(files.opens(), 1 + 3 * 192);
    }

    #[test]
    fn midrs_that_differ_bring_every_register() {
        let mut cpus = equal(4, Some(0));
        cpus[3] = implementation(3, Some(0x410f_d461), Some(7), Some(8));
        assert_eq!(machine(&cpus).midrs().unwrap(), cpus);
    }

    #[test]
    fn a_register_that_the_first_cpu_does_not_show_is_looked_for_once() {
        let mut cpus = vec![implementation(0, None, None, None)];
        cpus.extend(equal(8, None).into_iter().skip(1));
        let files = machine(&cpus);
        assert_eq!(files.all().unwrap(), cpus);
        assert_eq!(files.opens(), 1 + 3 + 3 + 2 * 6);
    }

    #[test]
    fn without_cpuinfo_the_registers_come_from_sysfs() {
        let cpus = equal(2, Some(3));
        let mut files = machine(&cpus);
        files.content.remove(Path::new(CPU_INFO));
        assert_eq!(files.midrs().unwrap(), cpus);
    }

    #[test]
    fn without_files_nothing_is_known() {
        let files = Files::default();
        assert_eq!(files.all(), Ok(Vec::new()));
        assert_eq!(files.midrs(), Ok(Vec::new()));
    }

    #[test]
    fn cpus_of_other_architectures_have_no_midr() {
        let mut files = Files::default();
        files.add(CPU_INFO, "processor\t: 0\nvendor_id\t: GenuineIntel\n");
        assert_eq!(files.midrs(), Ok(vec![implementation(0, None, None, None)]));
    }

    #[test]
    fn content_that_is_not_the_kernels_is_named() {
        let mut files = machine(&equal(1, None));
        files.add(file(0, "midr_el1"), "fast");
        let text = files.all().unwrap_err().to_string();
        for part in [
            "cpu0/regs/identification/midr_el1` holds `fast`",
            "hexadecimal",
        ] {
            assert!(text.contains(part), "{text}");
        }
        files.add(format!("{CPUS}/present"), "all");
        let text = files.all().unwrap_err().to_string();
        assert!(
            text.contains("present` holds `all`, expected CPUs"),
            "{text}"
        );
        for (info, line) in [
            ("processor\t: one", "processor\t: one"),
            ("processor: 0\nCPU part\t: 0xf_f", "CPU part\t: 0xf_f"),
            ("CPU revision: 1", "CPU revision: 1"),
        ] {
            files.add(CPU_INFO, info);
            assert_eq!(files.midrs().unwrap_err().text, line);
        }
    }
}
