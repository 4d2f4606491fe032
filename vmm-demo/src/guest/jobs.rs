//! The jobs of a guest: their names, status and progress.

use crate::qmp::event::Event;
use crate::qmp::guest::ControlError;
use crate::qmp::job::{JobId, JobInfo, JobKind, JobStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Most jobs that are not dismissed.
const MAX_JOBS: usize = 64;

/// Error text of a job that was cancelled (`strerror(ECANCELED)`, as in QEMU).
pub const CANCELLED: &str = "Operation canceled";

/// The jobs that are not dismissed, oldest first. At most one of them works.
#[derive(Debug, Default)]
pub struct Jobs {
    list: Vec<Job>,
}

#[derive(Debug)]
struct Job {
    id: JobId,
    kind: JobKind,
    status: JobStatus,
    progress: Arc<JobProgress>,
    error: Option<String>,
}

/// Progress of a job, which its thread reports, and the wish that it ends early.
#[derive(Debug, Default)]
pub struct JobProgress {
    done: AtomicU64,
    total: AtomicU64,
    cancelled: AtomicBool,
}

impl JobProgress {
    /// Reports the bytes that are done, and those in all.
    pub fn report(&self, done: u64, total: u64) {
        self.total.store(total, Ordering::Relaxed);
        self.done.fetch_max(done, Ordering::Relaxed);
    }

    /// True if the job is to end as soon as it can, and to leave nothing behind.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

/// A command that the jobs do not allow; the texts are those of QEMU (11.1, `job.c`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// There is no job of the name.
    #[error("Job not found: no job is called '{0}'; `query-jobs` lists all")]
    NotFound(String),
    /// The name of a new job is that of another.
    #[error("Job ID '{0}' already in use; dismiss that job (`job-dismiss`), or use another ID")]
    InUse(JobId),
    /// Another job works.
    #[error(
        "the guest is being saved by job '{0}'; wait for its end (`query-jobs`), or cancel it \
         (`job-cancel`)"
    )]
    Busy(JobId),
    /// The list is full.
    #[error("there are {MAX_JOBS} jobs that have ended; dismiss some (`job-dismiss`)")]
    TooMany,
    /// The job has ended, or has not.
    #[error("Job '{id}' in state '{status}' cannot accept command verb '{verb}'")]
    Verb {
        /// The job's name.
        id: JobId,
        /// The name of its status.
        status: &'static str,
        /// `cancel` or `dismiss`.
        verb: &'static str,
    },
}

impl From<JobError> for ControlError {
    fn from(error: JobError) -> Self {
        Self(error.to_string())
    }
}

impl Jobs {
    /// Checks that no job works on the guest.
    ///
    /// # Errors
    ///
    /// [`JobError::Busy`].
    pub fn check_idle(&self) -> Result<(), JobError> {
        match self.active() {
            Some(job) => Err(JobError::Busy(job.id.clone())),
            None => Ok(()),
        }
    }

    /// True if a job works on the guest.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.active().is_some()
    }

    /// Adds a job, which then works until its [end](Self::end).
    ///
    /// # Errors
    ///
    /// The [`JobError`]; there is no new job then.
    pub fn start(
        &mut self,
        id: JobId,
        kind: JobKind,
        send: &mut impl FnMut(Event),
    ) -> Result<Arc<JobProgress>, JobError> {
        self.check_idle()?;
        if self.list.iter().any(|job| job.id == id) {
            return Err(JobError::InUse(id));
        }
        if self.list.len() >= MAX_JOBS {
            return Err(JobError::TooMany);
        }
        let progress = Arc::new(JobProgress::default());
        let mut job = Job {
            id,
            kind,
            status: JobStatus::Created,
            progress: progress.clone(),
            error: None,
        };
        job.change(JobStatus::Created, send);
        job.change(JobStatus::Running, send);
        self.list.push(job);
        Ok(progress)
    }

    /// Ends the job that works, with its error if it failed.
    pub fn end(&mut self, result: Result<(), String>, send: &mut impl FnMut(Event)) {
        let Some(job) = self.list.iter_mut().find(|job| job.is_active()) else {
            return;
        };
        match result {
            Ok(()) => {
                job.change(JobStatus::Waiting, send);
                job.change(JobStatus::Pending, send);
            }
            Err(error) => {
                job.error = Some(error);
                job.change(JobStatus::Aborting, send);
            }
        }
        job.change(JobStatus::Concluded, send);
    }

    /// Asks the job that works, if there is one, to end early.
    pub fn cancel_active(&self) {
        if let Some(job) = self.active() {
            job.progress.cancel();
        }
    }

    /// Asks a job to end early.
    ///
    /// # Errors
    ///
    /// [`JobError::NotFound`], or [`JobError::Verb`] if it has ended.
    pub fn cancel(&self, id: &str) -> Result<(), JobError> {
        let job = self.position(id).and_then(|index| self.list.get(index));
        let job = job.ok_or_else(|| JobError::NotFound(id.to_owned()))?;
        if !job.is_active() {
            return Err(job.refuses("cancel"));
        }
        job.progress.cancel();
        Ok(())
    }

    /// Removes a job that has ended.
    ///
    /// # Errors
    ///
    /// [`JobError::NotFound`], or [`JobError::Verb`] if it has not ended.
    pub fn dismiss(&mut self, id: &str, send: &mut impl FnMut(Event)) -> Result<(), JobError> {
        let index = self.position(id);
        let index = index.ok_or_else(|| JobError::NotFound(id.to_owned()))?;
        if let Some(job) = self.list.get(index).filter(|job| job.is_active()) {
            return Err(job.refuses("dismiss"));
        }
        self.list.remove(index).change(JobStatus::Null, send);
        Ok(())
    }

    /// A report on each job.
    #[must_use]
    pub fn infos(&self) -> Vec<JobInfo> {
        self.list.iter().map(Job::info).collect()
    }

    fn active(&self) -> Option<&Job> {
        self.list.iter().find(|job| job.is_active())
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.list.iter().position(|job| job.id.to_string() == id)
    }
}

impl Job {
    fn is_active(&self) -> bool {
        self.status != JobStatus::Concluded
    }

    fn change(&mut self, status: JobStatus, send: &mut impl FnMut(Event)) {
        self.status = status;
        send(Event::JobStatusChange(self.id.clone(), status));
    }

    fn refuses(&self, verb: &'static str) -> JobError {
        JobError::Verb {
            id: self.id.clone(),
            status: self.status.name(),
            verb,
        }
    }

    fn info(&self) -> JobInfo {
        JobInfo {
            id: self.id.clone(),
            r#type: self.kind,
            status: self.status,
            current_progress: self.progress.done.load(Ordering::Relaxed),
            total_progress: self.progress.total.load(Ordering::Relaxed),
            error: self.error.clone(),
        }
    }
}
