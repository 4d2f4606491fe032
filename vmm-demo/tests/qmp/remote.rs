//! Tests of the channel between the QMP thread and the main thread.

use crate::guests::Hosted;
use serde_json::json;
use std::thread;
use std::time::Duration;
use vmm_demo::guest::remote::{Call, CallQueue, RemoteControl, channel};
use vmm_demo::migration::inquiry::DoubtDecision;
use vmm_demo::qmp::guest::{ControlError, GuestControl, MigrationControl, Status, VcpuInfo};
use vmm_demo::qmp::job::SnapshotSave;
use vmm_demo::qmp::migration::{MigrationInfo, MigrationSettings};
use vmm_demo::snapshot::memory::MemoryEncoding;

/// A timeout for a main thread that never answers.
const SHORT: Duration = Duration::from_millis(20);

/// Time in which this process surely answers itself.
const LONG: Duration = Duration::from_mins(10);

fn remote(timeout: Duration) -> (RemoteControl, CallQueue) {
    let (remote, calls) = channel().expect("a channel");
    (remote.with_timeout(timeout), calls)
}

/// The next call, which the main thread waits for by its eventfd.
fn wait(calls: &CallQueue) -> Call {
    loop {
        // The read resets the eventfd.
        let _none_yet = calls.wake().read();
        if let Some(call) = calls.next() {
            return call;
        }
        thread::yield_now();
    }
}

#[test]
fn answers_of_the_main_thread_are_returned() {
    let (remote, calls) = remote(LONG);
    let cpu = VcpuInfo {
        index: 3,
        thread_id: 4,
        mpidr: 5,
    };
    let main = thread::spawn(move || {
        let mut names = Vec::new();
        for _ in 0..10 {
            names.push(match wait(&calls) {
                Call::Status(answer) => {
                    answer.send(Status::Paused).expect("it waits");
                    "status"
                }
                Call::Cpus(answer) => {
                    answer.send(vec![cpu]).expect("it waits");
                    "cpus"
                }
                Call::Stop(answer) => {
                    answer.send(Ok(())).expect("it waits");
                    "stop"
                }
                Call::Cont(answer) => {
                    answer.send(Ok(())).expect("it waits");
                    "cont"
                }
                Call::Reset(answer) => {
                    answer.send(Ok(())).expect("it waits");
                    "reset"
                }
                Call::Quit(answer) => {
                    answer.send(Ok(())).expect("it waits");
                    "quit"
                }
                Call::SnapshotSave(save, answer) => {
                    let text = format!("not to {}", save.file.display());
                    answer.send(Err(ControlError(text))).expect("it waits");
                    "snapshot-save"
                }
                Call::Jobs(answer) => {
                    answer.send(Vec::new()).expect("it waits");
                    "jobs"
                }
                Call::CancelJob(id, answer) => {
                    assert_eq!(id, "a");
                    answer.send(Ok(())).expect("it waits");
                    "cancel"
                }
                Call::DismissJob(id, answer) => {
                    assert_eq!(id, "b");
                    answer.send(Ok(())).expect("it waits");
                    "dismiss"
                }
                other => panic!("{other:?}"),
            });
        }
        names
    });
    assert_eq!(remote.status(), Ok(Status::Paused));
    assert_eq!(remote.cpus(), Ok(vec![cpu]));
    assert_eq!(remote.stop(), Ok(()));
    assert_eq!(remote.cont(), Ok(()));
    assert_eq!(remote.system_reset(), Ok(()));
    assert_eq!(remote.quit(), Ok(()));
    let save = SnapshotSave {
        job: "a".parse().expect("a name"),
        file: "file".into(),
        memory: MemoryEncoding::Raw,
    };
    let refused = Err(ControlError("not to file".to_owned()));
    assert_eq!(remote.snapshot_save(save), refused);
    assert_eq!(remote.jobs(), Ok(Vec::new()));
    assert_eq!(remote.cancel_job("a"), Ok(()));
    assert_eq!(remote.dismiss_job("b"), Ok(()));
    let names = main.join().expect("no panic").join(" ");
    let expected = "status cpus stop cont reset quit snapshot-save jobs cancel dismiss";
    assert_eq!(names, expected);
}

