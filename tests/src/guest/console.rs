//! The guest's lines in the output of its console.

/// Digits of the microseconds in the time of a kernel message.
const MICROSECONDS: usize = 6;

/// The guest's JSON lines that are complete, without the [kernel's messages](kernel_messages).
///
/// Program and kernel write to one terminal, and the kernel prints between any two bytes of the
/// program. The program's line goes on after the kernel's.
#[must_use]
pub fn json_lines(console: &str) -> Vec<String> {
    let said = Parts::of(console).said;
    let complete = said
        .split_inclusive('\n')
        .filter(|line| line.starts_with('{') && line.ends_with('\n'));
    complete.map(|line| line.trim_end().to_owned()).collect()
}

/// The kernel's messages that are complete, each with its time.
#[must_use]
pub fn kernel_messages(console: &str) -> Vec<&str> {
    Parts::of(console).messages
}

/// Text of the program, and the kernel's messages between it.
struct Parts<'a> {
    said: String,
    messages: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(console: &'a str) -> Self {
        let mut said = String::with_capacity(console.len());
        let mut messages = Vec::new();
        let mut rest = console;
        while let Some(start) = rest.find(['[', '*']) {
            let (before, from) = rest.split_at(start);
            said.push_str(before);
            let end = from.find('\n');
            let (line, after) = from.split_at(end.map_or(from.len(), |end| end + 1));
            if has_time(line) {
                messages.extend(end.map(|_complete| line.trim_end()));
                rest = after;
            } else if is_about_messages(line) {
                rest = after;
            } else {
                let (first, others) = from.split_at(1);
                said.push_str(first);
                rest = others;
            }
        }
        said.push_str(rest);
        Self { said, messages }
    }
}

/// True for a message: it begins with its time, such as `[   12.345678] `, which no line of the
/// program contains (Linux 7.2, `kernel/printk/printk.c`, `print_time`; Debian's kernels have
/// `CONFIG_PRINTK_TIME`).
fn has_time(line: &str) -> bool {
    let time = line.strip_prefix('[').and_then(|line| line.split_once(']'));
    let Some((seconds, fraction)) = time.and_then(|(time, _)| time.split_once('.')) else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number(seconds.trim_start()) && is_number(fraction) && fraction.len() == MICROSECONDS
}

/// True for the line before a message that follows a gap, or is printed once more (Linux 7.2,
/// `kernel/printk/printk.c`, `console_prepend_dropped` and `console_prepend_replay`).
fn is_about_messages(line: &str) -> bool {
    let words = line.strip_prefix("** ").map(str::trim_end);
    let words = words.and_then(|words| words.strip_suffix(" **"));
    words.is_some_and(|words| {
        words.ends_with(" printk messages dropped") || words == "replaying previous printk message"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_although_the_kernel_prints_inside_them() {
        let console = "\
[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x000f0510]\r
{\"cpu\":0,\"features\":[\"fp\",\"as[   81.809547] rcu: \t0-...0: (1 GPs behind)\r
imd\"]}\r
{\"cpu\":1}[ 1000.419681] rcu: \t(detected by 2, t=5512 jiffies)\r
[ 1000.419682] watchdog: CPU15: Watchdog detected hard LOCKUP on cpu 16\r
\r
[ 1000.419683] {\"cpu\":2}\r
typed\r
{\"ready\":** 217 printk messages dropped **\r
[ 1000.419684] and this one is not\r
true}** replaying previous printk message **\r
[ 1000.419684] and this one is not\r
\r
[ 1000.419684] reboot: Power down\r
";
        assert_eq!(
            json_lines(console),
            [
                r#"{"cpu":0,"features":["fp","asimd"]}"#,
                r#"{"cpu":1}"#,
                r#"{"ready":true}"#
            ]
        );
    }

    #[test]
    fn messages_are_those_of_the_kernel_alone() {
        let console = "\
{\"cpu\":0,\"as[   81.809547] psci: CPU1 killed (polled 0 ms)\r
imd\"}\r
online 1\r
[   82.000001] CPU1: Booted secondary processor 0x0000000001 [0x414fd0c1]\r
** 3 printk messages dropped **\r
[   82.000002] cut";
        assert_eq!(
            kernel_messages(console),
            [
                "[   81.809547] psci: CPU1 killed (polled 0 ms)",
                "[   82.000001] CPU1: Booted secondary processor 0x0000000001 [0x414fd0c1]",
            ]
        );
    }

    #[test]
    fn line_counts_once_it_is_complete() {
        assert_eq!(json_lines("{\"a\":1}\n{\"b\""), [r#"{"a":1}"#]);
        assert!(json_lines("{\"b\"[    1.000000] message").is_empty());
        assert!(json_lines("{\"b\":2}[    1.000000] message\r\n").is_empty());
    }

    #[test]
    fn brackets_of_the_program_stay() {
        for line in [
            r#"{"a":[]}"#,
            r#"{"a":[1.5, 2]}"#,
            r#"{"a":"[ 1.23] ** b **"}"#,
            r#"{"a":"[.123456] "}"#,
            r#"{"a":["[1.1234567] "]}"#,
        ] {
            assert_eq!(json_lines(&format!("{line}\n")), [line]);
        }
    }
}
