//! Tests of the commands and events of jobs.

use crate::saver::Saver;
use crate::server::Client;
use serde_json::{Value, json};
use std::path::Path;
use vmm_demo::snapshot::memory::MemoryEncoding;

const SAVE: &str =
    r#"{"execute":"snapshot-save","arguments":{"job-id":"save0","file":"/tmp/guest"}}"#;

fn with_id(command: &str, id: &str) -> String {
    json!({ "execute": command, "arguments": { "id": id } }).to_string()
}

/// The status in the next events, and the message after them.
fn events(client: &mut Client) -> (Vec<String>, Value) {
    let mut all = Vec::new();
    loop {
        let message = client.read();
        if message.get("event").is_none() {
            return (all, message);
        }
        assert_eq!(message["event"], "JOB_STATUS_CHANGE");
        assert_eq!(message["data"]["id"], "save0");
        all.push(message["data"]["status"].as_str().expect("a text").into());
    }
}

fn ask(client: &mut Client, request: &str) -> (Vec<String>, Value) {
    client.write(request.as_bytes());
    events(client)
}

fn refused(client: &mut Client, request: &str, expected: &str) {
    let (class, desc) = client.error(request);
    assert_eq!(class, "GenericError", "{request}");
    assert!(desc.starts_with(expected), "{request}: {desc}");
}

