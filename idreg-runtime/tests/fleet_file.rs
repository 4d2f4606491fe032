//! Fleet files: the same bytes for the same hosts, however they were put together, and malformed
//! files are rejected.

#![allow(
    clippy::indexing_slicing,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod hosts;

use fastrand::Rng;
use hosts::{A64FX_7_2, MAX_6_12, MAX_7_2, host};
use idreg_runtime::fleet::{Fleet, Policy};
use idreg_runtime::host::Host;
use serde_json::{Value, json};

/// Hosts of four kinds, of which two are not of one release.
fn recorded() -> Vec<Host> {
    let newer = MAX_7_2.replacen("\"kernel_release\": \"", "\"kernel_release\": \"9", 1);
    let files = [MAX_7_2, &newer, MAX_6_12, A64FX_7_2];
    let mut hosts: Vec<Host> = files.into_iter().map(host).collect();
    let mut json: Value = serde_json::from_str(MAX_7_2).expect("JSON");
    json["physical_address_bits"] = 44.into();
    hosts.push(host(&json.to_string()));
    hosts
}

/// Names with hosts; some names have several hosts.
fn named(random: &mut Rng, count: usize) -> Vec<(String, usize, u64)> {
    let kinds = recorded().len();
    let host = |number| {
        let file = random.u8(..8);
        let name = format!("{file}.json:{}", number % (count * 9 / 10).max(1));
        (name, random.usize(..kinds), random.u64(..4))
    };
    (1..=count).map(host).collect()
}

fn fleet(hosts: &[Host], named: &[(String, usize, u64)]) -> Fleet {
    let mut fleet = Fleet::new();
    let mut positions = vec![None; hosts.len()];
    for (name, number, weight) in named {
        match positions[*number] {
            Some(position) => fleet.add_equal(name, position, *weight),
            None => {
                let added = fleet.add_weighted(name, &hosts[*number], *weight);
                positions[*number] = Some(added.expect("one description"));
            }
        }
    }
    fleet
}

fn written(fleet: &Fleet) -> String {
    serde_json::to_string(fleet).expect("a fleet file")
}

fn read(file: &str) -> Fleet {
    serde_json::from_str(file).expect("a fleet file")
}

/// The hosts in a random order, in random parts, each written, read, and merged in a random
/// grouping.
fn merged(hosts: &[Host], named: &[(String, usize, u64)], random: &mut Rng) -> Fleet {
    let mut named = named.to_vec();
    random.shuffle(&mut named);
    let mut parts = Vec::new();
    while !named.is_empty() {
        let part = named.split_off(random.usize(..named.len()));
        parts.push(read(&written(&fleet(hosts, &part))));
    }
    while parts.len() > 1 {
        let other = parts.swap_remove(random.usize(..parts.len()));
        let place = random.usize(..parts.len());
        parts[place].merge(other).expect("one description");
        if random.bool() {
            parts[place] = read(&written(&parts[place]));
        }
    }
    parts.pop().unwrap_or_default()
}

#[test]
fn order_and_grouping_of_hosts_do_not_change_a_byte() {
    let hosts = recorded();
    // Of 40,000 hosts not all names are kept.
    for (seed, count) in [
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 10),
        (5, 100),
        (6, 100),
        (7, 40_000),
    ] {
        let mut random = Rng::with_seed(seed);
        let named = named(&mut random, count);
        let whole = fleet(&hosts, &named);
        let expected = written(&whole);
        assert_eq!(whole.host_count(), count as u64);
        let weight: u64 = named.iter().map(|(_, _, weight)| weight).sum();
        assert_eq!(whole.weight(), weight);
        let baseline = |fleet: &Fleet| {
            let baseline = fleet.in_order_of_names().baseline(&Policy::default());
            format!("{baseline:?}")
        };
        for _ in 0..3 {
            let merged = merged(&hosts, &named, &mut random);
            assert!(written(&merged) == expected, "{count} hosts");
            assert_eq!(baseline(&merged), baseline(&whole));
        }
        let read = read(&expected);
        assert!(written(&read) == expected);
    }
}

