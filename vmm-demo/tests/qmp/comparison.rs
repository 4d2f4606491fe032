//! `query-cpu-model-comparison` and `query-cpu-model-baseline`, on a recorded host.

use crate::server::{Client, Server};
use serde_json::{Value, json};

const DP: &str = "SYSREG_ID_AA64ISAR0_EL1_DP";

pub(crate) fn request(command: &str, a: &Value, b: &Value) -> String {
    let arguments = json!({ "modela": a, "modelb": b });
    json!({ "execute": command, "arguments": arguments }).to_string()
}

fn host(props: &Value) -> Value {
    json!({ "name": "host", "props": props })
}

fn compared(client: &mut Client, a: &Value, b: &Value) -> Value {
    client.returns(&request("query-cpu-model-comparison", &host(a), &host(b)))
}

fn baseline(client: &mut Client, a: &Value, b: &Value) -> Value {
    client.returns(&request("query-cpu-model-baseline", &host(a), &host(b)))
}

/// The members and words of QEMU's `CpuModelCompareInfo`.
#[test]
fn answers_to_comparisons_are_qemu_s() {
    let server = Server::start();
    let mut client = server.client();
    let none = json!({});
    let less = json!({ DP: 0 });
    for (a, b, result, responsible) in [
        (&none, &none, "identical", json!([])),
        (&none, &less, "superset", json!([DP])),
        (&less, &none, "subset", json!([DP])),
        (
            &json!({ "sve": false }),
            &less,
            "incompatible",
            json!(["sve", DP]),
        ),
        (&none, &json!({ "sve": false }), "superset", json!(["sve"])),
        (
            &json!({ "sve128": true }),
            &none,
            "subset",
            json!(["sve128"]),
        ),
        (
            &none,
            &json!({ "midr": 0x410fd0c1 }),
            "incompatible",
            json!([
                "SYSREG_MIDR_EL1_Implementer",
                "SYSREG_MIDR_EL1_PartNum",
                "SYSREG_MIDR_EL1_Revision"
            ]),
        ),
    ] {
        let answer = compared(&mut client, a, b);
        let expected = json!({ "result": result, "responsible-properties": responsible });
        assert_eq!(answer, expected, "{a} {b}");
    }
}

/// The members of QEMU's `CpuModelBaselineInfo`.
#[test]
fn answers_to_baselines_are_qemu_s() {
    let server = Server::start();
    let mut client = server.client();
    let none = json!({});
    for (a, b, props) in [
        (&none, &none, json!({})),
        (&none, &json!({ DP: 0 }), json!({ DP: 0 })),
        (
            &json!({ "sve": false }),
            &json!({ DP: 0 }),
            json!({ "sve": false, DP: 0 }),
        ),
        (
            &json!({ "sve256": true }),
            &json!({ "sve128": true }),
            json!({ "sve128": true }),
        ),
    ] {
        let answer = baseline(&mut client, a, b);
        assert_eq!(
            answer,
            json!({ "model": { "name": "host", "props": props } }),
            "{a} {b}"
        );
    }
}

#[test]
fn baseline_is_a_subset_of_both_models() {
    let server = Server::on("neoverse-v1-latest");
    let mut client = server.client();
    let a = json!({ "pauth": false, "FEAT_I8MM": false });
    let b = json!({ "sve": false, "SYSREG_CTR_EL0_IDC": 0 });
    let common = baseline(&mut client, &a, &b)["model"]["props"].clone();
    for model in [&a, &b] {
        assert_eq!(
            compared(&mut client, model, &common)["result"],
            "superset",
            "{common}"
        );
    }
    let again = baseline(&mut client, &common, &a);
    assert_eq!(again["model"]["props"], common);
}

#[test]
fn name_of_the_first_model_is_that_of_the_baseline() {
    let server = Server::start();
    let mut client = server.client();
    let custom = json!({ "name": "custom" });
    let request = request(
        "query-cpu-model-baseline",
        &custom,
        &json!({ "name": "host" }),
    );
    let answer = client.returns(&request);
    assert_eq!(
        answer,
        json!({ "model": { "name": "custom", "props": {} } })
    );
}

#[test]
fn mistakes_are_those_of_their_model() {
    let server = Server::start();
    let mut client = server.client();
    let good = json!({ "name": "host" });
    let generic = "GenericError";
    for command in ["query-cpu-model-comparison", "query-cpu-model-baseline"] {
        for (a, b, desc) in [
            (
                json!(1),
                good.clone(),
                "Invalid parameter type for 'modela', expected: object",
            ),
            (
                good.clone(),
                json!({}),
                "Parameter 'modelb.name' is missing",
            ),
            (
                good.clone(),
                json!({ "name": "cortex-a57" }),
                "The CPU type 'cortex-a57' is not a recognized ARM CPU type",
            ),
            (
                good.clone(),
                host(&json!({ "pmu": 1 })),
                "Invalid parameter type for 'modelb.props.pmu', expected: boolean",
            ),
            (
                host(&json!({ "SYSREG_X": 1 })),
                good.clone(),
                "Parameter 'modela.props.SYSREG_X' is unexpected",
            ),
            (
                good.clone(),
                json!({ "name": "host", "x": 1 }),
                "Parameter 'modelb.x' is unexpected",
            ),
        ] {
            let (class, found) = client.error(&request(command, &a, &b));
            assert_eq!((class.as_str(), found.as_str()), (generic, desc));
        }
        let one = json!({ "execute": command, "arguments": { "modela": good } });
        let (_, desc) = client.error(&one.to_string());
        assert_eq!(desc, "Parameter 'modelb' is missing");
        let (_, desc) = client.error(&request(command, &good, &host(&json!({ DP: 2 }))));
        assert!(desc.starts_with(DP), "{desc}");
        assert!(desc.contains("above the host's value"), "{desc}");
    }
}

#[test]
fn what_kvm_cannot_do_is_a_missing_capability() {
    let server = Server::on("neoverse-n1-latest");
    let mut client = server.client();
    let mte = host(&json!({ "mte": true }));
    for command in ["query-cpu-model-comparison", "query-cpu-model-baseline"] {
        let (class, _) = client.error(&request(command, &mte, &json!({ "name": "host" })));
        assert_eq!(class, "KVMMissingCap");
    }
}
