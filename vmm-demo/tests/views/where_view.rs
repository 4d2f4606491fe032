//! `idreg where`.

use super::program::{Directory, host_file, line, read, view};
use expect_test::expect_file;

const N1: &str = "neoverse-n1-latest";
const V1: &str = "neoverse-v1-latest";

/// A model of a Cortex-A35 whose registers a Cortex-A57 can give too.
pub(crate) const ON_A57: &str = "host,pmu=off,midr=0x411fd070,SYSREG_ID_MMFR0_EL1_AuxReg=1,\
    SYSREG_ID_AA64PFR0_EL1_CSV2=0,SYSREG_ID_AA64MMFR0_EL1_TGRAN16=0";

/// A directory with hosts and the view of a guest of a Neoverse N1.
fn with_view(model: &str, hosts: &[&str]) -> Directory {
    let directory = Directory::new();
    directory.view("guest.json", N1, model);
    directory.hosts("hosts", hosts);
    directory
}

#[test]
fn each_host_has_its_model_or_the_first_reasons() {
    let hosts = [N1, V1, "neoverse-n1-lts", "cortex-a57-latest"];
    let directory = with_view("host,FEAT_DotProd=off,pmu=off", &hosts);
    let output = directory.idreg(&["where", "guest.json", "hosts"]);
    expect_file!["expected/where.txt"].assert_eq(&output.golden());
}

#[test]
fn json_has_every_reason() {
    let directory = with_view("host,pmu=off", &[N1, V1]);
    let output = directory.idreg(&["where", "--json", "guest.json", "hosts"]);
    expect_file!["expected/where.json"].assert_eq(&output.stdout);
    assert_eq!(output.code, Some(0));
}

#[test]
fn refusal_has_the_model_that_fits_both_hosts() {
    let directory = with_view("host", &["neoverse-n1-lts"]);
    let output = directory.idreg(&["where", "--json", "guest.json", "hosts"]);
    let remedies = &output.json()["hosts"][0]["remedies"];
    let model = "--cpu host --firmware KVM_REG_ARM_PSCI_VERSION=1.1";
    let expected = format!("a guest that starts with `{model}` fits both hosts");
    assert_eq!(*remedies, serde_json::json!([expected]));
}

/// The fields that alone keep a Neoverse N1's guest from a Neoverse V1.
#[test]
fn tolerated_fields_are_named_below_the_host() {
    let model = "host,SYSREG_ID_AA64DFR0_EL1_DoubleLock=0xf,pmu=off";
    let directory = with_view(model, &[V1]);
    let output = directory.idreg(&["where", "guest.json", "hosts"]);
    expect_file!["expected/where-not-tolerated.txt"].assert_eq(&output.golden());
    let tolerate = "--tolerate=el2,SYSREG_ID_AA64MMFR2_EL1_IDS";
    let output = directory.idreg(&["where", tolerate, "guest.json", "hosts"]);
    expect_file!["expected/where-tolerated.txt"].assert_eq(&output.golden());
}

/// A guest of a Cortex-A35, whose levels of the mitigations a Cortex-A57 does not have. A PSCI
/// version that both kernels have is written on the newer one.
#[test]
fn mitigations_are_tolerated_by_name_and_firmware_registers_are_in_the_line() {
    let directory = Directory::new();
    let view = view(&read("cortex-a35-latest"), ON_A57);
    let view = serde_json::to_string_pretty(&view).expect("JSON");
    let firmware = "\"KVM_REG_ARM_PSCI_VERSION\": \"0x0000000000010001\"";
    let view = view.replace(
        "\"KVM_REG_ARM_PSCI_VERSION\": \"0x0000000000010003\"",
        firmware,
    );
    assert!(view.contains(firmware));
    directory.write("guest.json", view);
    directory.hosts("hosts", &["cortex-a35-latest", "cortex-a57-latest"]);
    let output = directory.idreg(&["where", "guest.json", "hosts"]);
    expect_file!["expected/where-unprotected.txt"].assert_eq(&output.golden());
    let output = directory.idreg(&["where", "--tolerate=el2,mitigations", "guest.json", "hosts"]);
    expect_file!["expected/where-mitigations.txt"].assert_eq(&output.golden());
    let output = directory.idreg(&[
        "where",
        "--json",
        "--tolerate=mitigations",
        "guest.json",
        "hosts",
    ]);
    let report = output.json();
    assert_eq!(report["tolerated"], "mitigations");
    assert_eq!(
        report["hosts"][0]["firmware"][0],
        "KVM_REG_ARM_PSCI_VERSION=1.1"
    );
}

