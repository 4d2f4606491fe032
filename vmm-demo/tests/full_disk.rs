//! An output file on a full disk: a test of its own, since the limit is that of the process.

#![cfg(target_os = "linux")]

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::SIGXFSZ;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use vmm_demo::output::file;

#[test]
fn older_file_survives_a_full_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("host.json");
    fs::write(&path, "older").expect("a file");
    // With a handler, writing beyond the limit is an error, as it is on a full disk.
    let exceeded = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGXFSZ, exceeded).expect("a handler");
    let before = getrlimit(Resource::Fsize);
    let limit = Rlimit {
        current: Some(4096),
        ..before
    };
    setrlimit(Resource::Fsize, limit).expect("a limit");
    let written = file::write(&path, &[b'x'; 10_000]);
    setrlimit(Resource::Fsize, before).expect("the old limit");
    let error = written.expect_err("the file is too large").message();
    assert!(error.contains("host.json`: File too large"), "{error}");
    assert_eq!(fs::read(&path).expect("the older file"), b"older");
    let names = fs::read_dir(&directory).expect("a directory");
    assert_eq!(names.count(), 1, "nothing is left beside the file");
}
