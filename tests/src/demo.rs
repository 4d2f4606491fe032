//! Side-by-side comparison of guests: the CPU reports of two Linux guests, and in [`fleet`] the
//! registers of guests on two hosts. [`migration`] shows a guest that moves between them.

pub mod fleet;
pub mod migration;

use crate::guest::{CpuReport, json_lines};
use idreg_runtime::regs::DESCRIPTION;
use std::fmt::Write as _;

/// Errors of the demonstration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The guest printed no report of its CPU.
    #[error("the guest with `{model}` printed no report of its CPU; its console:\n{console}")]
    NoReport {
        /// The guest's model.
        model: String,
        /// The output on its console.
        console: String,
    },
    /// A command on a host failed.
    #[error("`{command}` on {host} ended with the exit code {code}:\n{said}")]
    Command {
        /// The command.
        command: String,
        /// The host's CPU.
        host: String,
        /// The exit code.
        code: i32,
        /// The standard error of the command.
        said: String,
    },
    /// The output of a command is not the JSON that it documents.
    #[error("cannot parse the output of `{command}` on {host}")]
    Json {
        /// The command.
        command: String,
        /// The host's CPU.
        host: String,
        /// The cause.
        source: serde_json::Error,
    },
    /// The guest found a fault, or ended by itself.
    #[error("the guest on {host} found a fault, or has ended; its console:\n{console}")]
    Guest {
        /// The host's CPU.
        host: String,
        /// The output on its console, and the messages of its process.
        console: String,
    },
    /// The hosts have no model in common.
    #[error("{} and {}: {reasons}", names[0], names[1])]
    NoModel {
        /// The CPUs of the hosts.
        names: [String; 2],
        /// The fields and facts that stand in the way.
        reasons: String,
    },
}

/// The first report on a guest's console.
///
/// # Errors
///
/// [`DemoError::NoReport`].
pub fn report(model: &str, console: &str) -> Result<CpuReport, DemoError> {
    let lines = json_lines(console);
    let report = lines
        .iter()
        .find_map(|line| serde_json::from_str(line).ok());
    report.ok_or_else(|| DemoError::NoReport {
        model: model.to_owned(),
        console: console.to_owned(),
    })
}

/// All differences between two guests, and counts of the rest.
#[must_use]
pub fn comparison(models: [&str; 2], reports: [&CpuReport; 2]) -> String {
    let [before, after] = reports;
    let mut rows = vec![Row::new("", models[0], models[1])];
    let (mut same, mut total) = (0, 0);
    for (name, seen) in &before.registers {
        let Some(other) = after.registers.get(name) else {
            continue;
        };
        total += 1;
        if seen == other {
            same += 1;
        } else {
            rows.push(Row::new(name, &seen.to_string(), &other.to_string()));
            rows.extend(fields(name, seen.0, other.0));
        }
    }
    let words = [
        ("HWCAP", before.hwcap, after.hwcap),
        ("HWCAP2", before.hwcap2, after.hwcap2),
    ];
    for (name, seen, other) in words {
        if seen != other {
            rows.push(Row::new(name, &seen.to_string(), &other.to_string()));
        }
    }
    let mut executed = 0;
    for (name, seen) in &before.instructions {
        match after.instructions.get(name) {
            Some(other) if other != seen => {
                rows.push(Row::new(&format!("executing {name}"), seen, other));
            }
            _ => executed += 1,
        }
    }
    let mut text = table(&rows);
    let (old, new) = (&before.cpuinfo_features, &after.cpuinfo_features);
    let gone: Vec<&str> = old
        .iter()
        .filter(|feature| !new.contains(feature))
        .map(String::as_str)
        .collect();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\ngone from /proc/cpuinfo: {}\n\
         the same in both: {} features of /proc/cpuinfo, {same} of {total} registers, \
         {executed} of {} instructions\n",
        if gone.is_empty() {
            "nothing".to_owned()
        } else {
            gone.join(" ")
        },
        new.iter().filter(|feature| old.contains(feature)).count(),
        before.instructions.len(),
    );
    text
}

/// The fields that differ in a register; empty for a register that is not in the description.
fn fields(register: &str, before: u64, after: u64) -> Vec<Row> {
    let Some(register) = DESCRIPTION.register(register) else {
        return Vec::new();
    };
    let fields = register.fields().filter_map(|of| {
        let (old, new) = (of.field.extract(before), of.field.extract(after));
        (old != new).then(|| {
            Row::new(
                &format!("  {}", of.field.name()),
                &of.field.show(old).to_string(),
                &of.field.show(new).to_string(),
            )
        })
    });
    fields.collect()
}

/// A table row.
struct Row(Vec<String>);

impl Row {
    fn new(name: &str, before: &str, after: &str) -> Self {
        Self::of([name, before, after])
    }

    fn of<const CELLS: usize>(cells: [&str; CELLS]) -> Self {
        Self(cells.map(str::to_owned).to_vec())
    }
}

/// Aligns the columns; every line ends with its last character.
fn table(rows: &[Row]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.0.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let line = |Row(cells): &Row| {
        let cells = cells.iter().enumerate();
        let cells = cells.map(|(column, cell)| format!("{cell:0$}", width(column)));
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = concat!(
        r#"{"cpu":0,"cpuinfo_features":["fp","asimddp","sve"],"#,
        r#""hwcap":"0x0000000000500001","hwcap2":"0x0000000000000002","#,
        r#""registers":{"ID_AA64ISAR0_EL1":"0x1221111110212120","#,
        r#""ID_AA64PFR0_EL1":"0x0001000100110011","MIDR_EL1":"0x00000000000f0510"},"#,
        r#""instructions":{"dotprod":"runs","sve":"runs"},"memory_kib":1}"#,
    );
    const AFTER: &str = concat!(
        r#"{"cpu":0,"cpuinfo_features":["fp"],"#,
        r#""hwcap":"0x0000000000000001","hwcap2":"0x0000000000000002","#,
        r#""registers":{"ID_AA64ISAR0_EL1":"0x1221011110212120","#,
        r#""ID_AA64PFR0_EL1":"0x0001000000110011","MIDR_EL1":"0x00000000000f0510"},"#,
        r#""instructions":{"dotprod":"runs","sve":"SIGILL"},"memory_kib":1}"#,
    );

    #[test]
    fn differences_are_shown_by_field_and_the_rest_is_counted() {
        let console = format!("[    1.0] booting\n{BEFORE}\n");
        let before = report("host", &console).unwrap();
        let after = report("host,x", &format!("{AFTER}\n")).unwrap();
        let shown = comparison(["host", "host,x"], [&before, &after]);
        let expected = "                  host                host,x
ID_AA64ISAR0_EL1  0x1221111110212120  0x1221011110212120
  DP              0x1 (IMP)           0x0 (NI)
ID_AA64PFR0_EL1   0x0001000100110011  0x0001000000110011
  SVE             0x1 (IMP)           0x0 (NI)
HWCAP             0x0000000000500001  0x0000000000000001
executing sve     runs                SIGILL

gone from /proc/cpuinfo: asimddp sve
the same in both: 1 features of /proc/cpuinfo, 1 of 3 registers, 1 of 2 instructions
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn guest_without_a_report_is_an_error_with_its_console() {
        let error = report("host", "Kernel panic\n").unwrap_err().to_string();
        assert!(
            error.contains("`host`") && error.contains("Kernel panic"),
            "{error}"
        );
    }
}
