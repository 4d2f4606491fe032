//! Tests of the commands of migration, with a guest in this process.

use crate::guests::{Hosted, Recorder};
use crate::server::Client;
use serde_json::{Value, json};
use vmm_demo::migration::progress::MigrationProgress;
use vmm_demo::qmp::event::Event;
use vmm_demo::qmp::migration::{MigrationInfo, MigrationStatus};

fn client(guest: &Recorder) -> (Hosted, Client) {
    let server = Hosted::start(guest.clone());
    let client = server.client();
    (server, client)
}

fn request(command: &str, arguments: &Value) -> String {
    json!({ "execute": command, "arguments": arguments }).to_string()
}

#[test]
fn addresses_have_a_form() {
    let guest = Recorder::default();
    let (_server, mut client) = client(&guest);
    for uri in ["unix:there.sock", "tcp:127.0.0.1:4444", "tcp:[::1]:0"] {
        let migrate = request("migrate", &json!({ "uri": uri, "detach": true }));
        assert_eq!(client.returns(&migrate), json!({}));
    }
    for (uri, reason) in [
        ("exec:cat", "the form is `unix:PATH` or `tcp:HOST:PORT`"),
        ("tcp:host", "the form is"),
        ("tcp:host:x", "the port is not a number"),
        ("unix:", "no path after `unix:`"),
    ] {
        let (_, desc) = client.error(&request("migrate", &json!({ "uri": uri })));
        assert!(desc.starts_with("Parameter 'uri': "), "{desc}");
        assert!(desc.contains(reason), "{desc}");
    }
    let (_, desc) = client.error(&request("migrate", &json!({ "channels": [] })));
    assert!(desc.contains("give 'uri'"), "{desc}");
    assert_eq!(guest.calls(), ["migrate"; 3]);
}

#[test]
fn settings_are_checked_before_they_are_set() {
    let guest = Recorder::default();
    let (_server, mut client) = client(&guest);
    let all = json!({
        "downtime-limit": 20, "max-bandwidth": 1_000_000, "time-out": 5000, "strategy": "force",
        "auto-converge": true, "mode": "normal", "multifd-channels": 4,
        "multifd-compression": "zstd", "tls-creds": "certificates", "plain": false, "lease": "l",
    });
    assert_eq!(
        client.returns(&request("migrate-set-parameters", &all)),
        json!({})
    );
    for (name, value, reason) in [
        (
            "downtime-limit",
            json!(2_000_001),
            "a whole number from 0 to 2000000",
        ),
        ("downtime-limit", json!("1"), "expected: integer"),
        ("multifd-channels", json!(0), "a whole number from 1 to 64"),
        ("auto-converge", json!(1), "expected: boolean"),
        (
            "mode",
            json!("cpr-exec"),
            "does not accept value 'cpr-exec'",
        ),
        ("tls-creds", json!(7), "expected: string"),
        ("x-checkpoint-delay", json!(7), "is unexpected"),
    ] {
        let mut arguments = json!({});
        arguments[name] = value;
        let (_, desc) = client.error(&request("migrate-set-parameters", &arguments));
        assert!(desc.contains(name) && desc.contains(reason), "{desc}");
    }
    assert_eq!(guest.calls(), ["migrate-set-parameters"]);
    let settings = client.returns(r#"{"execute":"query-migrate-parameters"}"#);
    assert_eq!(settings["downtime-limit"], 300);
    assert_eq!(settings["mode"], "auto");
}

#[test]
fn there_is_no_status_before_the_first_migration() {
    let guest = Recorder::default();
    let (_server, mut client) = client(&guest);
    assert_eq!(client.returns(r#"{"execute":"query-migrate"}"#), json!({}));
    assert_eq!(client.returns(r#"{"execute":"migrate_cancel"}"#), json!({}));
    let resolve = request("migrate-resolve", &json!({ "decision": "run" }));
    assert_eq!(client.returns(&resolve), json!({}));
    let (_, desc) = client.error(&request("migrate-resolve", &json!({ "decision": "both" })));
    assert!(desc.contains("does not accept value 'both'"), "{desc}");
    assert_eq!(guest.calls(), ["migrate_cancel", "migrate-resolve"]);
}

#[test]
fn events_have_the_shape_of_qemu() {
    let (server, mut client) = client(&Recorder::default());
    server
        .events()
        .send(Event::Migration(MigrationStatus::Setup));
    let line: Value = serde_json::from_str(&client.line()).expect("JSON");
    assert_eq!(line["event"], "MIGRATION");
    assert_eq!(line["data"], json!({ "status": "setup" }));
    server.events().send(Event::MigrationPass(2));
    let line: Value = serde_json::from_str(&client.line()).expect("JSON");
    assert_eq!(line["event"], "MIGRATION_PASS");
    assert_eq!(line["data"], json!({ "pass": 2 }));
}

/// QEMU 11.1, `qapi/migration.json`, `MigrationInfo` and `MigrationStats`.
#[test]
fn report_has_every_member_of_the_memory_that_qemu_has() {
    let mut progress = MigrationProgress::default();
    progress.ram.total = 1 << 30;
    progress.ram.page_size = 4096;
    progress.ram.bandwidth = 1_000_000;
    progress.ram.stream_bytes = 7;
    let info = MigrationInfo::new(MigrationStatus::Active, &progress);
    let json = serde_json::to_value(&info).expect("JSON");
    let ram = json["ram"].as_object().expect("an object");
    let mut names: Vec<&str> = ram.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "dirty-pages-rate",
            "dirty-sync-count",
            "dirty-sync-missed-zero-copy",
            "downtime-bytes",
            "duplicate",
            "mbps",
            "multifd-bytes",
            "normal",
            "normal-bytes",
            "page-size",
            "pages-per-second",
            "postcopy-bytes",
            "postcopy-requests",
            "precopy-bytes",
            "remaining",
            "total",
            "transferred",
        ]
    );
    assert_eq!(
        (&ram["mbps"], &ram["multifd-bytes"]),
        (&json!(8.0), &json!(7))
    );
    assert_eq!(json["status"], "active");
    assert_eq!(json["total-time"], 0);
}
