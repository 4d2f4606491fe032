//! Named models in `query-cpu-definitions`, `query-cpu-model-expansion`, comparison and baseline.

use crate::commands::{check, expansion};
use crate::comparison::request;
use crate::server::{Client, Server};
use serde_json::{Value, json};
use std::fs;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/qmp/named-models.txt");

/// Environment variable with which the golden file is made anew.
const UPDATE: &str = "UPDATE_QMP_MODELS";

const DEFINITIONS: &str = r#"{"execute":"query-cpu-definitions"}"#;

const DP: &str = "SYSREG_ID_AA64ISAR0_EL1_DP";

fn definition(client: &mut Client, name: &str) -> Value {
    let definitions = client.returns(DEFINITIONS);
    let mut definitions = definitions.as_array().expect("a list").iter();
    let found = definitions.find(|definition| definition["name"] == name);
    found.expect(name).clone()
}

fn expanded(client: &mut Client, kind: &str, model: &Value) -> Value {
    client.returns(&expansion(kind, model))["model"].clone()
}

/// A line of the server, with each model on a line of its own.
fn definitions_of(host: &str) -> String {
    let server = Server::on(host);
    let mut client = server.client();
    client.write(DEFINITIONS.as_bytes());
    let line = client.line().replace("}, ", "},\n").replace("\r\n", "\n");
    format!("{host}\n{line}")
}

/// The order of the members is that of QEMU 10.0.
#[test]
fn definitions_are_qemu_s() {
    let hosts = ["neoverse-n1-latest", "neoverse-v1-lts", "max-old"];
    let found = hosts.map(definitions_of).join("\n");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(GOLDEN, found).expect("the golden file");
        return;
    }
    let golden = fs::read_to_string(GOLDEN).expect("the golden file");
    for (expected, found) in golden.lines().zip(found.lines()) {
        assert_eq!(found, expected, "set {UPDATE} to make the file anew");
    }
    assert_eq!(found.len(), golden.len());
}

#[test]
fn model_is_usable_if_no_feature_is_unavailable() {
    for (host, name, usable) in [
        ("neoverse-n1-latest", "neoverse-n1-v1", true),
        ("neoverse-n1-lts", "neoverse-n1", true),
        ("neoverse-n1-latest", "armv9.0-v1", false),
        ("a64fx-latest", "armv8.2-v1", false),
    ] {
        let server = Server::on(host);
        let mut client = server.client();
        let definition = definition(&mut client, name);
        let unavailable = &definition["unavailable-features"];
        let unavailable = unavailable.as_array().expect("a list");
        assert_eq!(unavailable.is_empty(), usable, "{definition}");
        let request = expansion("full", &json!({ "name": name }));
        if usable {
            client.returns(&request);
            continue;
        }
        let (class, desc) = client.error(&request);
        assert_eq!(class, "GenericError", "{desc}");
        for property in unavailable {
            let property = property.as_str().expect("a name");
            assert!(desc.contains(property), "{property} is not in {desc}");
        }
    }
}

#[test]
fn model_without_version_is_an_alias_of_the_newest() {
    let server = Server::on("neoverse-n1-latest");
    let mut client = server.client();
    let alias = definition(&mut client, "neoverse-n1");
    let expected = json!({
        "name": "neoverse-n1",
        "typename": "neoverse-n1-arm-cpu",
        "unavailable-features": [],
        "alias-of": "neoverse-n1-v1",
        "static": false,
        "migration-safe": false,
        "deprecated": false,
    });
    assert_eq!(alias, expected);
    let alias = json!({ "name": "neoverse-n1" });
    let version = json!({ "name": "neoverse-n1-v1" });
    let expected = expanded(&mut client, "static", &version);
    assert_eq!(expanded(&mut client, "static", &alias), expected);
    assert_eq!(expected["name"], "neoverse-n1-v1");
}

#[test]
fn types_of_named_models_have_properties() {
    let server = Server::start();
    let mut client = server.client();
    for typename in ["neoverse-n1-arm-cpu", "neoverse-n1-v1-arm-cpu"] {
        let arguments = json!({ "typename": typename });
        let request = json!({ "execute": "device-list-properties", "arguments": arguments });
        let list = client.returns(&request.to_string());
        assert!(list.as_array().expect("a list").len() > 500);
    }
    check(
        &mut client,
        r#"{"execute":"device-list-properties","arguments":{"typename":"neoverse-n1-v2-arm-cpu"}}"#,
        "DeviceNotFound",
        "Device 'neoverse-n1-v2-arm-cpu' not found",
    );
}

