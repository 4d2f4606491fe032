//! `models`, and named models in `--cpu`.

#![allow(
    clippy::indexing_slicing,
    reason = "a member that is missing ends the test"
)]

use idreg_runtime::number::Hex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data");

fn idreg(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_idreg"))
        .args(arguments)
        .output();
    output.expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[track_caller]
fn stdout(arguments: &[&str]) -> String {
    let output = idreg(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn refused(arguments: &[&str], code: i32) -> String {
    let output = idreg(arguments);
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stdout));
    text(&output.stderr)
}

fn host(name: &str) -> String {
    format!("{DATA}/hosts/{name}.json")
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(arguments)).expect("JSON")
}

#[test]
fn models_of_a_host_come_with_the_first_reasons() {
    let out = stdout(&["models", "--host", &host("neoverse-n1-latest")]);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = out.lines().map(words).collect();
    assert_eq!(lines[0], "MODEL USABLE DESCRIPTION");
    let has = |line: &str| lines.iter().any(|other| other == line);
    assert!(
        has("neoverse-n1-v1 yes Arm Neoverse N1: AWS Graviton2, Ampere Altra"),
        "{out}"
    );
    assert!(
        has("neoverse-v1-v1 no Arm Neoverse V1: AWS Graviton3"),
        "{out}"
    );
    let reasons = "\n\narmv8.0-v1: 2 values are not possible on this host\n  \
        SYSREG_ID_AA64PFR0_EL1_AdvSIMD=0x0 (IMP): kernel 7.2.12+deb14-cloud-arm64 does not allow \
        changes of this field; keep the host's value 0x1 (FP16)\n  \
        SYSREG_ID_AA64PFR0_EL1_FP=0x0 (IMP): kernel 7.2.12+deb14-cloud-arm64 does not allow \
        changes of this field; keep the host's value 0x1 (FP16)\n\n";
    assert!(out.contains(reasons), "{out}");
    assert!(out.contains("\n  and 12 more; --json has all\n"), "{out}");
}

