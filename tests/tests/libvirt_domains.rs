//! Domains that `export libvirt` writes, checked with libvirt's own schema.

#![allow(
    clippy::expect_used,
    reason = "clippy counts helpers of an integration test as production code"
)]

use idreg_runtime::formats::qemu::Dialect;
use idreg_runtime::formats::{ExportedGuest, libvirt};
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::model::named::Models;
use idreg_runtime::plan::Plan;
use idreg_tests::libvirt::DomainSchema;
use std::fs;
use std::path::{Path, PathBuf};

/// The elements that every domain has, and that an export leaves to its user.
const REST: &str = "<name>a</name><memory>1</memory>\
                    <os><type arch='aarch64' machine='virt'>hvm</type></os>";

/// Recorded and real hosts.
fn hosts() -> Vec<Host> {
    let mut hosts = Vec::new();
    for directory in ["data/hosts", "data/real-hosts"] {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|end| end == "json") {
                let file = fs::read_to_string(path).expect("a file");
                hosts.push(serde_json::from_str(&file).expect("a host"));
            }
        }
    }
    hosts
}

/// Writes a domain of each model and dialect on a host into files.
fn write_domains(host: &Host, directory: &Path, files: &mut Vec<PathBuf>) {
    let mut models = vec![CpuModel::host()];
    models.extend(Models::built_in().iter().cloned().map(CpuModel::named));
    for model in models {
        let Ok(plan) = Plan::new(host, &model) else {
            continue;
        };
        for dialect in [
            Dialect::Stock,
            Dialect::Kernel,
            Dialect::Kunpeng,
            Dialect::Arm,
        ] {
            let guest = ExportedGuest { host, plan: &plan };
            let text = libvirt::domain(guest, dialect).text;
            let start = text.find(">\n").expect("a first line") + 2;
            let (head, rest) = text.split_at(start);
            let file = directory.join(format!("{}.xml", files.len()));
            fs::write(&file, format!("{head}{REST}{rest}")).expect("a file");
            files.push(file);
        }
    }
}

#[test]
fn every_domain_is_valid() {
    let Some(schema) = DomainSchema::or_skip("every_domain_is_valid") else {
        return;
    };
    let directory = tempfile::tempdir().expect("a directory");
    let mut files = Vec::new();
    for host in hosts() {
        write_domains(&host, directory.path(), &mut files);
    }
    println!("{} domains", files.len());
    schema.validate(&files).expect("valid domains");
}

#[test]
fn the_schema_knows_mistakes() {
    let Some(schema) = DomainSchema::or_skip("the_schema_knows_mistakes") else {
        return;
    };
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("wrong.xml");
    let cpu = "<cpu mode='host-passthrough'><feature name='sve' policy='on'/></cpu>";
    fs::write(&file, format!("<domain type='kvm'>{REST}{cpu}</domain>")).expect("a file");
    assert!(schema.validate(&[file]).is_err());
}