#[test]
fn job_that_saves_passes_through_the_states_of_qemu() {
    let guest = Saver::default();
    let server = guest.serve();
    let mut client = server.client();
    let (seen, answer) = ask(&mut client, SAVE);
    assert_eq!(answer, json!({ "return": {} }));
    assert_eq!(seen, ["created", "running"]);
    let progress = guest.progress().expect("a job");
    progress.report(1, 5);
    let expected = "{\"return\": [{\"id\": \"save0\", \"type\": \"snapshot-save\", \"status\": \
                    \"running\", \"current-progress\": 1, \"total-progress\": 5}]}\r\n";
    client.write(br#"{"execute":"query-jobs"}"#);
    assert_eq!(client.line(), expected);
    // Progress does not go back.
    progress.report(0, 5);
    client.write(br#"{"execute":"query-jobs"}"#);
    assert_eq!(client.line(), expected);
    guest.end(Ok(()));
    let (seen, jobs) = ask(&mut client, r#"{"execute":"query-jobs"}"#);
    assert_eq!(seen, ["waiting", "pending", "concluded"]);
    assert_eq!(jobs["return"][0]["status"], "concluded");
    assert_eq!(jobs["return"][0].get("error"), None);
    let (seen, answer) = ask(&mut client, &with_id("job-dismiss", "save0"));
    assert_eq!(
        (seen, answer),
        (vec!["null".to_owned()], json!({ "return": {} }))
    );
    assert_eq!(client.returns(r#"{"execute":"query-jobs"}"#), json!([]));
}

#[test]
fn job_that_fails_keeps_its_error_until_it_is_dismissed() {
    let guest = Saver::at_once(Err("cannot write `/tmp/guest`"));
    let server = guest.serve();
    let mut client = server.client();
    let (seen, _) = ask(&mut client, SAVE);
    assert_eq!(seen, ["created", "running", "aborting", "concluded"]);
    let jobs = client.returns(r#"{"execute":"query-jobs"}"#);
    assert_eq!(jobs[0]["error"], "cannot write `/tmp/guest`");
    // Its name is free only then.
    refused(&mut client, SAVE, "Job ID 'save0' already in use");
    ask(&mut client, &with_id("job-dismiss", "save0"));
    let (seen, _) = ask(&mut client, SAVE);
    assert_eq!(seen.first().map(String::as_str), Some("created"));
}

#[test]
fn job_is_asked_to_end_early() {
    let guest = Saver::default();
    let server = guest.serve();
    let mut client = server.client();
    ask(&mut client, SAVE);
    let progress = guest.progress().expect("a job");
    assert!(!progress.is_cancelled());
    let dismiss = with_id("job-dismiss", "save0");
    let expected = "Job 'save0' in state 'running' cannot accept command verb 'dismiss'";
    refused(&mut client, &dismiss, expected);
    let cancel = with_id("job-cancel", "save0");
    assert_eq!(client.returns(&cancel), json!({}));
    assert!(progress.is_cancelled());
    guest.end(Err("Operation canceled"));
    let (seen, jobs) = ask(&mut client, r#"{"execute":"query-jobs"}"#);
    assert_eq!(seen, ["aborting", "concluded"]);
    assert_eq!(jobs["return"][0]["error"], "Operation canceled");
    let expected = "Job 'save0' in state 'concluded' cannot accept command verb 'cancel'";
    refused(&mut client, &cancel, expected);
}

#[test]
fn guest_that_is_being_saved_is_not_started_stopped_or_reset() {
    let guest = Saver::default();
    let server = guest.serve();
    let mut client = server.client();
    ask(&mut client, SAVE);
    let status = client.returns(r#"{"execute":"query-status"}"#);
    assert_eq!(status, json!({ "running": false, "status": "save-vm" }));
    let expected = "the guest is being saved by job 'save0'; wait for its end";
    for command in ["stop", "cont", "system_reset"] {
        refused(
            &mut client,
            &json!({ "execute": command }).to_string(),
            expected,
        );
    }
    refused(&mut client, &SAVE.replace("save0", "save1"), expected);
    assert!(guest.calls().is_empty());
}

#[test]
fn jobs_that_have_ended_are_limited_in_number() {
    let server = Saver::at_once(Ok(())).serve();
    let mut client = server.client();
    let save = |number| SAVE.replace("save0", &format!("save{number}"));
    for number in 0..64 {
        client.write(save(number).as_bytes());
        while client.read().get("return").is_none() {}
    }
    refused(&mut client, &save(64), "there are 64 jobs that have ended");
}

#[test]
fn arguments_are_file_and_encoding() {
    let guest = Saver::at_once(Ok(()));
    let server = guest.serve();
    let mut client = server.client();
    let save = |arguments: &Value| {
        json!({ "execute": "snapshot-save", "arguments": arguments }).to_string()
    };
    for (name, memory) in [("zstd", MemoryEncoding::Zstd), ("raw", MemoryEncoding::Raw)] {
        let arguments = json!({ "job-id": "save0", "file": "a b", "memory": name });
        let (_, answer) = ask(&mut client, &save(&arguments));
        assert_eq!(answer, json!({ "return": {} }));
        let saves = guest.saves();
        let last = saves.last().expect("a job");
        assert_eq!((last.memory, &*last.file), (memory, Path::new("a b")));
        ask(&mut client, &with_id("job-dismiss", "save0"));
    }
    let count = guest.saves().len();
    for (arguments, expected) in [
        (json!({ "job-id": "a" }), "Parameter 'file' is missing"),
        (json!({ "file": "a" }), "Parameter 'job-id' is missing"),
        (json!({ "job-id": "1", "file": "a" }), "Invalid job ID '1'"),
        (
            json!({ "job-id": "a", "file": "a", "memory": "lz4" }),
            "Parameter 'memory' does not accept value 'lz4'",
        ),
        (
            json!({ "job-id": "a", "file": 1 }),
            "Invalid parameter type for 'file', expected: string",
        ),
        (
            json!({ "job-id": "a", "tag": "s", "vmstate": "d", "devices": [] }),
            "Parameter 'tag' is unexpected: QEMU saves snapshots inside disk images, and this \
             machine has none; its snapshot is a file of its own: give 'job-id', 'file'",
        ),
    ] {
        refused(&mut client, &save(&arguments), expected);
    }
    for command in ["job-cancel", "job-dismiss"] {
        refused(&mut client, &with_id(command, "other"), "Job not found");
    }
    assert_eq!(guest.saves().len(), count);
}
