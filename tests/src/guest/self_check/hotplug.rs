//! CPUs that go off and come back.

use super::fault::Fault;
use std::fs;
use std::path::{Path, PathBuf};

/// Directory of the CPUs (Linux 7.2, `Documentation/ABI/testing/sysfs-devices-system-cpu`).
const CPUS: &str = "/sys/devices/system/cpu";

/// Takes a CPU off line or puts it on line.
pub(super) fn set_online(cpu: usize, online: bool) -> Result<(), Fault> {
    set_in(Path::new(CPUS), cpu, online)
}

fn set_in(cpus: &Path, cpu: usize, online: bool) -> Result<(), Fault> {
    let path: PathBuf = cpus.join(format!("cpu{cpu}")).join("online");
    let failed = |source| Fault::File {
        path: path.display().to_string(),
        source,
    };
    // A CPU that cannot go off has no such file; writing must not create one.
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).open(&path).map_err(failed)?;
    let word = if online { b"1" } else { b"0" };
    std::io::Write::write_all(&mut file, word).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_without_the_file_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let cpus = directory.path();
        let message = set_in(cpus, 9, false).unwrap_err().to_string();
        assert!(message.ends_with("/cpu9/online"), "{message}");
        fs::create_dir(cpus.join("cpu1")).unwrap();
        let online = cpus.join("cpu1/online");
        for (state, text) in [(false, "0"), (true, "1")] {
            fs::write(&online, "").unwrap();
            set_in(cpus, 1, state).unwrap();
            assert_eq!(fs::read_to_string(&online).unwrap(), text);
        }
    }
}
