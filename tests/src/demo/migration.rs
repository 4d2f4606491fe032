//! Text of a guest that migrates: the commands, and its console with a host before each line.

use crate::guest::{WorkStatus, kernel_messages};
use std::time::Duration;

/// Longest line of a command, in columns.
const COLUMNS: usize = 100;

/// Indentation of the further lines of a command.
const INDENT: &str = "    ";

/// A command as it is typed on a host: an option and its values are on one line.
#[must_use]
pub fn typed(host: &str, program: &str, words: &[&str]) -> String {
    let mut lines = vec![format!("{host}$ {program}")];
    let mut words = words.iter().copied().peekable();
    while let Some(word) = words.next() {
        let mut piece = quoted(word);
        while let Some(value) = words.next_if(|next| !next.starts_with("--")) {
            piece = format!("{piece} {}", quoted(value));
        }
        match lines.last_mut() {
            // The line may end in a space and a backslash.
            Some(line) if line.len() + piece.len() + 3 <= COLUMNS => {
                *line = format!("{line} {piece}");
            }
            _ => lines.push(format!("{INDENT}{piece}")),
        }
    }
    lines.join(" \\\n") + "\n"
}

fn quoted(word: &str) -> String {
    if word.contains(char::is_whitespace) {
        format!("\"{word}\"")
    } else {
        word.to_owned()
    }
}

/// Console of a guest, on one host after another.
#[derive(Debug)]
pub struct Transcript {
    /// Length of the longest name of a host.
    width: usize,
    /// Number of the kernel's messages that were shown.
    shown: usize,
}

impl Transcript {
    /// A transcript of the hosts with these names.
    #[must_use]
    pub fn new(hosts: &[&str]) -> Self {
        let widths = hosts.iter().map(|host| host.len());
        Self {
            width: widths.max().unwrap_or(0),
            shown: 0,
        }
    }

    /// The kernel's messages on the console since the last call.
    pub fn messages(&mut self, host: &str, console: &str) -> String {
        let messages = kernel_messages(console);
        let new = messages.iter().skip(self.shown);
        let text = new.map(|message| self.line(host, message)).collect();
        self.shown = messages.len();
        text
    }

    /// The guest's answer about its work.
    #[must_use]
    pub fn status(&self, host: &str, status: &WorkStatus) -> String {
        let uptime = Duration::from_nanos(status.time.monotonic_ns).as_secs_f64();
        let gap = Duration::from_nanos(status.gaps.monotonic_ns).as_millis();
        let cpus = status.cpus.iter();
        let cpus = cpus.map(|cpu| format!("{} on CPU {}", cpu.memory_rounds, cpu.cpu));
        let work = cpus.collect::<Vec<_>>().join(", ");
        let text = format!("up {uptime:.1} s; memory rounds: {work}; longest clock gap: {gap} ms");
        self.line(host, &text)
    }

    /// A line of a host.
    #[must_use]
    pub fn line(&self, host: &str, text: &str) -> String {
        format!("{host:0$} | {text}\n", self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::{CpuStatus, Gaps, Time};

    #[test]
    fn option_stays_with_its_values_on_lines_that_fit() {
        let model = "m".repeat(85);
        let words = [
            "run", "--append", "a b", "--smp", "2", "--cpu", &model, "--json",
        ];
        let expected = format!(
            "a76$ vmm-demo run --append \"a b\" --smp 2 \\\n    --cpu {model} \\\n    --json\n"
        );
        assert_eq!(typed("a76", "vmm-demo", &words), expected);
    }

    #[test]
    fn message_is_shown_once_with_the_host_where_it_was_printed() {
        let mut transcript = Transcript::new(&["neoverse-n1", "cortex-a76"]);
        let mut console = "[    1.000000] one\r\n{}\r\n[    2.0".to_owned();
        let shown = transcript.messages("neoverse-n1", &console);
        assert_eq!(shown, "neoverse-n1 | [    1.000000] one\n");
        console += "00000] two\r\n";
        let shown = transcript.messages("cortex-a76", &console);
        assert_eq!(shown, "cortex-a76  | [    2.000000] two\n");
        assert_eq!(transcript.messages("cortex-a76", &console), "");
    }

    #[test]
    fn status_has_the_work_and_the_longest_pause() {
        let cpu = CpuStatus {
            cpu: 0,
            memory_rounds: 12,
            clock_reads: 0,
            ticks: 0,
            most_wakeups: 0,
            timer_interrupts: 0,
            most_timer_interrupts: 0,
            vector_bytes: 16,
            vector_rounds: 0,
        };
        let status = WorkStatus {
            cpus: vec![cpu.clone(), CpuStatus { cpu: 1, ..cpu }],
            time: Time {
                monotonic_ns: 31_240_000_000,
                realtime_ns: 0,
                counter: 0,
                counter_hz: 62_500_000,
            },
            gaps: Gaps {
                monotonic_ns: 412_700_000,
                realtime_ns: 0,
                counter_ns: 0,
            },
        };
        assert_eq!(
            Transcript::new(&["a"]).status("a", &status),
            "a | up 31.2 s; memory rounds: 12 on CPU 0, 12 on CPU 1; longest clock gap: 412 ms\n"
        );
    }
}
