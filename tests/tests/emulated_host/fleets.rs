//! Fleets: guests with the model that several hosts have in common, on each of these hosts.

use crate::hosts::{guest_fields, host, json, register, registers, run};
use idreg_runtime::fleet::{Baseline, Fleet, Policy};
use idreg_runtime::host::Host;
use idreg_runtime::regs::ctr_el0::TminLine;
use idreg_runtime::regs::{CtrEl0, DESCRIPTION, MpidrEl1};
use idreg_runtime::tolerance::Tolerance;
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::Machine;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The frequency of the generic timer of QEMU's CPUs but `max`, in Hz (QEMU 10.0,
/// `target/arm/internals.h`, `GTIMER_BACKCOMPAT_HZ`).
const TIMER_FREQUENCY: u64 = 62_500_000;

/// An emulated host and the file that `idreg dump` writes on it.
struct Member {
    name: String,
    machine: &'static Machine,
    host: Host,
}

/// The registers that the built-in guest saw, apart from MPIDR_EL1 and CTR_EL0.TminLine, and the
/// names of those that trap.
type Seen = (Vec<(String, u64)>, Value);

impl Member {
    fn new(name: &str, machine: &'static Machine) -> Self {
        let output = run(machine, &["dump"]);
        assert_eq!(output.code, 0, "{name}: {}", output.stderr());
        let host = serde_json::from_slice(&output.stdout).expect("a host file");
        Self {
            name: name.to_owned(),
            machine,
            host,
        }
    }

    fn latest(cpu: &str) -> Self {
        Self::new(cpu, host(cpu, Kernel::Latest))
    }

    /// Runs the built-in guest with a model.
    fn guest(&self, model: &str) -> Seen {
        let report = json(self.machine, &["run", "--json", "--cpu", model]);
        (comparable(&report), report["absent"].clone())
    }
}

/// The registers of a guest that KVM can make equal. CTR_EL0.TminLine is not one: KVM reports 0 to
/// the VMM, and lets guests whose CTR_EL0 is the host's read the CPU's own. Guests without memory
/// tagging have no use for it.
fn comparable(report: &Map<String, Value>) -> Vec<(String, u64)> {
    let mut registers = registers(report, "guest");
    registers.retain(|(name, _)| name != MpidrEl1::NAME);
    assert!(registers.len() > 40, "{registers:?}");
    for (_, value) in registers
        .iter_mut()
        .filter(|(name, _)| name == CtrEl0::NAME)
    {
        *value &= !TminLine::MASK;
    }
    registers
}

fn baseline(members: &[&Member], policy: &Policy) -> Baseline {
    let mut fleet = Fleet::new();
    for member in members {
        fleet
            .add(&member.name, &member.host)
            .expect("our registers");
    }
    fleet.baseline(policy).expect("a model in common")
}

/// The two guests of a baseline, each on its host.
fn guests(pair: [&Member; 2], baseline: &Baseline, known: &mut Guests) -> [Seen; 2] {
    let [first, second] = baseline.fits() else {
        panic!("{} and {} are of one kind", pair[0].name, pair[1].name);
    };
    [(pair[0], first), (pair[1], second)].map(|(member, fit)| {
        let model = fit.model().to_string();
        let guest = known.entry((member.name.clone(), model.clone()));
        guest.or_insert_with(|| member.guest(&model)).clone()
    })
}

/// The guests that ran already, by the names of their hosts and their models.
type Guests = BTreeMap<(String, String), Seen>;

/// Runs the guests of every pair of hosts with the pair's model, and expects equal registers.
fn pairs_have_equal_guests(members: &[Member]) {
    let mut known = Guests::new();
    for (index, a) in members.iter().enumerate() {
        for b in &members[index + 1..] {
            let baseline = baseline(&[a, b], &Policy::default());
            let [on_a, on_b] = guests([a, b], &baseline, &mut known);
            assert_eq!(on_a, on_b, "{} and {}", a.name, b.name);
            for (name, value) in &on_a.0 {
                let register = DESCRIPTION.register(name);
                let planned = register.and_then(|register| baseline.values().get(register));
                if let Some(planned) = planned {
                    assert_eq!(planned, *value, "{} and {}: {name}", a.name, b.name);
                }
            }
        }
    }
}

