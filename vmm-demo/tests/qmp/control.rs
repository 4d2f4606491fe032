//! Tests of the commands and events of a guest, with a guest in this process.

use crate::guests::{Hosted, Recorder};
use serde_json::{Value, json};
use vmm_demo::qmp::event::{Event, ShutdownCause};

#[test]
fn first_lines_have_qemu_s_form() {
    let server = Hosted::start(Recorder::default());
    let mut client = server.connected();
    let package = concat!("idreg vmm-demo ", env!("CARGO_PKG_VERSION"));
    let greeting = format!(
        "{{\"QMP\": {{\"version\": {{\"qemu\": {{\"micro\": 1, \"minor\": 1, \"major\": 11}}, \
         \"package\": \"{package}\"}}, \"capabilities\": []}}}}\r\n"
    );
    assert_eq!(client.line(), greeting);
    client.write(b"{'execute':'qmp_capabilities','id':'\xc3\xa9'}");
    assert_eq!(client.line(), "{\"return\": {}, \"id\": \"\\u00E9\"}\r\n");
}

#[test]
fn commands_reach_the_guest_once() {
    let guest = Recorder::default();
    let server = Hosted::start(guest.clone());
    let mut client = server.client();
    for command in ["stop", "cont", "system_reset", "quit"] {
        client.write(format!("{{\"execute\":\"{command}\"}}").as_bytes());
        assert_eq!(client.line(), "{\"return\": {}}\r\n");
    }
    let error = client.error(r#"{"execute":"system_powerdown"}"#);
    assert_eq!(error, ("GenericError".to_owned(), "no button".to_owned()));
    let calls = ["stop", "cont", "system_reset", "quit", "system_powerdown"];
    assert_eq!(guest.calls(), calls);
}

#[test]
fn commands_with_an_argument_do_not_reach_the_guest() {
    let guest = Recorder::default();
    let server = Hosted::start(guest.clone());
    let mut client = server.client();
    for command in [
        "stop",
        "cont",
        "system_reset",
        "system_powerdown",
        "quit",
        "query-status",
        "query-cpus-fast",
        "query-version",
        "query-commands",
        "query-cpu-definitions",
    ] {
        let request = format!("{{\"execute\":\"{command}\",\"arguments\":{{\"x\":1}}}}");
        let (_, desc) = client.error(&request);
        assert_eq!(desc, "Parameter 'x' is unexpected", "{command}");
    }
    assert!(guest.calls().is_empty());
}

#[test]
fn state_and_vcpus_are_the_guest_s() {
    let server = Hosted::start(Recorder::default());
    let mut client = server.client();
    let status = client.returns(r#"{"execute":"query-status"}"#);
    assert_eq!(status, json!({ "running": true, "status": "running" }));
    client.write(br#"{"execute":"query-cpus-fast"}"#);
    let cpu = |index, thread, [socket, cluster, core]: [u8; 3]| {
        format!(
            "{{\"thread-id\": {thread}, \"props\": {{\"core-id\": {core}, \"thread-id\": 0, \
             \"socket-id\": {socket}, \"cluster-id\": {cluster}}}, \"qom-path\": \
             \"/machine/unattached/device[{index}]\", \"cpu-index\": {index}, \"target\": \
             \"aarch64\"}}"
        )
    };
    let cpus = [cpu(0, 41, [0, 0, 0]), cpu(1, 42, [3, 2, 1])].join(", ");
    assert_eq!(client.line(), format!("{{\"return\": [{cpus}]}}\r\n"));
}

/// The rest of an event's line after its time.
fn without_time(line: &str) -> String {
    let event: Value = serde_json::from_str(line).expect("JSON");
    let time = &event["timestamp"];
    // After 2020, with less than a second's microseconds.
    assert!(time["seconds"].as_u64() > Some(1_577_836_800), "{line}");
    assert!(time["microseconds"].as_u64() < Some(1_000_000), "{line}");
    let (begin, rest) = line.split_once("}, ").expect("a time");
    assert!(
        begin.starts_with("{\"timestamp\": {\"seconds\": "),
        "{line}"
    );
    rest.to_owned()
}

#[test]
fn events_have_qemu_s_form() {
    let server = Hosted::start(Recorder::default());
    let mut client = server.client();
    let events = server.events();
    for (event, expected) in [
        (Event::Stop, r#""event": "STOP"}"#),
        (Event::Resume, r#""event": "RESUME"}"#),
        (
            Event::Reset(ShutdownCause::HostQmpSystemReset),
            r#""event": "RESET", "data": {"guest": false, "reason": "host-qmp-system-reset"}}"#,
        ),
        (
            Event::Reset(ShutdownCause::GuestReset),
            r#""event": "RESET", "data": {"guest": true, "reason": "guest-reset"}}"#,
        ),
        (
            Event::Shutdown(ShutdownCause::GuestShutdown),
            r#""event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}"#,
        ),
        (
            Event::Shutdown(ShutdownCause::GuestPanic),
            r#""event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-panic"}}"#,
        ),
        (
            Event::Shutdown(ShutdownCause::HostError),
            r#""event": "SHUTDOWN", "data": {"guest": false, "reason": "host-error"}}"#,
        ),
        (
            Event::Shutdown(ShutdownCause::HostSignal),
            r#""event": "SHUTDOWN", "data": {"guest": false, "reason": "host-signal"}}"#,
        ),
        (
            Event::Shutdown(ShutdownCause::HostUi),
            r#""event": "SHUTDOWN", "data": {"guest": false, "reason": "host-ui"}}"#,
        ),
        (
            Event::Shutdown(ShutdownCause::HostQmpQuit),
            r#""event": "SHUTDOWN", "data": {"guest": false, "reason": "host-qmp-quit"}}"#,
        ),
    ] {
        events.send(event);
        assert_eq!(without_time(&client.line()), format!("{expected}\r\n"));
    }
}

#[test]
fn events_come_after_the_negotiation_only() {
    let server = Hosted::start(Recorder::default());
    let mut early = server.connected();
    early.read();
    let mut other = server.client();
    server.events().send(Event::Stop);
    assert_eq!(other.read()["event"], "STOP");
    early.write(br#"{"execute":"qmp_capabilities"}"#);
    assert_eq!(early.line(), "{\"return\": {}}\r\n");
    server.events().send(Event::Resume);
    assert_eq!(early.read()["event"], "RESUME");
}

#[test]
fn clients_that_leave_their_events_unread_are_disconnected() {
    let server = Hosted::start(Recorder::default());
    let mut deaf = server.client();
    let mut other = server.client();
    let events = server.events();
    // More than 1 MiB, and what the kernel holds for the deaf client.
    for _ in 0..20_000 {
        events.send(Event::Reset(ShutdownCause::HostQmpSystemReset));
        assert_eq!(other.read()["event"], "RESET");
    }
    let mut received = 0;
    while !deaf.line().is_empty() {
        received += 1;
    }
    assert!(received < 20_000, "{received}");
    assert!(!other.returns(r#"{"execute":"query-version"}"#).is_null());
}

#[test]
fn last_events_are_written_before_the_server_ends() {
    let server = Hosted::start(Recorder::default());
    let mut clients: Vec<_> = (0..10).map(|_| server.client()).collect();
    let events = server.events();
    events.send(Event::Stop);
    events.send(Event::Shutdown(ShutdownCause::HostSignal));
    server.end();
    for client in &mut clients {
        assert_eq!(client.read()["event"], "STOP");
        assert_eq!(client.read()["event"], "SHUTDOWN");
        assert_eq!(client.line(), "");
    }
    // No effect, and no panic.
    events.send(Event::Resume);
}

#[test]
fn models_of_a_machine_that_is_no_host_are_refused_by_class() {
    if cfg!(target_arch = "aarch64") {
        return;
    }
    let server = Hosted::start(Recorder::default());
    let request = r#"{"execute":"query-cpu-model-expansion",
        "arguments":{"type":"full","model":{"name":"host"}}}"#;
    let (class, desc) = server.client().error(request);
    assert_eq!(class, "KVMMissingCap", "{desc}");
}