#[test]
fn model_of_a_line_makes_the_same_plan() {
    let directory = with_view("host,FEAT_LSE=off,sve=off", &[N1]);
    let output = directory.idreg(&["where", "--json", "guest.json", "hosts"]);
    let report = output.json();
    let cpu = report["hosts"][0]["cpu"].as_str().expect("a model");
    let host = format!("hosts/{N1}.json");
    let plan = |cpu| directory.idreg(&["check", "--json", "--host", &host, "--cpu", cpu]);
    let (asked, again) = (plan("host,FEAT_LSE=off,sve=off").json(), plan(cpu).json());
    for member in ["writes", "expected", "vcpu"] {
        assert_eq!(asked[member], again[member], "{member}");
    }
}

#[test]
fn guest_that_fits_no_host_is_exit_code_1() {
    let directory = with_view("host", &["a64fx-latest"]);
    let output = directory.idreg(&["where", "guest.json", "hosts"]);
    assert_eq!(output.code, Some(1), "{}", output.golden());
    assert!(output.stdout.ends_with("the guest fits 0 of 1 hosts\n"));
}

/// The names of the hosts in the output, and the last line.
fn names(directory: &Directory, arguments: &[&str], input: &str) -> Vec<String> {
    let output = directory.idreg_with(arguments, input.as_bytes());
    let lines = output.stdout.lines();
    let lines = lines.filter(|line| !line.starts_with("  "));
    let names = lines.map(|line| line.split_once(": ").map_or(line, |(name, _)| name));
    names.map(str::to_owned).collect()
}

#[test]
fn hosts_come_from_files_directories_lines_and_the_standard_input() {
    let directory = with_view("host", &[N1, V1]);
    directory.write("hosts/.new.json", "not whole");
    directory.write("hosts/README.md", "no host");
    directory.write("hosts/inner/other.json", "not recursive");
    let lines = format!("{}\n{}", line(N1), line(V1));
    directory.write("fleet.jsonl", &lines);
    directory.write("one-line.json", line(N1));
    let where_ = |hosts: &[&str], input: &str| {
        let arguments = [&["where", "guest.json"], hosts].concat();
        names(&directory, &arguments, input)
    };
    assert_eq!(
        where_(&["one-line.json", "hosts", "fleet.jsonl"], ""),
        [
            "one-line.json",
            "hosts/neoverse-n1-latest.json",
            "hosts/neoverse-v1-latest.json",
            "fleet.jsonl:1",
            "fleet.jsonl:3",
            "the guest fits 3 of 5 hosts",
        ]
    );
    let of_input = ["-:1", "-:3", "the guest fits 1 of 2 hosts"];
    assert_eq!(where_(&["-"], &lines), of_input);
    let one = ["-", "the guest fits 1 of 1 hosts"];
    assert_eq!(where_(&["-"], &host_file(N1)), one);
    assert_eq!(where_(&["-"], &line(N1)), one);
}

#[test]
fn keep_going_judges_the_hosts_that_can_be_used() {
    let directory = with_view("host", &[N1]);
    directory.write("hosts/broken.json", "{}");
    let second = line(N1).replace("\"timer_frequency\":1000000000", "\"timer_frequency\":-1");
    let lines = format!("{{\"schema\":\n{second}{}null\n[\n", line(N1));
    let arguments = ["where", "guest.json", "missing.json", "hosts", "-"];
    let output = directory.idreg_with(&arguments, lines.as_bytes());
    assert_eq!((output.code, output.stdout.as_str()), (Some(2), ""));
    let arguments = [&arguments[..], &["--keep-going"]].concat();
    let output = directory.idreg_with(&arguments, lines.as_bytes());
    expect_file!["expected/keep-going.txt"].assert_eq(&output.golden());
}

#[test]
fn json_stays_one_object_with_files_that_cannot_be_used() {
    let directory = with_view("host", &[N1]);
    directory.write("hosts/broken.json", "{}");
    let arguments = ["where", "--json", "--keep-going", "guest.json", "hosts"];
    let output = directory.idreg(&arguments);
    assert_eq!(
        (output.code, &output.json()["unusable"]),
        (Some(2), &1.into())
    );
    let output = directory.idreg(&["where", "--json", "guest.json", "hosts"]);
    let error = output.json()["error"].as_str().map(str::to_owned);
    assert!(error.is_some_and(|error| error.contains("hosts/broken.json")));
}
