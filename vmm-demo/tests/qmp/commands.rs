//! Tests of all commands, and of all errors whose texts are QEMU's.

use crate::server::{Client, Server};
use serde_json::{Value, json};

pub(crate) fn check(client: &mut Client, request: &str, class: &str, desc: &str) {
    let (found, text) = client.error(request);
    assert_eq!((found.as_str(), text.as_str()), (class, desc), "{request}");
}

pub(crate) fn expansion(kind: &str, model: &Value) -> String {
    let arguments = json!({ "type": kind, "model": model });
    json!({ "execute": "query-cpu-model-expansion", "arguments": arguments }).to_string()
}

pub(crate) fn props(kind: &str, props: &Value) -> String {
    expansion(kind, &json!({ "name": "host", "props": props }))
}

#[test]
fn negotiation_comes_first_and_once() {
    let server = Server::start();
    let mut client = server.greeted();
    let class = "CommandNotFound";
    let expecting = "Expecting capabilities negotiation with 'qmp_capabilities'";
    check(
        &mut client,
        r#"{"execute":"query-status"}"#,
        class,
        expecting,
    );
    check(
        &mut client,
        r#"{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}"#,
        "GenericError",
        "Capability oob not available",
    );
    client.returns(r#"{"execute":"qmp_capabilities"}"#);
    let again = "Capabilities negotiation is already complete, command ignored";
    check(
        &mut client,
        r#"{"execute":"qmp_capabilities"}"#,
        class,
        again,
    );
}

#[test]
fn capabilities_must_be_known_by_name() {
    let server = Server::start();
    let mut client = server.greeted();
    for (enable, desc) in [
        ("[\"x\"]", "Parameter 'enable[0]' does not accept value 'x'"),
        (
            "[\"oob\",1]",
            "Invalid parameter type for 'enable[1]', expected: string",
        ),
        ("{}", "Invalid parameter type for 'enable', expected: array"),
    ] {
        let arguments = format!("{{\"enable\":{enable}}}");
        let request = format!("{{\"execute\":\"qmp_capabilities\",\"arguments\":{arguments}}}");
        check(&mut client, &request, "GenericError", desc);
    }
    client.returns(r#"{"execute":"qmp_capabilities","arguments":{"enable":[]}}"#);
}

#[test]
fn ids_come_back_as_they_are() {
    let server = Server::start();
    let mut client = server.client();
    for id in [
        "1",
        "null",
        "\"x\"",
        "[1,{\"a\":2.50}]",
        "18446744073709551616",
    ] {
        for command in ["query-status", "no-such-command"] {
            let request = format!("{{\"execute\":\"{command}\",\"id\":{id}}}\n");
            client.write(request.as_bytes());
            let answer = client.read().to_string();
            let parsed: Value = serde_json::from_str(id).expect("JSON");
            assert!(
                answer.contains(&format!("\"id\":{parsed}")),
                "{id}: {answer}"
            );
        }
    }
}

#[test]
fn malformed_requests_are_answered_with_qemu_s_texts() {
    let server = Server::start();
    let mut client = server.client();
    for (request, desc) in [
        ("[]", "QMP input must be a JSON object"),
        ("1\n", "QMP input must be a JSON object"),
        ("{}", "QMP input lacks member 'execute'"),
        (
            r#"{"execute":1}"#,
            "QMP input member 'execute' must be a string",
        ),
        (
            r#"{"execute":"stop","arguments":[]}"#,
            "QMP input member 'arguments' must be an object",
        ),
        (
            r#"{"execute":"stop","foo":1}"#,
            "QMP input member 'foo' is unexpected",
        ),
        (
            r#"{"exec-oob":"stop"}"#,
            "QMP input member 'exec-oob' is unexpected",
        ),
        (
            r#"{"execute":"stop","arguments":{"x":1}}"#,
            "Parameter 'x' is unexpected",
        ),
    ] {
        check(&mut client, request, "GenericError", desc);
    }
    for request in [
        "{\"execute\"}",
        // QEMU answers with `"id": inf`, which is no JSON.
        "{\"execute\":\"query-status\",\"id\":1e999}",
        "{\"a\":1,\"a\":2}",
        "#\n",
    ] {
        let (class, desc) = client.error(request);
        assert_eq!(class, "GenericError");
        assert!(desc.starts_with("JSON parse error, "), "{request}: {desc}");
    }
    client.returns(r#"{"execute":"query-version"}"#);
}

#[test]
fn queries_without_a_guest() {
    let server = Server::start();
    let mut client = server.client();
    let version = client.returns(r#"{"execute":"query-version"}"#);
    assert_eq!(version["qemu"]["major"], 11);
    let status = client.returns(r#"{"execute":"query-status"}"#);
    assert_eq!(status, json!({ "running": false, "status": "prelaunch" }));
    assert_eq!(
        client.returns(r#"{"execute":"query-cpus-fast"}"#),
        json!([])
    );
    let definitions = client.returns(r#"{"execute":"query-cpu-definitions"}"#);
    assert_eq!(definitions[0]["typename"], "host-arm-cpu");
    assert_eq!(definitions[1]["alias-of"], "host");
    let commands = client.returns(r#"{"execute":"query-commands"}"#);
    let commands = commands.as_array().expect("a list");
    for name in [
        "quit",
        "query-cpu-model-expansion",
        "query-cpu-model-comparison",
        "query-cpu-model-baseline",
        "device-list-properties",
    ] {
        assert!(commands.contains(&json!({ "name": name })), "{name}");
    }
    for name in ["human-monitor-command", "device_add"] {
        assert!(!commands.contains(&json!({ "name": name })), "{name}");
        let desc = format!("The command {name} has not been found");
        let request = format!("{{\"execute\":\"{name}\"}}");
        check(&mut client, &request, "CommandNotFound", &desc);
    }
    for name in ["stop", "cont", "system_reset", "system_powerdown"] {
        let (class, desc) = client.error(&format!("{{\"execute\":\"{name}\"}}"));
        assert_eq!(class, "GenericError");
        assert!(desc.contains("there is no guest"), "{desc}");
    }
}

#[test]
fn properties_are_listed_with_the_host_s_values() {
    let server = Server::start();
    let mut client = server.client();
    let list = client
        .returns(r#"{"execute":"device-list-properties","arguments":{"typename":"host-arm-cpu"}}"#);
    let list = list.as_array().expect("a list");
    let property = |name: &str| {
        let found = list.iter().find(|property| property["name"] == name);
        found.unwrap_or_else(|| panic!("{name}"))
    };
    let dp = property("SYSREG_ID_AA64ISAR0_EL1_DP");
    assert_eq!(dp["type"], "uint64");
    assert_eq!(
        dp["description"],
        "bits 47:44: 0x0 (NI), 0x1 (IMP); allowed: 0x0-0x1"
    );
    assert_eq!(property("sve")["type"], "bool");
    assert_eq!(property("FEAT_SHA512")["type"], "bool");
    check(
        &mut client,
        r#"{"execute":"device-list-properties","arguments":{"typename":"x-arm-cpu"}}"#,
        "DeviceNotFound",
        "Device 'x-arm-cpu' not found",
    );
}

#[test]
fn descriptions_tell_what_a_property_means_on_the_host() {
    let server = Server::on("neoverse-v1-latest");
    let mut client = server.client();
    let list = client
        .returns(r#"{"execute":"device-list-properties","arguments":{"typename":"host-arm-cpu"}}"#);
    for (name, description) in [
        ("sve256", "vectors of 256 bits"),
        (
            "sve384",
            "vectors of 384 bits; not on this host, which has no such vectors",
        ),
        (
            "mte",
            "memory tagging; not on this host, no KVM_CAP_ARM_MTE",
        ),
        ("FEAT_DotProd", "ID_AA64ISAR0_EL1.DP is 0x1 (IMP) or more"),
        (
            "FEAT_MTE_ASYNC",
            "ID_AA64PFR1_EL1.MTE_frac is 0x0 (ASYNC), FEAT_MTE2 is there",
        ),
        (
            "FEAT_SVE2",
            "ID_AA64ZFR0_EL1.SVEver is 0x1 (SVE2) or more, FEAT_SVE is there",
        ),
        (
            "FEAT_MixedEndEL0",
            "ID_AA64MMFR0_EL1.BIGEND is 0x1 (IMP) or more; or ID_AA64MMFR0_EL1.BIGENDEL0 is 0x1 \
             (IMP) or more",
        ),
        ("midr", "the whole of MIDR_EL1"),
    ] {
        let mut properties = list.as_array().expect("a list").iter();
        let found = properties.find(|property| property["name"] == name);
        assert_eq!(found.expect(name)["description"], description, "{name}");
    }
}

#[test]
fn model_that_lacks_only_a_capability_has_a_class_of_its_own() {
    let server = Server::start();
    let mut client = server.client();
    let (class, desc) = client.error(&props("full", &json!({ "mte": true })));
    assert_eq!(class, "KVMMissingCap", "{desc}");
    let both = json!({ "mte": true, "SYSREG_ID_AA64ISAR0_EL1_DP": 2 });
    let (class, desc) = client.error(&props("full", &both));
    assert_eq!(class, "GenericError", "{desc}");
}

#[test]
fn full_expansion_has_every_property() {
    let server = Server::start();
    let mut client = server.client();
    let model = client.returns(&expansion("full", &json!({ "name": "host" })));
    let props = &model["model"]["props"];
    assert_eq!(props["sve"], true);
    assert_eq!(props["SYSREG_ID_AA64ISAR0_EL1_DP"], 1);
    assert_eq!(props["midr"], 0x000f_0510);
    assert_eq!(
        (&props["mte"], &props["FEAT_SHA512"]),
        (&Value::Null, &Value::Null)
    );
    let asked = json!({ "sve": false, "SYSREG_ID_AA64ISAR0_EL1_DP": 0, "FEAT_SHA512": "off" });
    let model = client.returns(&expansion(
        "full",
        &json!({ "name": "custom", "props": asked }),
    ));
    let props = &model["model"]["props"];
    assert_eq!(model["model"]["name"], "custom");
    assert_eq!(props["sve"], false);
    assert_eq!(props["SYSREG_ID_AA64PFR0_EL1_SVE"], 0);
    assert_eq!(props["SYSREG_ID_AA64ISAR0_EL1_DP"], 0);
    assert_eq!(props["SYSREG_ID_AA64ISAR0_EL1_SHA2"], 1);
}

#[test]
fn static_expansion_asks_no_host() {
    let server = Server::start();
    let mut client = server.client();
    // Above the host's value; the value has a name.
    let asked = json!({ "SYSREG_ID_AA64ISAR0_EL1_TS": 2, "pauth": "off", "midr": "0x413fd0c1" });
    let model = client.returns(&props("static", &asked));
    let expected = json!({ "SYSREG_ID_AA64ISAR0_EL1_TS": 2, "pauth": false, "midr": 0x413f_d0c1 });
    assert_eq!(model["model"]["props"], expected);
    let (_, desc) = client.error(&props(
        "static",
        &json!({ "SYSREG_ID_AA64ISAR0_EL1_DP": 7 }),
    ));
    assert!(
        desc.ends_with("named values are 0x0 (NI), 0x1 (IMP)"),
        "{desc}"
    );
    let (_, desc) = client.error(&props(
        "static",
        &json!({ "SYSREG_ID_AA64ISAR0_EL1_DP": 16 }),
    ));
    assert!(desc.contains("DP=0x10"), "{desc}");
}

#[test]
fn impossible_models_are_refused_with_all_errors() {
    let server = Server::start();
    let mut client = server.client();
    for (request, desc) in [
        (
            expansion("full", &json!({ "name": "foo" })),
            "The CPU type 'foo' is not a recognized ARM CPU type",
        ),
        (
            expansion("bogus", &json!({ "name": "host" })),
            "Parameter 'type' does not accept value 'bogus'",
        ),
        (
            props("full", &json!({ "pmu": 1 })),
            "Invalid parameter type for 'model.props.pmu', expected: boolean",
        ),
        (
            props("full", &json!({ "SYSREG_ID_AA64ISAR0_EL1_DPP": 0 })),
            "Parameter 'model.props.SYSREG_ID_AA64ISAR0_EL1_DPP' is unexpected; did you mean \
             SYSREG_ID_AA64ISAR0_EL1_DP?",
        ),
    ] {
        check(&mut client, &request, "GenericError", desc);
    }
    check(
        &mut client,
        r#"{"execute":"query-cpu-model-expansion","arguments":{"type":"full"}}"#,
        "GenericError",
        "Parameter 'model' is missing",
    );
    let two = json!({ "SYSREG_ID_AA64ISAR0_EL1_RNDR": 5, "SYSREG_ID_AA64PFR0_EL1_FP": 15 });
    let (_, desc) = client.error(&props("full", &two));
    assert!(
        desc.contains("RNDR=0x5") && desc.contains("; ") && desc.contains("FP=0xf"),
        "{desc}"
    );
}