#[test]
fn names_are_kept_in_their_order_and_one_of_each_kind() {
    let mut fleet = Fleet::new();
    let max = fleet.add("b.json:100000", &host(MAX_7_2)).expect("a fleet");
    for line in (1..40_000).rev() {
        fleet.add_equal(format!("a.json:{line}"), max, 1);
    }
    fleet.add("z.json", &host(A64FX_7_2)).expect("a fleet");
    let [max, last] = fleet.kinds() else {
        panic!("{} kinds", fleet.kinds().len());
    };
    assert_eq!((max.count(), max.names().len()), (40_000, (1 << 14) + 1));
    assert_eq!(max.names()[9], "a.json:10");
    assert_eq!(max.names()[1 << 14], "a.json:16385");
    assert_eq!(
        (last.count(), last.names()),
        (1, &["z.json".to_owned()][..])
    );
}

#[test]
fn written_fleets_of_this_version_can_always_be_read() {
    let file = include_str!("data/fleet.json");
    let fleet = read(file);
    assert!(written(&fleet) + "\n" == file);
    let kinds = fleet.kinds().iter();
    let counts: Vec<_> = kinds.map(|kind| (kind.count(), kind.weight())).collect();
    assert_eq!(counts, [(2, 7), (1, 1)]);
}

/// The golden file with another value at a place.
fn error(place: &str, value: Value) -> String {
    let mut json: Value = serde_json::from_str(include_str!("data/fleet.json")).expect("JSON");
    *json.pointer_mut(place).expect(place) = value;
    let read = serde_json::from_str::<Fleet>(&json.to_string());
    read.expect_err(place).to_string()
}

#[test]
fn mistakes_name_the_member() {
    for (place, value, expected) in [
        (
            "/schema",
            json!("idreg-fleet/2"),
            "`idreg-fleet/2` is newer",
        ),
        ("/schema", json!("idreg-host/1"), "not a fleet file"),
        ("/kinds", json!({}), "`kinds`: invalid type: map"),
        (
            "/kinds/1",
            json!([1, []]),
            "`kinds[1]`: invalid type: sequence",
        ),
        ("/kinds/1/count", json!(-1), "`kinds[1]"),
        (
            "/kinds/1/count",
            json!(0),
            "`kinds[1]`: `count` is 0, and there are 1 names",
        ),
        (
            "/kinds/0/count",
            json!(1),
            "`kinds[0]`: `count` is 1, and there are 2 names",
        ),
        ("/kinds/0/weight", json!("1"), "`kinds[0]"),
        ("/kinds/0/names", json!([]), "`kinds[0]`: `names` is empty"),
        ("/kinds/0/names", json!([1, 2]), "`kinds[0]"),
        (
            "/kinds/1/host",
            json!({}),
            "`kinds[1].host`: missing field `schema`",
        ),
        (
            "/kinds/1/host/schema",
            json!("idreg-host/2"),
            "`kinds[1].host",
        ),
        (
            "/kinds/1/host/registers/MIDR_EL1",
            json!(1),
            "register MIDR_EL1: expected",
        ),
    ] {
        let error = error(place, value);
        assert!(error.contains(expected), "{place}: {error}");
    }
    for (file, expected) in [
        ("", "EOF"),
        ("[]", "invalid type: sequence"),
        ("{}", "missing field `schema`"),
        ("{\"schema\": \"idreg-fleet/1\"}", "missing field `kinds`"),
    ] {
        let error = serde_json::from_str::<Fleet>(file)
            .expect_err(file)
            .to_string();
        assert!(error.contains(expected), "{file}: {error}");
    }
}

#[test]
fn numbers_of_hosts_stop_at_the_greatest() {
    let mut json: Value = serde_json::from_str(include_str!("data/fleet.json")).expect("JSON");
    json["kinds"][0]["count"] = u64::MAX.into();
    let mut fleet = read(&json.to_string());
    fleet.merge(fleet.clone()).expect("one description");
    assert_eq!((fleet.host_count(), fleet.weight()), (u64::MAX, 16));
}
