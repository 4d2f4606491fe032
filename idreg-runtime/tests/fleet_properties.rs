//! Properties of baselines of random fleets: recorded hosts with random changes.

mod hosts;

use fastrand::Rng;
use hosts::host;
use idreg_runtime::fleet::{AcceptanceSet, Baseline, Fleet, Policy, compare};
use idreg_runtime::host::Host;
use idreg_runtime::number::Hex;
use idreg_runtime::plan::Plan;
use idreg_runtime::plan::consistency::newly_broken;
use idreg_runtime::view::{VcpuReading, View, ViewInfo};
use serde_json::Value;

const FLEETS: u64 = 40;

/// Hosts of one group of CPUs, whose fields without a mask are equal.
const GROUP: [&str; 3] = [
    include_str!("../../tests/data/hosts/cortex-a710-latest.json"),
    include_str!("../../tests/data/hosts/neoverse-n2-latest.json"),
    include_str!("../../tests/data/hosts/neoverse-v1-latest.json"),
];

/// A host of the group with some writable fields lowered.
fn random_host(random: &mut Rng) -> Host {
    let file = random.choice(GROUP).expect("three files");
    let recorded = host(file);
    let mut json: Value = serde_json::from_str(file).expect("JSON");
    for (field, accepted) in AcceptanceSet::new_guest(&recorded).iter() {
        let has_owner = field.field.rule().owner.is_some() || field.field.rule().needs.is_some();
        let is_absent = recorded.values().field(field).is_none();
        if has_owner || is_absent || field.field.width() > 4 || random.u8(..) > 30 {
            continue;
        }
        let values = accepted.ranges();
        let values = values.iter().flat_map(|range| range.first..=range.last);
        let value = random.choice(values.collect::<Vec<u64>>());
        let value = value.expect("a value of the host's own");
        let place = format!("/registers/{}/value", field.register.name);
        let register = json.pointer_mut(&place).expect("a register");
        let old: Hex = serde_json::from_value(register.clone()).expect("a number");
        *register = Hex(field.field.insert(old.0, value)).to_string().into();
    }
    if random.u8(..) < 40 {
        let config = recorded.info().vcpu.with_sve(false).with_sve_limit(None);
        return host(&json.to_string())
            .reconfigured(config)
            .expect("an option turned off");
    }
    host(&json.to_string())
}

/// Up to six hosts with their names.
fn random_fleet(random: &mut Rng) -> Vec<(String, Host)> {
    let count = random.usize(1..=6);
    (0..count)
        .map(|number| (number.to_string(), random_host(random)))
        .collect()
}

fn fleet<'h>(hosts: impl IntoIterator<Item = &'h (String, Host)>) -> Fleet {
    let mut fleet = Fleet::new();
    for (name, host) in hosts {
        fleet.add(name, host).expect("one description");
    }
    fleet
}

/// Checks every random fleet, with the number of its seed.
fn for_random_fleets(check: impl Fn(&[(String, Host)], &mut Rng)) {
    for seed in 0..FLEETS {
        let mut random = Rng::with_seed(seed);
        let hosts = random_fleet(&mut random);
        check(&hosts, &mut random);
    }
}

fn baseline(fleet: &Fleet) -> Option<Baseline> {
    if let Err(e) = fleet.baseline(&Policy::default()) {
        eprintln!("{e}");
    }
    fleet.baseline(&Policy::default()).ok()
}

#[test]
fn most_random_fleets_have_a_model() {
    let count = std::cell::Cell::new(0);
    for_random_fleets(|hosts, _| {
        count.set(count.get() + u64::from(baseline(&fleet(hosts)).is_some()));
    });
    assert!(count.get() > FLEETS / 2, "{} of {FLEETS}", count.get());
}

#[test]
fn every_host_promises_the_model() {
    for_random_fleets(|hosts, _| {
        let fleet = fleet(hosts);
        let Some(baseline) = baseline(&fleet) else {
            return;
        };
        for (kind, fit) in fleet.kinds().iter().zip(baseline.fits()) {
            let text = fit.model().to_string();
            let plan = Plan::new(kind.host(), &text.parse().unwrap()).expect(&text);
            for field in kind.host().description().fields() {
                let (promised, model) = (&plan.in_guest(), baseline.values());
                assert_eq!(
                    promised.field(field),
                    model.field(field),
                    "{field} of {text}"
                );
            }
        }
    });
}

