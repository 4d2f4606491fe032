//! Counts ioctls with the kernel's tracing.
//!
//! Linux 7.2, `Documentation/trace/ftrace.rst` and `events.rst`: files below one directory switch
//! an event on for one thread, and another file holds the recorded events.

use idreg_runtime::kvm::{CREATE_IOCTLS, INIT_IOCTLS, PLAN_IOCTLS};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Mount point of tracefs.
const TRACEFS: &str = "/sys/kernel/tracing";
/// The event at the entry of every system call.
const EVENT: &str = "events/raw_syscalls/sys_enter";
/// System call number of `ioctl` (Linux 7.2, `scripts/syscall.tbl`).
const IOCTL: u32 = 29;

/// Number of calls of each ioctl, by name.
pub(super) type Counts = BTreeMap<String, u64>;

/// Tracing of the ioctls of this thread, switched off on drop.
#[derive(Debug)]
pub(super) struct Trace {
    directory: PathBuf,
}

impl Trace {
    /// Switches tracing on, which disturbs other users of tracing on this machine.
    ///
    /// # Errors
    ///
    /// An I/O error if tracefs is not mounted, or if its files belong to another user.
    pub(super) fn new() -> io::Result<Self> {
        let trace = Self {
            directory: TRACEFS.into(),
        };
        trace.write("tracing_on", "0")?;
        trace.write("current_tracer", "nop")?;
        // Commands run on the first thread, whose id is that of the process.
        trace.write("set_event_pid", &std::process::id().to_string())?;
        trace.write(&format!("{EVENT}/filter"), &format!("id=={IOCTL}"))?;
        trace.write(&format!("{EVENT}/enable"), "1")?;
        Ok(trace)
    }

    /// Runs `work` and counts its ioctls.
    pub(super) fn counts<T>(&self, work: impl FnOnce() -> T) -> io::Result<(T, Counts)> {
        // Opening the file for writing empties it.
        self.write("trace", "")?;
        self.write("tracing_on", "1")?;
        let result = work();
        self.write("tracing_on", "0")?;
        let text = fs::read_to_string(self.directory.join("trace"))?;
        Ok((result, counts(&text)))
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.directory.join(Path::new(file)), text)
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        // Restores the state after boot. A file that cannot be written now was not changed before.
        let _ = self.write(&format!("{EVENT}/enable"), "0");
        let _ = self.write(&format!("{EVENT}/filter"), "0");
        let _ = self.write("set_event_pid", "");
        let _ = self.write("trace", "");
        let _ = self.write("tracing_on", "1");
    }
}

/// Counts of the ioctls in a trace. Its lines are
/// `TASK-PID [CPU] FLAGS TIME: sys_enter: NR 29 (FD, REQUEST, ...)`; numbers in parentheses are
/// hexadecimal.
fn counts(text: &str) -> Counts {
    let mut counts = Counts::new();
    for request in text.lines().filter_map(request) {
        let lists = [PLAN_IOCTLS, INIT_IOCTLS, CREATE_IOCTLS];
        let mut ioctls = lists.into_iter().flatten();
        let known = ioctls.find(|ioctl| u64::from(ioctl.number) == request);
        let name = known.map_or_else(|| format!("{request:#x}"), |ioctl| ioctl.name.to_owned());
        *counts.entry(name).or_default() += 1;
    }
    counts
}

fn request(line: &str) -> Option<u64> {
    let (_, arguments) = line.split_once(&format!("sys_enter: NR {IOCTL} ("))?;
    let request = arguments.split(", ").nth(1)?;
    // A C library with requests of type `int` extends the sign into the upper half.
    Some(u64::from_str_radix(request, 16).ok()? & u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_name() {
        let text = "# tracer: nop\n\
             vmm-demo-12 [000] ..... 1.5: sys_enter: NR 29 (3, ae03, e6, 0, 0, 0)\n\
             vmm-demo-12 [000] ..... 1.6: sys_enter: NR 29 (3, ae03, ef, 0, 0, 0)\n\
             vmm-demo-12 [000] ..... 1.7: sys_enter: NR 57 (5, 0, 0, 0, 0, 0)\n\
             vmm-demo-12 [000] ..... 1.8: sys_enter: NR 29 (3, 5401, 0, 0, 0, 0)\n\
             vmm-demo-12 [000] ..... 1.9: sys_enter: NR 29 (4, ffffffff8020aeaf, 0, 0, 0, 0)\n";
        let expected = [
            ("0x5401", 1),
            ("KVM_ARM_PREFERRED_TARGET", 1),
            ("KVM_CHECK_EXTENSION", 2),
        ];
        let expected = expected.map(|(name, count)| (name.to_owned(), count));
        assert_eq!(counts(text), Counts::from(expected));
    }
}