#[test]
fn answers_about_migrations_are_returned() {
    let (remote, calls) = remote(LONG);
    let main = thread::spawn(move || {
        let mut names = Vec::new();
        for _ in 0..6 {
            names.push(match wait(&calls) {
                Call::Migrate(to, answer) => {
                    let text = format!("not to {to}");
                    answer.send(Err(ControlError(text))).expect("it waits");
                    "migrate"
                }
                Call::Migration(answer) => {
                    answer.send(MigrationInfo::default()).expect("it waits");
                    "query-migrate"
                }
                Call::CancelMigration(answer) => {
                    answer.send(Ok(())).expect("it waits");
                    "migrate_cancel"
                }
                Call::ResolveMigration(decision, answer) => {
                    assert_eq!(decision, DoubtDecision::Discard);
                    answer.send(Ok(())).expect("it waits");
                    "migrate-resolve"
                }
                Call::MigrationSettings(answer) => {
                    let settings = MigrationSettings::default();
                    answer.send(settings).expect("it waits");
                    "settings"
                }
                Call::SetMigrationSettings(settings, answer) => {
                    assert_eq!(settings.channels, 3);
                    answer.send(Ok(())).expect("it waits");
                    "set-settings"
                }
                other => panic!("{other:?}"),
            });
        }
        names
    });
    let to = "unix:there".parse().expect("an address");
    let refused = Err(ControlError("not to unix:there".to_owned()));
    assert_eq!(remote.migrate(to), refused);
    assert_eq!(remote.migration(), Ok(MigrationInfo::default()));
    assert_eq!(remote.cancel_migration(), Ok(()));
    assert_eq!(remote.resolve_migration(DoubtDecision::Discard), Ok(()));
    let mut settings = remote.migration_settings().expect("an answer");
    settings.channels = 3;
    assert_eq!(remote.set_migration_settings(settings), Ok(()));
    let names = main.join().expect("no panic").join(" ");
    let expected = "migrate query-migrate migrate_cancel migrate-resolve settings set-settings";
    assert_eq!(names, expected);
}

#[test]
fn command_that_timed_out_is_not_carried_out_later() {
    let (remote, calls) = remote(SHORT);
    let expected = "the main thread does not answer for 20ms, so that the command was not carried \
                    out and will not be";
    for error in [
        remote.stop().expect_err("nobody answers"),
        remote.system_reset().expect_err("nobody answers"),
        remote.status().expect_err("nobody answers"),
        remote.cpus().expect_err("nobody answers"),
        remote.quit().expect_err("nobody answers"),
    ] {
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    assert!(calls.next().is_none());
    // The main thread answers again.
    let remote = remote.with_timeout(LONG);
    thread::scope(|scope| {
        let cont = scope.spawn(|| remote.cont());
        let Call::Cont(answer) = wait(&calls) else {
            panic!("an older call");
        };
        answer.send(Ok(())).expect("it waits");
        assert_eq!(cont.join().expect("no panic"), Ok(()));
    });
}

#[test]
fn command_that_has_begun_is_not_said_to_be_withdrawn() {
    let (remote, calls) = remote(Duration::from_millis(500));
    let main = thread::spawn(move || wait(&calls));
    let error = remote.system_reset().expect_err("nobody answers");
    assert_eq!(
        error.to_string(),
        "the command has begun, and has not finished in 500ms; `query-status` answers when it has"
    );
    assert!(matches!(main.join().expect("no panic"), Call::Reset(_)));
}

#[test]
fn guest_that_has_ended_is_said_to_have_ended() {
    let (remote, calls) = remote(LONG);
    // Ends with a call in the queue, and with none.
    let main = thread::spawn(move || {
        while calls.wake().read().is_err() {
            thread::yield_now();
        }
    });
    for _ in 0..2 {
        let error = remote.cont().expect_err("it has ended");
        let expected = "the guest has ended; this program is about to exit";
        assert_eq!(error.to_string(), expected);
    }
    main.join().expect("no panic");
    assert_eq!(remote.status(), Ok(Status::Shutdown));
    assert!(remote.cpus().is_err());
}

#[test]
fn clients_are_told_that_the_main_thread_does_not_answer() {
    let (remote, calls) = remote(SHORT);
    let server = Hosted::start(remote);
    let mut client = server.client();
    for command in ["query-status", "query-cpus-fast", "stop", "quit"] {
        let (class, desc) = client.error(&format!("{{\"execute\":\"{command}\"}}"));
        assert_eq!(class, "GenericError");
        assert!(desc.contains("the main thread does not answer"), "{desc}");
    }
    drop(calls);
    let status = client.returns(r#"{"execute":"query-status"}"#);
    assert_eq!(status, json!({ "status": "shutdown", "running": false }));
    let (_, desc) = client.error(r#"{"execute":"system_powerdown"}"#);
    assert!(desc.contains("no power button"), "{desc}");
}