#[test]
fn json_has_every_reason() {
    let list = json(&["models", "--json", "--host", &host("neoverse-n1-latest")]);
    assert_eq!(list["schema"], "idreg-models/1");
    assert_eq!(list["kernel_release"], "7.2.12+deb14-cloud-arm64");
    let models = list["models"].as_array().expect("models");
    let of = |name: &str| {
        models
            .iter()
            .find(|model| model["model"] == name)
            .expect("a model")
    };
    let usable = of("neoverse-n1-v1");
    assert_eq!(
        (&usable["usable"], &usable["blockers"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(
        (&usable["name"], &usable["version"]),
        (&json!("neoverse-n1"), &json!(1))
    );
    let blocked = of("armv8.0-v1");
    assert_eq!(blocked["usable"], false);
    let blockers = blocked["blockers"].as_array().expect("blockers");
    assert_eq!(blockers.len(), 2);
    assert_eq!(blockers[0]["base"], "armv8.0-v1");
    assert_eq!(blockers[0]["property"], "SYSREG_ID_AA64PFR0_EL1_AdvSIMD");
    assert_eq!(blockers[0]["requested"], "0x0");
    assert_eq!(blockers[0]["host"], "0x1");
    assert_eq!(blockers[0]["reason"], "not-writable");
}

#[test]
#[cfg(not(target_arch = "aarch64"))]
fn models_are_listed_without_a_host() {
    let out = stdout(&["models"]);
    assert!(out.contains("neoverse-n1-v1  Arm Neoverse N1"), "{out}");
    assert!(
        out.contains("--host FILE shows which models a host can give"),
        "{out}"
    );
    let list = json(&["models", "--json"]);
    assert_eq!(list["models"].as_array().map(Vec::len), Some(11));
    assert_eq!(list["models"][0].get("usable"), None);
}

#[test]
fn show_has_every_field_and_the_lineage() {
    let out = stdout(&["models", "show", "neoverse-v1"]);
    assert!(out.starts_with(
        "neoverse-v1-v1: Arm Neoverse V1: AWS Graviton3\n\
         options: sve=on, sve256=on, pauth=off, pmu=on, mte=off, aarch64=on, el2=off\n\
         superset of: armv8.4-v1\n\
         sources:\n  QEMU's neoverse-v1 under KVM"
    ));
    let model = json(&["models", "show", "neoverse-v1-v1", "--json"]);
    assert_eq!(model["schema"], "idreg-named-model/1");
    assert_eq!(model["superset_of"], json!(["armv8.4-v1"]));
    assert_eq!(model["options"]["sve256"], true);
    let fields = model["fields"].as_array().expect("fields");
    let value = |property: &str| {
        let field = fields.iter().find(|field| field["property"] == property);
        field.expect(property)["value"].clone()
    };
    assert_eq!(value("SYSREG_ID_AA64ISAR0_EL1_DP"), "0x1");
    assert_eq!(value("SYSREG_ID_AA64MMFR2_EL1_EVT"), "host");
    assert_eq!(value("SYSREG_ID_AA64PFR0_EL1_GIC"), "vm");
    assert_eq!(
        refused(&["models", "show", "neoverse-v1-v7"], 2),
        "error: no CPU model `neoverse-v1-v7`; `idreg models` lists them\n"
    );
}

#[test]
fn cpu_takes_named_models_everywhere() {
    let n1 = host("neoverse-n1-lts");
    let out = stdout(&["check", "--cpu", "neoverse-n1,FEAT_LSE=off", "--host", &n1]);
    assert!(
        out.contains("SYSREG_ID_AA64ISAR0_EL1_ATOMIC  0x2 (IMP)  0x0 (NI)"),
        "{out}"
    );
    let plan = json(&["check", "--json", "--cpu", "neoverse-n1", "--host", &n1]);
    assert_eq!(plan["cpu"], "neoverse-n1-v1");
    assert_eq!(plan["warnings"][0]["kind"], "of-host");
    let out = stdout(&["props", "*_ATOMIC", "--cpu", "armv8.2-v1", "--host", &n1]);
    assert!(out.contains("SYSREG_ID_AA64ISAR0_EL1_ATOMIC"), "{out}");
    let error = refused(&["check", "--cpu", "neoverse-v2", "--host", &n1], 1);
    assert!(
        error.contains(" values of neoverse-v2-v1 are not possible on this host;"),
        "{error}"
    );
    let error = refused(&["dump", "--cpu", "neoverse-n1"], 2);
    assert!(
        error.contains("`neoverse-n1-v1` is a named model; write `host,"),
        "{error}"
    );
}

#[test]
fn host_becomes_a_model_of_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| {
        let path = folder.path().join(name);
        path.to_str().expect("UTF-8").to_owned()
    };
    let (path, n1) = (file("rack.toml"), host("neoverse-n1-latest"));
    stdout(&["models", "make", "rack", "--host", &n1, "-o", &path]);
    let models = folder.path().to_str().expect("UTF-8");
    let listed = stdout(&["models", "--models", models, "--host", &n1]);
    assert!(
        listed.contains("rack-v1         yes     Guests of a host with kernel 7.2"),
        "{listed}"
    );
    for before in [true, false] {
        let check = ["check", "--cpu", "rack,FEAT_LSE=off", "--host", &n1];
        let folder = ["--models", models];
        let both = [folder.as_slice(), check.as_slice()];
        let other = [check.as_slice(), folder.as_slice()];
        stdout(&if before { both } else { other }.concat());
    }
    let error = refused(&["check", "--cpu", "rack", "--host", &n1], 2);
    assert!(error.contains("no CPU model `rack`"), "{error}");
    let error = refused(&["models", "make", "Rack 7", "--host", &n1], 2);
    assert!(error.contains("`Rack 7` cannot name a model"), "{error}");

    std::fs::write(file("bad.toml"), "\u{1b}[m").expect("a file");
    for command in [&["models"][..], &["check", "--cpu", "host", "--host", &n1]] {
        let error = refused(&[command, &["--models", models]].concat(), 2);
        assert!(error.contains("bad.toml:1: not valid TOML"), "{error}");
        assert!(!error.contains('\u{1b}'), "{error}");
    }
}

#[test]
fn view_becomes_a_model_with_the_values_of_the_guest() {
    let manifest = env!("CARGO_MANIFEST_DIR");
    let view = format!("{manifest}/../idreg-runtime/tests/data/view.json");
    let make = ["models", "make", "seen", "--view", &view];
    let model = stdout(&make);
    let isar0 = model.split("[registers.ID_AA64ISAR0_EL1]").nth(1);
    let isar0 = isar0.and_then(|rest| rest.split("\n\n").next());
    let isar0 = isar0.expect("a section");
    // The guest's model hides dot products, and a field that is not there is 0.
    assert!(isar0.contains("SHA1 = 0x1"), "{isar0}");
    assert!(!isar0.contains("DP ="), "{isar0}");
    let n1 = host("neoverse-n1-latest");
    let error = refused(&[&make[..], &["--host", &n1]].concat(), 2);
    assert!(error.contains("cannot be used with"), "{error}");
    let error = refused(&["models", "make", "seen", "--view", &n1], 2);
    assert!(error.contains("cannot use the view file"), "{error}");
}

/// The hosts of a folder by name.
fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let hosts = paths.filter(|path| path.extension().is_some_and(|it| it == "json"));
    let named = hosts.map(|path| {
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("UTF-8");
        (name.to_owned(), path)
    });
    named.collect()
}

/// A host file with the masks of a kernel where it has none.
fn with_masks(path: &Path, masks: &str) -> String {
    let file = std::fs::read_to_string(path).expect("a file");
    let mut host: Value = serde_json::from_str(&file).expect("JSON");
    let pfr0 = host["registers"]["ID_AA64PFR0_EL1"]["value"].as_str();
    let has_aarch32 = pfr0.is_some_and(|value| !value.ends_with('1'));
    for line in masks.lines() {
        let (name, mask) = line.split_once('\t').expect("a register and a mask");
        let is_aarch64 =
            name.contains("_AA64") || !name.starts_with("ID_") && !name.starts_with("MVFR");
        let mask = if is_aarch64 || has_aarch32 {
            mask.to_owned()
        } else {
            Hex(0).to_string()
        };
        if let Some(register) = host["registers"].get_mut(name) {
            register["writable"] = mask.into();
        }
    }
    host["capabilities"]["writable_masks"] = true.into();
    host["capabilities"]["writable_implementation_ids"] = true.into();
    host.to_string()
}

/// One line for each model: `usable`, or the number of blockers and the first three.
fn summary(list: &Value) -> String {
    let models = list["models"].as_array().expect("models");
    let lines = models.iter().map(|model| {
        let blockers = model["blockers"].as_array().expect("blockers");
        let first: Vec<String> = blockers
            .iter()
            .take(3)
            .map(|blocker| {
                let (property, value) = (&blocker["property"], &blocker["requested"]);
                let property = property
                    .as_str()
                    .expect("a property")
                    .replace("SYSREG_", "");
                let (value, reason) = (value.as_str(), blocker["reason"].as_str());
                format!(
                    "{property}={} {}",
                    value.expect("a value"),
                    reason.expect("a reason")
                )
            })
            .collect();
        let name = model["model"].as_str().expect("a name");
        if model["usable"] == true {
            format!("  {name}: usable\n")
        } else {
            format!("  {name}: {} ({})\n", blockers.len(), first.join(", "))
        }
    });
    lines.collect()
}

/// `UPDATE_EXPECT=1` writes the golden files anew.
#[test]
fn real_machines_are_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let real = Path::new(DATA).join("real-hosts");
    let masks = std::fs::read_to_string(real.join("masks-7.2.tsv")).expect("masks");
    let mut found = String::new();
    for (name, path) in files(&real) {
        let file = folder.path().join(format!("{name}.json"));
        std::fs::write(&file, with_masks(&path, &masks)).expect("a file");
        let list = json(&["models", "--json", "--host", file.to_str().expect("UTF-8")]);
        write!(found, "{name}\n{}", summary(&list)).expect("a String");
    }
    expect_test::expect_file!["data/models-of-real-hosts.txt"].assert_eq(&found);
}

#[test]
fn emulated_machines_give_the_models_of_their_kind() {
    let mut found = String::new();
    for (name, path) in files(&Path::new(DATA).join("hosts")) {
        let list = json(&["models", "--json", "--host", path.to_str().expect("UTF-8")]);
        let models = list["models"].as_array().expect("models");
        let usable = models.iter().filter(|model| model["usable"] == true);
        let names: Vec<&str> = usable.filter_map(|model| model["model"].as_str()).collect();
        writeln!(found, "{name}: {}", names.join(" ")).expect("a String");
    }
    expect_test::expect_file!["data/models-of-emulated-hosts.txt"].assert_eq(&found);
}
