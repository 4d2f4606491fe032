//! Hosts shared by the tests of one test program.

use super::{Error, Machine, Options};
use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Hosts by their options; each boots once, and in parallel with others.
type Hosts = BTreeMap<Options, &'static OnceLock<Result<Machine, Error>>>;

static HOSTS: Mutex<Hosts> = Mutex::new(BTreeMap::new());

/// The host with these options that all tests of this program share; the first caller boots it. It
/// ends with the program. Each test needs its own names for files that it puts there.
///
/// # Errors
///
/// As for [`Machine::boot`]; a host that did not boot is not tried again.
pub fn shared(options: &Options) -> Result<&'static Machine, &'static Error> {
    let host = *HOSTS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(options.clone())
        .or_insert_with(|| Box::leak(Box::default()));
    host.get_or_init(|| Machine::boot(options)).as_ref()
}