#[test]
fn no_single_field_can_be_raised() {
    for_random_fleets(|hosts, _| {
        let fleet = fleet(hosts);
        let Some(baseline) = baseline(&fleet) else {
            return;
        };
        let configured = fleet.kinds().iter().zip(baseline.fits());
        let configured: Vec<Host> = configured
            .map(|(kind, fit)| kind.host().reconfigured(fit.plan().config()).unwrap())
            .collect();
        let mut common = AcceptanceSet::new_guest(&configured[0]);
        for host in &configured {
            common.intersect(&AcceptanceSet::new_guest(host));
        }
        for (field, accepted) in common.iter() {
            let Some(own) = baseline.values().field(field) else {
                continue;
            };
            assert!(accepted.contains(own), "{field}");
            let Some(greatest) = accepted.greatest(field).filter(|value| *value != own) else {
                continue;
            };
            let mut raised = baseline.values().clone();
            let old = raised.get(field.register).unwrap();
            raised.set(field.register, field.field.insert(old, greatest));
            let breaks = |host: &Host| !newly_broken(host.values(), &raised).is_empty();
            assert!(
                configured.iter().any(breaks),
                "{field} can be {greatest:#x}"
            );
        }
    });
}

#[test]
fn order_and_duplicates_change_nothing() {
    for_random_fleets(|hosts, random| {
        let before = baseline(&fleet(hosts)).map(|baseline| baseline.values().clone());
        let mut shuffled: Vec<_> = hosts.iter().chain(hosts).collect();
        // The first host is the one whose CPU guests are told of.
        random.shuffle(&mut shuffled[1..]);
        let after = fleet(shuffled);
        let after = baseline(&after).map(|baseline| baseline.values().clone());
        assert_eq!(before, after);
    });
}

#[test]
fn intersection_is_associative_commutative_and_idempotent() {
    for_random_fleets(|hosts, _| {
        let sets: Vec<_> = hosts
            .iter()
            .map(|(_, host)| AcceptanceSet::arriving(host))
            .collect();
        let both = |a: &AcceptanceSet, b: &AcceptanceSet| {
            let mut a = a.clone();
            a.intersect(b);
            a
        };
        for a in &sets {
            assert_eq!(both(a, a), *a);
            for b in &sets {
                assert_eq!(both(a, b), both(b, a));
                for c in &sets {
                    assert_eq!(both(&both(a, b), c), both(a, &both(b, c)));
                }
            }
        }
    });
}

#[test]
fn fleets_are_merged_in_any_grouping() {
    for_random_fleets(|hosts, random| {
        let (left, right) = hosts.split_at(random.usize(..=hosts.len()));
        let mut merged = fleet(left);
        merged.merge(fleet(right)).unwrap();
        assert_eq!(merged.host_count(), hosts.len() as u64);
        let models = |fleet: &Fleet| {
            let baseline = baseline(fleet)?;
            let models = baseline.fits().iter().map(|fit| fit.model().to_string());
            Some(models.collect::<Vec<_>>())
        };
        assert_eq!(models(&merged), models(&fleet(hosts)));
    });
}

#[test]
fn comparisons_agree_with_baselines() {
    for_random_fleets(|hosts, _| {
        let [(_, a), (_, b), ..] = hosts else { return };
        let comparison = compare(a, b, &Policy::default()).unwrap();
        let baseline = baseline(&fleet(&hosts[..2]));
        assert_eq!(comparison.have_common_model(), baseline.is_some());
        let impossible = comparison.differences().iter();
        let impossible = impossible
            .filter(|one| one.verdict.name() == "impossible")
            .count();
        assert_eq!(impossible == 0, baseline.is_some());
    });
}

#[test]
fn a_view_of_a_plan_on_its_host_needs_no_other_writes() {
    for_random_fleets(|hosts, _| {
        let fleet = fleet(hosts);
        let Some(baseline) = baseline(&fleet) else {
            return;
        };
        for (kind, fit) in fleet.kinds().iter().zip(baseline.fits()) {
            let (values, caches) = (fit.plan().in_guest(), Vec::new());
            let info = ViewInfo::of(fit.plan(), kind.host());
            let view = View::new(info, vec![VcpuReading { values, caches }]).unwrap();
            let again = Plan::for_view(kind.host(), &view).unwrap();
            assert_eq!(again.writes(), fit.plan().writes());
            for other in fleet.kinds() {
                assert!(Plan::for_view(other.host(), &view).is_ok());
            }
        }
    });
}
