//! The weights of hosts, such as the numbers of their guests.

use crate::output;
use crate::output::failure::Failure;
use crate::output::{escaped, escaped_path};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

/// The error of a file of weights that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the file of weights `{}`: {message}", escaped_path(.path))]
struct WeightsError {
    path: PathBuf,
    message: String,
}

/// The weights of hosts by their names, and the hosts that have none.
#[derive(Default)]
pub(super) struct Weights {
    /// `None` if every host has the weight 1.
    by_name: Option<HashMap<String, u64>>,
    /// The first host without a weight, and the number of the others.
    without: Option<(String, u64)>,
}

impl Weights {
    /// Reads a file with the name of a host and its weight in each line.
    pub(super) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let by_name = path.map(|path| {
            read(path).map_err(|message| {
                let path = path.to_owned();
                Failure::Unusable(Box::new(WeightsError { path, message }))
            })
        });
        Ok(Self {
            by_name: by_name.transpose()?,
            without: None,
        })
    }

    /// A host's weight: 1 without a file, and 0 for a host that the file does not have.
    pub(super) fn of(&mut self, name: &str) -> u64 {
        let Some(by_name) = &self.by_name else {
            return 1;
        };
        if let Some(weight) = by_name.get(name) {
            return *weight;
        }
        match &mut self.without {
            Some((_, others)) => *others += 1,
            None => self.without = Some((name.to_owned(), 0)),
        }
        0
    }

    /// Warns about hosts that the file does not have.
    pub(super) fn warn(&self) {
        let Some((first, others)) = &self.without else {
            return;
        };
        let hosts = match others {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        output::warnings(&[format!(
            "{}{hosts}: not in the file of weights, so of weight 0",
            escaped(first)
        )]);
    }
}

fn read(path: &Path) -> Result<HashMap<String, u64>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut by_name = HashMap::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let in_line = |message: String| format!("line {}: {message}", number + 1);
        let line = line.map_err(|error: io::Error| in_line(error.to_string()))?;
        if line.trim().is_empty() {
            continue;
        }
        let (name, weight) = entry(&line).map_err(in_line)?;
        if by_name.insert(name.to_owned(), weight).is_some() {
            let name = escaped(name);
            return Err(in_line(format!("`{name}` has a weight already; keep one")));
        }
    }
    Ok(by_name)
}

/// The name in a line, which may have spaces, and the weight after the last of them.
fn entry(line: &str) -> Result<(&str, u64), String> {
    let parts = line.trim().rsplit_once(char::is_whitespace);
    let entry = parts.and_then(|(name, weight)| Some((name.trim_end(), weight.parse().ok()?)));
    entry.ok_or_else(|| {
        format!(
            "`{}` is not a name and a whole number, such as `hosts/a.json 12`",
            escaped(line)
        )
    })
}
