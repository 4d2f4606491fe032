//! Guests that go on on other hosts.

use crate::guest::Guest;
use crate::hosts::{A57, MAX, host};
use idreg_runtime::fleet::{Fleet, Policy};
use idreg_runtime::host::Host;
use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::tolerance::Tolerance;
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::Machine;

/// The newest version of PSCI of Linux 6.12 (`include/kvm/arm_psci.h`, `KVM_ARM_PSCI_LATEST`).
const PSCI: [&str; 2] = ["--firmware", "KVM_REG_ARM_PSCI_VERSION=1.1"];

/// The host file that `idreg dump` writes.
fn dump(machine: &Machine) -> Host {
    let output = machine.run(["dump"]).expect("it ends");
    assert_eq!(output.code, 0, "{}", output.stderr());
    serde_json::from_slice(&output.stdout).expect("a host file")
}

/// The model of the first host's guests that all hosts have in common.
pub(crate) fn common_model(machines: &[&'static Machine], policy: &Policy) -> String {
    let mut fleet = Fleet::new();
    for (index, machine) in machines.iter().enumerate() {
        let added = fleet.add(index.to_string(), &dump(machine));
        added.expect("our registers");
    }
    let baseline = fleet.baseline(policy).expect("a model in common");
    baseline.fits()[0].model().to_string()
}

/// Takes a guest along a route of hosts, by their indices; it must be right at each.
fn travels(cpus: &[&str], name: &str, route: &[usize]) {
    let machines: Vec<_> = cpus.iter().map(|cpu| host(cpu, Kernel::Latest)).collect();
    let model = common_model(&machines, &Policy::default());
    let mut guest = Guest::boot(machines[route[0]], name, 2, &["--cpu", &model]);
    for &next in &route[1..] {
        let before = guest.status();
        let saved = guest.cut(&[]).carry_to(machines[next]);
        guest = saved.restore(&["--tolerate", "mitigations"]);
        guest.works_on(&before);
    }
    guest.end();
}

/// The options of a guest that both kernels can have.
pub(crate) fn named_model() -> [&'static str; 4] {
    let [option, psci] = PSCI;
    ["--cpu", "neoverse-v1-v1", option, psci]
}

/// The differences between guests of Neoverse N1 and V1.
pub(crate) const TOLERATED: &str = "el2,SYSREG_ID_AA64MMFR2_EL1_IDS";

/// The model that both hosts can have but for these differences.
pub(crate) fn tolerant_model(machines: &[&'static Machine]) -> String {
    let tolerance = Tolerance::parse(&DESCRIPTION, TOLERATED).expect("a tolerance");
    common_model(machines, &Policy::default().with_tolerance(tolerance))
}

/// Every pair of three hosts.
pub(crate) const THREE: [usize; 4] = [0, 1, 2, 0];

/// Every pair of four hosts.
pub(crate) const FOUR: [usize; 8] = [0, 1, 2, 3, 0, 2, 1, 3];

#[test]
fn guest_travels_between_cores_of_the_first_generation() {
    let cpus = ["cortex-a35", A57, "cortex-a72"];
    travels(&cpus, "first-generation", &THREE);
}

#[test]
fn guest_travels_between_cores_of_armv8_2() {
    travels(
        &["cortex-a55", "cortex-a76", "neoverse-n1"],
        "armv8-2",
        &THREE,
    );
}

/// The first core has 20 event counters, the others have 6.
#[test]
fn guest_travels_between_cores_with_sve() {
    travels(
        &["cortex-a710", "neoverse-n2", "neoverse-v1", MAX],
        "sve",
        &FOUR,
    );
}

#[test]
fn guest_with_a_named_model_goes_between_kernels() {
    let kernels = [Kernel::Latest, Kernel::Lts];
    let [latest, lts] = kernels.map(|kernel| host("neoverse-v1", kernel));
    let mut guest = Guest::boot(lts, "kernels", 2, &named_model());
    for next in [latest, lts, latest] {
        let before = guest.status();
        // Linux 6.12 shows nested virtualisation, and lets no guest change the field.
        guest = guest
            .cut(&[])
            .carry_to(next)
            .restore(&["--tolerate", "el2"]);
        guest.works_on(&before);
    }
    guest.end();
}

#[test]
fn tolerated_fields_alone_may_differ() {
    let [n1, v1] = ["neoverse-n1", "neoverse-v1"].map(|cpu| host(cpu, Kernel::Latest));
    let model = tolerant_model(&[n1, v1]);
    let mut guest = Guest::boot(n1, "tolerate", 2, &["--cpu", &model]);
    let before = guest.status();
    let saved = guest.cut(&[]).carry_to(v1);
    let said = saved.is_refused(&[]);
    for field in ["EVT", "FWB", "IDS"] {
        let name = format!("SYSREG_ID_AA64MMFR2_EL1_{field}");
        assert!(said.contains(&name), "{name} in {said}");
    }
    let said = saved.is_refused(&["--tolerate", "el2"]);
    assert!(said.contains("SYSREG_ID_AA64MMFR2_EL1_IDS"), "{said}");
    let mut guest = saved.restore(&["--tolerate", TOLERATED]);
    guest.works_on(&before);
    guest.end();
}
