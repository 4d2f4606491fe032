//! CommandTimes commands that run in turn, each as a whole process, and prints the times as JSON.
//!
//! `measure [--count N] [--until TEXT] [--collect FILE] -- COMMAND... [--- COMMAND...]...` runs
//! A B A B ..., so that changes on the machine affect all commands alike. It measures milliseconds
//! from the start of a process to the first line of its standard output with TEXT in it, and to its
//! end. FILE is a JSON report that a command writes itself: the values of its member `start_us` are
//! printed for every round too.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

#[derive(Debug, thiserror::Error)]
enum MeasureError {
    #[error(
        "usage: measure [--count N] [--until TEXT] [--collect FILE] -- COMMAND... \
         [--- COMMAND...]..."
    )]
    Usage,
    #[error("cannot run `{command}`")]
    Run { command: String, source: io::Error },
    #[error("`{command}` ended with {status}")]
    Failed { command: String, status: String },
    #[error("`{command}` printed no `{text}`")]
    NoText { command: String, text: String },
    #[error("`{file}` is no report with `start_us`")]
    Report { file: String },
}

/// Task from the command line.
#[derive(Default)]
struct Task {
    count: usize,
    until: Option<String>,
    collect: Option<String>,
    commands: Vec<Vec<String>>,
}

/// CommandTimes of one command.
#[derive(Default)]
struct CommandTimes {
    until_ms: Vec<f64>,
    end_ms: Vec<f64>,
    steps_us: BTreeMap<String, Vec<f64>>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut message = error.to_string();
            if let Some(cause) = std::error::Error::source(&error) {
                message = format!("{message}: {cause}");
            }
            eprintln!("measure: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), MeasureError> {
    let task = Task::parse(env::args().skip(1)).ok_or(MeasureError::Usage)?;
    let mut times: Vec<CommandTimes> = task
        .commands
        .iter()
        .map(|_| CommandTimes::default())
        .collect();
    for _ in 0..task.count {
        for (command, times) in task.commands.iter().zip(&mut times) {
            task.once(command, times)?;
        }
    }
    let commands = task.commands.iter().zip(&times);
    let shown: Vec<Value> = commands
        .map(|(command, times)| times.show(&command.join(" ")))
        .collect();
    println!("{}", Value::Array(shown));
    Ok(())
}

impl Task {
    fn parse(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let mut task = Self {
            count: 5,
            ..Self::default()
        };
        loop {
            match words.next()?.as_str() {
                "--count" => task.count = words.next()?.parse().ok()?,
                "--until" => task.until = Some(words.next()?),
                "--collect" => task.collect = Some(words.next()?),
                "--" => break,
                _ => return None,
            }
        }
        let words: Vec<String> = words.collect();
        let commands = words.split(|word| word == "---");
        task.commands = commands.map(<[String]>::to_vec).collect();
        let empty = task.commands.iter().any(Vec::is_empty);
        (!empty && task.count > 0).then_some(task)
    }

    fn once(&self, command: &[String], times: &mut CommandTimes) -> Result<(), MeasureError> {
        let name = command.join(" ");
        let failed = |source| MeasureError::Run {
            command: name.clone(),
            source,
        };
        let (program, arguments) = command.split_first().ok_or(MeasureError::Usage)?;
        let started = Instant::now();
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut until = None;
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).split(b'\n') {
                let line = line.map_err(failed)?;
                let line = String::from_utf8_lossy(&line);
                let found = self.until.as_ref().is_some_and(|text| line.contains(text));
                if found && until.is_none() {
                    until = Some(started.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
        let status = child.wait().map_err(failed)?;
        times.end_ms.push(started.elapsed().as_secs_f64() * 1e3);
        if !status.success() {
            let status = status.to_string();
            return Err(MeasureError::Failed {
                command: name,
                status,
            });
        }
        match (until, &self.until) {
            (Some(until), _) => times.until_ms.push(until),
            (None, None) => {}
            (None, Some(text)) => {
                let text = text.clone();
                return Err(MeasureError::NoText {
                    command: name,
                    text,
                });
            }
        }
        self.collect(times)
    }

    /// Reads and removes the command's own report, if it wrote one.
    fn collect(&self, times: &mut CommandTimes) -> Result<(), MeasureError> {
        let Some(file) = &self.collect else {
            return Ok(());
        };
        let Ok(text) = fs::read_to_string(file) else {
            return Ok(());
        };
        let report: Option<Value> = serde_json::from_str(&text).ok();
        let steps = report.and_then(|report| report.get("start_us")?.as_object().cloned());
        let steps = steps.ok_or_else(|| MeasureError::Report { file: file.clone() })?;
        for (step, took) in steps {
            let took = took.as_f64().unwrap_or_default();
            times.steps_us.entry(step).or_default().push(took);
        }
        // So that it does not count for the next command.
        fs::remove_file(file).map_err(|source| MeasureError::Run {
            command: format!("remove {file}"),
            source,
        })
    }
}

impl CommandTimes {
    fn show(&self, command: &str) -> Value {
        json!({
            "command": command,
            "until_ms": median(&self.until_ms),
            "end_ms": median(&self.end_ms),
            "all_until_ms": self.until_ms,
            "all_end_ms": self.end_ms,
            "start_us": self.steps_us,
        })
    }
}

/// The median, or `None` without values.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}
