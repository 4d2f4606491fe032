//! Fleets: guests with the model that several hosts have in common, on each of these hosts.

use crate::hosts::{host, json, registers, run};
use idreg_runtime::fleet::{Baseline, Fleet, Policy};
use idreg_runtime::host::Host;
use idreg_runtime::regs::{DESCRIPTION, MpidrEl1};
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::Machine;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// An emulated host and what `idreg dump` tells about it.
struct Member {
    name: String,
    machine: &'static Machine,
    host: Host,
}

/// What the built-in guest saw: registers apart from MPIDR_EL1, and the names of those that trap.
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
        (without_topology(&report), report["absent"].clone())
    }
}

fn without_topology(report: &Map<String, Value>) -> Vec<(String, u64)> {
    let mut registers = registers(report, "guest");
    registers.retain(|(name, _)| name != MpidrEl1::NAME);
    assert!(registers.len() > 40, "{registers:?}");
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
