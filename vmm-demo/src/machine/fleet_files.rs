//! Reads fleet files: the hosts of parts of a fleet, by kind.

use super::document;
use crate::output::escaped;
use crate::output::failure::Failure;
use idreg_runtime::fleet::Fleet;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::vec;

/// The name of the kind of files in messages.
const KIND: &str = "fleet";

/// The error of a fleet file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the fleet file `{}`: {}", escaped(.name), escaped(.message))]
struct FleetFileError {
    name: String,
    message: String,
}

/// The fleets of files, in the order of the arguments.
///
/// A file has one fleet or several, one after the other. A directory stands for its files `*.json`
/// in the order of their names, except for those that begin with a dot; `-` stands for the standard
/// input. After a fleet that cannot be read follows the next file.
#[derive(Debug)]
pub struct FleetFiles {
    arguments: vec::IntoIter<PathBuf>,
    /// The files of a directory that are still to be read.
    directory: vec::IntoIter<PathBuf>,
}

impl FleetFiles {
    /// Fleets in files, directories and the standard input.
    #[must_use]
    pub fn new(arguments: Vec<PathBuf>) -> Self {
        Self {
            arguments: arguments.into_iter(),
            directory: Vec::new().into_iter(),
        }
    }

    /// Gives each fleet of the next file to `work`, and returns the result, or `None` after the
    /// last file.
    pub fn next_with(
        &mut self,
        work: impl FnMut(Fleet) -> Result<(), Failure>,
    ) -> Option<Result<(), Failure>> {
        loop {
            let from_directory = self.directory.next();
            let is_argument = from_directory.is_none();
            let path = from_directory.or_else(|| self.arguments.next())?;
            if is_argument && path.is_dir() {
                match document::json_files(&path, KIND) {
                    Ok(files) => self.directory = files.into_iter(),
                    Err(error) => return Some(Err(unusable(&path, &error.to_string()))),
                }
            } else {
                return Some(read(&path, work));
            }
        }
    }
}

/// Reads the fleets of a file.
fn read(path: &Path, mut work: impl FnMut(Fleet) -> Result<(), Failure>) -> Result<(), Failure> {
    let input = document::open(path).map_err(|error| unusable(path, &error.to_string()))?;
    let fleets = serde_json::Deserializer::from_reader(BufReader::new(input)).into_iter::<Fleet>();
    let mut count = 0;
    for fleet in fleets {
        work(fleet.map_err(|error| unusable(path, &error.to_string()))?)?;
        count += 1;
    }
    if count == 0 {
        return Err(unusable(
            path,
            "it is empty; write it again with `idreg baseline --partial`",
        ));
    }
    Ok(())
}

fn unusable(path: &Path, message: &str) -> Failure {
    Failure::Unusable(Box::new(FleetFileError {
        name: path.to_string_lossy().into_owned(),
        message: message.to_owned(),
    }))
}
