//! Model files of users: what is read, and every mistake by file, line and key.

#![cfg(feature = "models")]

use idreg_runtime::model::named::{FieldSetting, InvalidModels, Models, NamedModel};
use idreg_runtime::regs::DESCRIPTION;

const GOOD: &str = r#"schema = "idreg-model/1"
name = "rack"
version = 2
description = "Our racks"
sources = ["measured"]
options = ["sve", "sve256", "pmu"]

[registers]
MIDR_EL1 = "host"
CTR_EL0 = { L1Ip = "host", IDC = 1 }

[registers.ID_AA64ISAR0_EL1]
DP = 0x1
AES = 2
"#;

fn read(text: &str) -> Result<NamedModel, InvalidModels> {
    NamedModel::parse_file("rack.toml", text)
}

#[track_caller]
fn mistakes(text: &str) -> String {
    read(text).expect_err("a file with mistakes").to_string()
}

#[test]
fn fields_that_are_not_there_are_zero() {
    let model = read(GOOD).expect("a model");
    assert_eq!(model.full_name(), "rack-v2");
    let setting = |property| model.field(DESCRIPTION.property(property).expect(property));
    assert_eq!(
        setting("SYSREG_ID_AA64ISAR0_EL1_AES"),
        FieldSetting::Value(2)
    );
    assert_eq!(
        setting("SYSREG_ID_AA64ISAR0_EL1_SHA1"),
        FieldSetting::Value(0)
    );
    assert_eq!(setting("SYSREG_MIDR_EL1_PartNum"), FieldSetting::Host);
    assert_eq!(setting("SYSREG_CTR_EL0_L1Ip"), FieldSetting::Host);
    assert_eq!(setting("SYSREG_ID_AA64PFR0_EL1_GIC"), FieldSetting::Vm);
    let options: Vec<String> = model.options().map(|it| it.to_string()).collect();
    let expected = "sve=on sve256=on pauth=off pmu=on mte=off aarch64=on el2=off";
    assert_eq!(options.join(" "), expected);
    assert_eq!(read(&model.to_string()), Ok(model));
}

/// A part of the good file, its replacement, and a part of the message.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("= 2\n", "= \n", "rack.toml:3: not valid TOML: "),
    (
        "DP = 0x1",
        "AES = 1",
        "rack.toml:14: not valid TOML: duplicate key",
    ),
    (
        "model/1",
        "model/2",
        "rack.toml:1: `schema`: `idreg-model/2`, expected `idreg-model/1`",
    ),
    (
        "schema = \"idreg-model/1\"\n",
        "",
        "rack.toml: `schema`: missing; add it",
    ),
    (
        "name = \"rack\"\n",
        "",
        "rack.toml: `name`: missing; add it",
    ),
    (
        "\"rack\"",
        "\"Rack\"",
        "rack.toml:2: `name`: `Rack` cannot name a model: use up to 63",
    ),
    (
        "\"rack\"",
        "\"host\"",
        "rack.toml:2: `name`: `host` cannot name a model",
    ),
    (
        "\"rack\"",
        "7",
        "rack.toml:2: `name`: unusable integer; write",
    ),
    (
        "version = 2",
        "version = 0",
        "rack.toml:3: `version`: unusable integer; write",
    ),
    ("version = 2", "version = -1", "rack.toml:3: `version`: "),
    (
        "version = 2",
        "version = \"2\"",
        "rack.toml:3: `version`: unusable string; write",
    ),
    ("version = 2\n", "", "rack.toml: `version`: missing; add it"),
    (
        "Our racks",
        "Our\\nracks",
        "rack.toml:4: `description`: unusable string; write",
    ),
    (
        "[\"measured\"]",
        "\"measured\"",
        "rack.toml:5: `sources`: unusable string; write",
    ),
    (
        "[\"measured\"]",
        "[1]",
        "rack.toml:5: `sources`: unusable integer; write",
    ),
    (
        "sources",
        "source",
        "rack.toml:5: `source`: no such key; keys are schema, name,",
    ),
    (
        "options",
        "deprecated = 1\noptions",
        "rack.toml:6: `deprecated`: unusable integer; write",
    ),
    (
        "\"pmu\"",
        "\"pmuv3\"",
        "rack.toml:6: `options`: no option `pmuv3` that can be on",
    ),
    (
        "\"pmu\"",
        "\"aarch64\"",
        "rack.toml:6: `options`: no option `aarch64` that can be on",
    ),
    (
        "\"pmu\"",
        "\"sve\"",
        "rack.toml:6: `options`: `sve` twice; leave one out",
    ),
    (
        "\"sve256\"",
        "\"sve257\"",
        "rack.toml:6: `options`: no option `sve257` that can be on",
    ),
    (
        "\"sve256\", ",
        "",
        "rack.toml:6: `options`: `sve` needs the longest vector length",
    ),
    (
        "\"pmu\"",
        "\"sve128\"",
        "rack.toml:6: `options`: `sve` needs the longest vector length",
    ),
    (
        "MIDR_EL1",
        "MIDR_EL2",
        "rack.toml:9: `registers.MIDR_EL2`: no such register",
    ),
    (
        "MIDR_EL1 = \"host\"\n",
        "",
        "rack.toml: `registers.MIDR_EL1`: missing, and 0 is no CPU",
    ),
    (
        "MIDR_EL1 = \"host\"",
        "MIDR_EL1 = 1",
        "rack.toml:9: `registers.MIDR_EL1`: unusable integer; write",
    ),
    (
        "DP = 0x1",
        "DQ = 1",
        "rack.toml:13: `registers.ID_AA64ISAR0_EL1.DQ`: ID_AA64ISAR0_EL1 ",
    ),
    (
        "DP = 0x1",
        "DP = 16",
        "rack.toml:13: `registers.ID_AA64ISAR0_EL1.DP`: 16 does not fit",
    ),
    (
        "DP = 0x1",
        "DP = -1",
        "rack.toml:13: `registers.ID_AA64ISAR0_EL1.DP`: -1 does not fit",
    ),
    (
        "DP = 0x1",
        "DP = \"IMP\"",
        "rack.toml:13: `registers.ID_AA64ISAR0_EL1.DP`: unusable string; write",
    ),
    (
        "DP = 0x1",
        "DP = \"host\"",
        "SYSREG_ID_AA64ISAR0_EL1_DP cannot be \"host\": guests",
    ),
    (
        "DP = 0x1",
        "\"\\u001b[m\" = 1",
        r"rack.toml:13: `registers.ID_AA64ISAR0_EL1.\u{1b}[m`",
    ),
    (
        "[registers.ID_AA64ISAR0_EL1]",
        "[registers.ID_AA64PFR0_EL1]\nGIC = 1\n[registers.ID_AA64ISAR0_EL1]",
        "the VM sets SYSREG_ID_AA64PFR0_EL1_GIC, by its interrupt controller",
    ),
    (
        "[registers.ID_AA64ISAR0_EL1]",
        "[registers.ID_AA64PFR0_EL1]\nEL0 = 2\n[registers.ID_DFR0_EL1]\nCopDbg = \"host\"\n\
             [registers.ID_AA64ISAR0_EL1]",
        "SYSREG_ID_DFR0_EL1_CopDbg cannot be \"host\"",
    ),
];