#[test]
fn static_expansion_of_a_named_model_is_the_model() {
    // On a host that cannot give the model.
    let server = Server::on("a64fx-latest");
    let mut client = server.client();
    let model = expanded(&mut client, "static", &json!({ "name": "neoverse-v1-v1" }));
    let props = &model["props"];
    assert_eq!(
        (&props["sve"], &props["sve256"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(props["aarch64"], true);
    assert_eq!(props[DP], 1);
    // The option decides about the first, the VM about the second, the host about the third.
    for property in [
        "ID_AA64PFR0_EL1_SVE",
        "ID_AA64PFR0_EL1_GIC",
        "ID_AA64MMFR2_EL1_EVT",
    ] {
        assert_eq!(props[format!("SYSREG_{property}")], Value::Null);
    }
    assert_eq!(expanded(&mut client, "static", &model), model);
}

#[test]
fn static_expansion_of_a_named_model_has_its_overrides() {
    let server = Server::on("neoverse-v1-latest");
    let mut client = server.client();
    for overrides in [
        json!({}),
        json!({ DP: 0 }),
        json!({ "sve": false }),
        json!({ "sve128": true }),
        json!({ "FEAT_I8MM": false, "pauth": false }),
    ] {
        let asked = json!({ "name": "neoverse-v1-v1", "props": overrides });
        let model = expanded(&mut client, "static", &asked);
        for (property, value) in overrides.as_object().expect("an object") {
            assert_eq!(&model["props"][property], value);
        }
        assert_eq!(expanded(&mut client, "static", &model), model);
        let [direct, by_way] = [&asked, &model].map(|it| expanded(&mut client, "full", it));
        assert_eq!(direct, by_way);
    }
}

#[test]
fn full_expansion_of_a_named_model_has_the_guest_s_values() {
    let server = Server::on("neoverse-v1-latest");
    let mut client = server.client();
    let host = expanded(&mut client, "full", &json!({ "name": "host" }));
    let named = expanded(&mut client, "full", &json!({ "name": "neoverse-v1-v1" }));
    assert_eq!(named["name"], "neoverse-v1-v1");
    let properties = |model: &Value| -> Vec<String> {
        let props = model["props"].as_object().expect("an object");
        props.keys().cloned().collect()
    };
    assert_eq!(properties(&named), properties(&host));
    let of_host = "SYSREG_ID_AA64MMFR2_EL1_EVT";
    assert_eq!(named["props"][of_host], host["props"][of_host]);
}

#[test]
fn named_models_are_compared_with_the_host() {
    let server = Server::on("neoverse-n1-latest");
    let mut client = server.client();
    for (a, b, result) in [
        ("neoverse-n1", "neoverse-n1-v1", "identical"),
        ("neoverse-n1-v1", "armv8.2-v1", "superset"),
        ("armv8.2-v1", "neoverse-n1-v1", "subset"),
    ] {
        let [a, b] = [a, b].map(|name| json!({ "name": name }));
        let answer = client.returns(&request("query-cpu-model-comparison", &a, &b));
        assert_eq!(answer["result"], result, "{a} {b} {answer}");
    }
}

#[test]
fn baseline_is_the_lesser_named_model() {
    let server = Server::on("neoverse-n1-latest");
    let mut client = server.client();
    let greater = json!({ "name": "neoverse-n1" });
    let lesser = json!({ "name": "armv8.2", "props": { DP: 0 } });
    for (a, b) in [(&greater, &lesser), (&lesser, &greater), (&lesser, &lesser)] {
        let answer = client.returns(&request("query-cpu-model-baseline", a, b));
        let expected = json!({ "name": "armv8.2-v1", "props": { DP: 0 } });
        assert_eq!(answer["model"], expected, "{a} {b}");
    }
}

#[test]
fn baseline_of_named_models_apart_has_overrides_of_host() {
    let server = Server::on("neoverse-n1-latest");
    let mut client = server.client();
    let a = json!({ "name": "neoverse-n1-v1", "props": { "SYSREG_ID_AA64ISAR0_EL1_CRC32": 0 } });
    let b = json!({ "name": "neoverse-n1-v1", "props": { DP: 0 } });
    let answer = client.returns(&request("query-cpu-model-baseline", &a, &b));
    let common = &answer["model"];
    assert_eq!(common["name"], "host");
    assert_eq!(common["props"][DP], 0);
    for model in [&a, &b] {
        let compared = client.returns(&request("query-cpu-model-comparison", model, common));
        assert_eq!(compared["result"], "superset", "{compared}");
    }
}

#[test]
fn model_of_a_user_without_fields_of_the_host_is_static() {
    let model = r#"
        schema = "idreg-model/1"
        name = "mine"
        version = 3
        description = "a test"
        sources = ["this test"]
        deprecated = true
        options = []
        [registers.MIDR_EL1]
        Implementer = 0x41
        PartNum = 0xd0c
    "#;
    let server = Server::with_model("neoverse-n1-latest", model);
    let mut client = server.client();
    for (name, is_version) in [("mine", false), ("mine-v3", true)] {
        let found = definition(&mut client, name);
        assert_eq!(found["static"], is_version, "{found}");
        assert_eq!(found["migration-safe"], is_version);
        assert_eq!(found["deprecated"], true);
        let alias_of = (!is_version).then_some("mine-v3");
        assert_eq!(found.get("alias-of").and_then(Value::as_str), alias_of);
        let expanded = expanded(&mut client, "static", &json!({ "name": name }));
        assert_eq!(expanded["name"], "mine-v3");
    }
}

#[test]
fn static_expansion_without_a_feature_is_the_same_guest() {
    let server = Server::on("neoverse-v1-latest");
    let mut client = server.client();
    let of_host = json!({ "execute": "device-list-properties", "arguments": {
        "typename": "host-arm-cpu",
    } });
    let properties = client.returns(&of_host.to_string());
    let properties = properties.as_array().expect("a list").iter();
    let names = properties.filter_map(|property| property["name"].as_str());
    let mut possible = 0;
    for feature in names.filter(|name| name.starts_with("FEAT_")) {
        let asked = json!({ "name": "neoverse-v1-v1", "props": { feature: false } });
        let request = expansion("full", &asked);
        client.write(request.as_bytes());
        let reply = client.read();
        let Some(direct) = reply.get("return") else {
            continue;
        };
        possible += 1;
        let model = expanded(&mut client, "static", &asked);
        assert_eq!(
            direct["model"],
            expanded(&mut client, "full", &model),
            "{feature}"
        );
    }
    assert!(possible > 100, "{possible}");
}
