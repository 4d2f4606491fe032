//! Background jobs: work on a guest that goes on after its command was answered.

use crate::snapshot::memory::MemoryEncoding;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Name of a job, which the client that starts it chooses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct JobId(String);

/// A text that is no name of a job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Invalid job ID '{0}': it must begin with a letter, and have only letters, digits, '-', '.' \
     and '_' after it, at most {MAX_ID} characters in all"
)]
pub struct InvalidJobId(String);

/// Most characters of a job's name; each event of the job repeats it.
const MAX_ID: usize = 255;

/// The characters are those of QEMU (11.1, `util/id.c`, `id_wellformed`).
impl FromStr for JobId {
    type Err = InvalidJobId;

    fn from_str(text: &str) -> Result<Self, InvalidJobId> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let begins_well = text.starts_with(|first: char| first.is_ascii_alphabetic());
        if begins_well && text.len() <= MAX_ID && text.bytes().all(is_name) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidJobId(text.chars().take(MAX_ID).collect()))
        }
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Kind of a job (`JobType` of QEMU 11.1, `qapi/job.json`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    /// `snapshot-save`.
    SnapshotSave,
}

/// Status of a job (`JobStatus` of QEMU 11.1, `qapi/job.json`; this machine's jobs have no other).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobStatus {
    /// It has not started.
    Created,
    /// It works.
    Running,
    /// Its work is done.
    Waiting,
    /// Its result is being made final.
    Pending,
    /// It has failed or was cancelled.
    Aborting,
    /// It has ended, and stays listed until it is dismissed.
    Concluded,
    /// It was dismissed.
    Null,
}

impl JobStatus {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Pending => "pending",
            Self::Aborting => "aborting",
            Self::Concluded => "concluded",
            Self::Null => "null",
        }
    }
}

/// Report on a job (`JobInfo` of QEMU 11.1, `qapi/job.json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct JobInfo {
    /// The job's name.
    pub id: JobId,
    /// The job's kind.
    pub r#type: JobKind,
    /// The job's status.
    pub status: JobStatus,
    /// The bytes that are done.
    pub current_progress: u64,
    /// The bytes in all; 0 until it is known.
    pub total_progress: u64,
    /// The error of a job that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Arguments of `snapshot-save`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotSave {
    /// The new job's name.
    pub job: JobId,
    /// The file, relative to the working directory of the guest's process.
    pub file: PathBuf,
    /// The encoding of the memory.
    pub memory: MemoryEncoding,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_jobs_have_the_characters_of_qemu() {
        for name in ["a", "snapshot0", "Save-1.2_b", &"x".repeat(255)] {
            assert!(name.parse::<JobId>().is_ok(), "{name}");
        }
        for name in ["", "1", "-a", "a b", "a\n", "\u{e9}", &"x".repeat(256)] {
            let error = name.parse::<JobId>().unwrap_err().to_string();
            assert!(error.starts_with("Invalid job ID '"), "{error}");
        }
    }
}