#[test]
fn cores_of_the_first_generation_have_equal_guests() {
    pairs_have_equal_guests(&["cortex-a35", "cortex-a57", "cortex-a72"].map(Member::latest));
}

#[test]
fn cores_of_armv8_2_have_equal_guests() {
    pairs_have_equal_guests(&["cortex-a55", "cortex-a76", "neoverse-n1"].map(Member::latest));
}

/// `max` counts as fast as the others here; by itself it is faster, and shares no model with them.
#[test]
fn cores_with_sve_have_equal_guests() {
    let max = format!("max,cntfrq={TIMER_FREQUENCY}");
    let cpus = ["cortex-a710", "neoverse-n2", "neoverse-v1", &max];
    pairs_have_equal_guests(&cpus.map(Member::latest));
}

/// Same CPU, other kernel: on Linux 6.12 MIDR_EL1 and some other fields are fixed.
#[test]
fn kernels_have_equal_guests_on_one_cpu() {
    let lts = Member::new("neoverse-n1 lts", host("neoverse-n1", Kernel::Lts));
    pairs_have_equal_guests(&[lts, Member::latest("neoverse-n1")]);
}

#[test]
fn tolerated_fields_alone_differ() {
    let members = ["neoverse-n1", "neoverse-v1"].map(Member::latest);
    let [a, b] = &members;
    let words = "el2,SYSREG_ID_AA64MMFR2_EL1_IDS";
    let tolerance = Tolerance::parse(&DESCRIPTION, words).expect("a tolerance");
    let baseline = baseline(&[a, b], &Policy::default().with_tolerance(tolerance));
    let [on_a, on_b] = guests([a, b], &baseline, &mut Guests::new());
    assert_eq!(on_a.1, on_b.1, "the registers that trap");
    let differing: Vec<String> = differing_fields(&on_a.0, &on_b.0);
    let expected = ["EVT", "FWB", "IDS"].map(|field| format!("SYSREG_ID_AA64MMFR2_EL1_{field}"));
    assert_eq!(differing, expected);
}

/// KVM reports CTR_EL0.TminLine as 0 and fixes it. A guest reads the CPU's own CTR_EL0 where its VM
/// has the same value and the CPU has Enhanced Virtualization Traps, else KVM's.
#[test]
fn guests_read_the_cpus_own_tag_line_until_ctr_el0_is_written() {
    let machine = host("neoverse-n2", Kernel::Latest);
    for (model, line) in [("host", 4), ("host,SYSREG_CTR_EL0_DIC=0", 0)] {
        let report = json(machine, &["run", "--json", "--cpu", model]);
        assert_eq!(
            guest_fields(&report, &[TminLine::PROPERTY]),
            [line],
            "{model}"
        );
        assert_eq!(register(&report, "host", CtrEl0::NAME) & TminLine::MASK, 0);
    }
}

/// The fields that differ between two guests with the same registers, by property.
fn differing_fields(a: &[(String, u64)], b: &[(String, u64)]) -> Vec<String> {
    let mut differing = Vec::new();
    for ((name, a), (other, b)) in a.iter().zip(b) {
        assert_eq!(name, other);
        let register = DESCRIPTION.register(name).expect("our register");
        let mut unexplained = a ^ b;
        for field in register.fields() {
            if field.field.extract(*a) != field.field.extract(*b) {
                differing.push(field.to_string());
                unexplained = field.field.insert(unexplained, 0);
            }
        }
        assert_eq!(unexplained, 0, "{name}");
    }
    differing
}
