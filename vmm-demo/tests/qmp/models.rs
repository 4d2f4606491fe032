//! Tests of models on hosts of several kinds.

use crate::commands::{check, expansion, props};
use crate::server::Server;
use serde_json::json;

#[test]
fn vector_lengths_are_those_that_the_host_has() {
    let server = Server::on("neoverse-v1-latest");
    let mut client = server.client();
    let model = client.returns(&expansion("full", &json!({ "name": "host" })));
    let properties = model["model"]["props"].as_object().expect("an object");
    let lengths = properties.keys().filter(|name| name.starts_with("sve"));
    assert_eq!(lengths.collect::<Vec<_>>(), ["sve", "sve128", "sve256"]);
}

#[test]
fn only_what_another_kvm_could_change_lacks_a_capability() {
    let capability = "\"writable_implementation_ids\": ";
    let (has, lacks) = (format!("{capability}true"), format!("{capability}false"));
    let server = Server::on_edited("max-latest", &has, &lacks);
    let mut client = server.client();
    let (class, desc) = client.error(&props("full", &json!({ "revidr": 1 })));
    assert_eq!(class, "KVMMissingCap", "{desc}");
    let fixed = json!({ "SYSREG_ID_AA64MMFR2_EL1_FWB": 0 });
    let (class, desc) = client.error(&props("full", &fixed));
    assert_eq!(class, "GenericError", "{desc}");
}

#[test]
fn a_kernel_without_writable_registers_lacks_a_capability() {
    let server = Server::on("max-old");
    check(
        &mut server.client(),
        &props("full", &json!({ "SYSREG_ID_AA64ISAR0_EL1_DP": 0 })),
        "KVMMissingCap",
        "this kernel (6.1.0-56-cloud-arm64) has no writable ID registers, which need Linux 6.7 or \
         newer; `host` without overrides of fields works",
    );
}

#[test]
fn several_contradictions_are_on_one_line() {
    let server = Server::start();
    let asked = json!({ "enforce": true, "SYSREG_ID_AA64ISAR0_EL1_SHA1": 0 });
    check(
        &mut server.client(),
        &props("full", &asked),
        "GenericError",
        "the overrides contradict the architecture, and the model says `enforce`; change them, or \
         leave `enforce` out: SHA256 needs SHA1: ID_AA64ISAR0_EL1.SHA2=0x2 (SHA512) while \
         ID_AA64ISAR0_EL1.SHA1=0x0 (NI); SHA3 needs SHA1: ID_AA64ISAR0_EL1.SHA3=0x1 (IMP) while \
         ID_AA64ISAR0_EL1.SHA1=0x0 (NI)",
    );
}