#[test]
fn mistakes_name_line_and_key() {
    for (from, to, expected) in MISTAKES {
        assert!(GOOD.contains(from), "{from}");
        let text = mistakes(&GOOD.replacen(from, to, 1));
        assert!(text.contains(expected), "{to}:\n{text}\n{expected}");
    }
}

#[test]
fn all_mistakes_of_a_file_come_together() {
    let text = GOOD
        .replace("rack", "Rack")
        .replace("DP = 0x1", "DQ = 1\nAES2 = 1");
    assert_eq!(mistakes(&text).lines().count(), 3);
}

#[test]
fn hostile_files_are_mistakes() {
    for text in ["", "\0", "\u{feff}", "[", "=", "a.b.c = 1", "[[registers]]"] {
        mistakes(text);
    }
    mistakes(&"[".repeat(100_000));
    mistakes(&format!("a = {}", "[".repeat(100_000)));
    mistakes(&"a.".repeat(100_000));
}

#[test]
fn folder_adds_models_and_reports_all_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    write("rack.toml", GOOD).expect("a file");
    write("notes.txt", "not a model").expect("a file");
    let models = Models::built_in()
        .with_folder(folder.path())
        .expect("models");
    assert!(models.get("rack").is_some() && models.get("neoverse-n1").is_some());
    let model = models.parse("rack,FEAT_AES=off").expect("a model");
    assert_eq!(model.to_string(), "rack-v2,FEAT_AES=off");
    assert!("rack".parse::<idreg_runtime::CpuModel>().is_err());

    write("same.toml", GOOD).expect("a file");
    write(
        "n1.toml",
        &GOOD
            .replace("rack", "neoverse-n1")
            .replace("= 2\n", "= 1\n"),
    )
    .expect("a file");
    write("prefix.toml", &GOOD.replace("rack", "rack-v2")).expect("a file");
    write("bad.toml", "").expect("a file");
    write("latin.toml", "x").expect("a file");
    std::fs::write(folder.path().join("latin.toml"), [0xff]).expect("a file");
    std::fs::create_dir(folder.path().join("folder.toml")).expect("a folder");
    write("long.toml", &"#".repeat(1 << 19)).expect("a file");
    let errors = Models::built_in().with_folder(folder.path());
    let errors = errors.expect_err("mistakes").to_string();
    for expected in [
        "same.toml: rack-v2 is the name of another model too",
        "n1.toml: neoverse-n1-v1 is the name of another model too",
        "bad.toml: `schema`: missing",
        "latin.toml: cannot be read: ",
        "folder.toml: cannot be read: not a regular file",
        "long.toml: cannot be read: longer than 262144 bytes",
    ] {
        assert!(errors.contains(expected), "{expected}\n{errors}");
    }
    let missing = Models::new().with_folder(folder.path().join("missing"));
    let missing = missing.expect_err("no folder").to_string();
    assert!(missing.contains("missing: cannot be read: "), "{missing}");
}
