//! The default view of every emulated host on every other: which fits, and how many reasons there
//! are where it does not.

mod hosts;

use hosts::{host, random_model};
use idreg_runtime::fake::FakeVm;
use idreg_runtime::host::Host;
use idreg_runtime::plan::{Plan, Tolerated, Warning};
use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::tolerance::Tolerance;
use idreg_runtime::view::{View, ViewInfo};
use serde_json::Value;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Every recorded host with its name, by kernel and CPU.
fn hosts() -> Result<Vec<(String, Host)>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/hosts");
    let mut hosts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().ok_or("no name")?.to_string_lossy();
        let (cpu, kernel) = name.rsplit_once('-').ok_or("no kernel in the name")?;
        let name = format!("{kernel} {cpu}");
        hosts.push((name, host(&fs::read_to_string(&path)?)));
    }
    hosts.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(hosts)
}

/// The view of a guest without overrides.
fn default_view(host: &Host) -> Result<View, Box<dyn Error>> {
    view_of(host, "host")
}

fn view_of(host: &Host, model: &str) -> Result<View, Box<dyn Error>> {
    let plan = Plan::new(host, &model.parse()?)?;
    let vm = FakeVm::new(&host.reconfigured(plan.config())?);
    let vcpus = [vm.vcpu(0), vm.vcpu(1)];
    for vcpu in &vcpus {
        plan.apply(vcpu)?;
    }
    vm.run();
    Ok(View::read(ViewInfo::of(&plan, host), &vcpus)?)
}

/// A line for each guest, with a dot or the number of reasons for each host.
fn matrix(hosts: &[(String, Host)]) -> Result<String, Box<dyn Error>> {
    let mut table = "A dot: the guest of the row fits on the host of the column, in the order of \
                     the rows.\nA number: so many reasons.\n\n"
        .to_owned();
    for (from, source) in hosts {
        let view = default_view(source)?;
        write!(table, "{from:25}")?;
        for (_, host) in hosts {
            match Plan::for_view(host, &view) {
                Ok(_) => write!(table, "   .")?,
                Err(error) => write!(table, "{:4}", error.reasons.len())?,
            }
        }
        table.push('\n');
    }
    Ok(table)
}

#[test]
fn default_views_fit_as_recorded() {
    let table = matrix(&hosts().unwrap()).unwrap();
    expect_test::expect_file!["data/view-matrix.txt"].assert_eq(&table);
}

/// Real machines as if all ran Linux 7.2, with its masks; the manuals of CPUs and the lists of
/// cores have too few registers for a guest.
fn real_hosts() -> Result<Vec<(String, Host)>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/real-hosts");
    let masks = fs::read_to_string(folder.join("masks-7.2.tsv"))?;
    let mut hosts = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let file = entry?
            .file_name()
            .into_string()
            .map_err(|_| "a name in UTF-8")?;
        let Some(name) = file.strip_suffix(".json") else {
            continue;
        };
        if name.starts_with("trm-") || name.ends_with("-cores") {
            continue;
        }
        let mut json: Value = serde_json::from_str(&fs::read_to_string(folder.join(&file))?)?;
        let capabilities = json.get_mut("capabilities").and_then(Value::as_object_mut);
        let capabilities = capabilities.ok_or("no capabilities")?;
        capabilities.insert("writable_masks".to_owned(), true.into());
        capabilities.insert("writable_implementation_ids".to_owned(), true.into());
        for line in masks.lines() {
            let (register, mask) = line.split_once('\t').ok_or("no mask")?;
            let place = format!("/registers/{register}/writable");
            if let Some(writable) = json.pointer_mut(&place) {
                *writable = mask.into();
            }
        }
        hosts.push((name.to_owned(), serde_json::from_value(json)?));
    }
    hosts.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(hosts)
}

#[test]
fn default_views_of_real_machines_fit_as_recorded() {
    let hosts = real_hosts().unwrap();
    let table = matrix(&hosts).unwrap();
    expect_test::expect_file!["data/view-matrix-real.txt"].assert_eq(&table);
    for (name, host) in &hosts {
        let view = default_view(host).unwrap();
        let plan = Plan::for_view(host, &view).expect(name);
        assert!(plan.writes().is_empty(), "{name}");
    }
}

/// The fields that alone keep a default view from another host.
#[test]
fn few_reasons_are_named() {
    let hosts = hosts().unwrap();
    let mut list = String::new();
    for (from, source) in &hosts {
        let view = default_view(source).unwrap();
        for (to, host) in hosts.iter().filter(|(to, _)| to != from) {
            let Err(error) = Plan::for_view(host, &view) else {
                continue;
            };
            if error.reasons.len() <= 4 {
                writeln!(list, "{from} on {to}").unwrap();
                for reason in &error.reasons {
                    writeln!(list, "  {reason}").unwrap();
                }
            }
        }
    }
    expect_test::expect_file!["data/view-reasons.txt"].assert_eq(&list);
}

/// The fields that no write can make equal decide which CPUs can share a model at all: on Linux
/// 7.2, with the options off, three groups of CPUs. A view does not show this; the values of the
/// other fields must be chosen so that all hosts allow them.
#[test]
fn cpus_share_a_model_in_three_groups() {
    let mut hosts = hosts().unwrap();
    hosts.retain(|(name, _)| name.starts_with("latest "));
    let without_options = "host,sve=off,pauth=off,pmu=off";
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for (name, host) in &hosts {
        let view = view_of(host, without_options).unwrap();
        let group = hosts.iter().filter(|(_, other)| {
            let of_other = view_of(other, without_options).unwrap();
            let there = Plan::for_view(other, &view).err();
            let back = Plan::for_view(host, &of_other).err();
            let errors = there.into_iter().chain(back);
            let mut reasons = errors.flat_map(|error| error.reasons);
            !reasons.any(|reason| ["not-writable", "owned"].contains(&reason.name()))
        });
        let group: Vec<&str> = group.map(|(name, _)| name.as_str()).collect();
        assert!(group.contains(&name.as_str()), "{name}");
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    let groups: Vec<String> = groups.iter().map(|group| group.join(", ")).collect();
    assert_eq!(
        groups,
        [
            "latest a64fx",
            "latest cortex-a35, latest cortex-a57, latest cortex-a72",
            "latest cortex-a55, latest cortex-a76, latest neoverse-n1",
            "latest cortex-a710, latest max, latest neoverse-n2, latest neoverse-v1",
        ]
    );
}

/// The shortest model makes the plan of the view again, on every host that the guest fits.
#[test]
fn shortest_model_makes_the_plan_of_a_view() {
    let hosts = hosts().unwrap();
    let mut random = fastrand::Rng::with_seed(14);
    let mut checked = 0;
    for (from, source) in &hosts {
        for _ in 0..6 {
            let model = random_model(source, &mut random);
            let Ok(view) = view_of(source, &model.to_string()) else {
                continue;
            };
            for (to, host) in &hosts {
                let Ok(plan) = Plan::for_view(host, &view) else {
                    continue;
                };
                let shortest = plan.shortest_model(host).to_string();
                let again = Plan::new(host, &shortest.parse().unwrap())
                    .unwrap_or_else(|error| panic!("{from} on {to}: {shortest}\n{error}"));
                assert_eq!(
                    again.expected(),
                    plan.expected(),
                    "{from} on {to}: {shortest}"
                );
                assert_eq!(again.config(), plan.config(), "{from} on {to}: {shortest}");
                assert_eq!(again.writes(), plan.writes(), "{from} on {to}: {shortest}");
                checked += 1;
            }
        }
    }
    assert!(checked > 150, "{checked}");
}

/// A guest without overrides needs none on the host that it comes from.
#[test]
fn view_of_a_plan_without_writes_needs_none() {
    for (name, host) in hosts().unwrap().into_iter().chain(real_hosts().unwrap()) {
        let plan = Plan::for_view(&host, &default_view(&host).unwrap()).expect(&name);
        assert!(plan.writes().is_empty(), "{name}");
        assert_eq!(plan.shortest_model(&host).to_string(), "host", "{name}");
    }
}

/// A guest sees its own values except in the fields that the warning names.
#[test]
fn guest_sees_change_only_what_is_tolerated() {
    let tolerance = "el2,SYSREG_ID_AA64MMFR2_EL1_IDS";
    let tolerance = Tolerance::parse(&DESCRIPTION, tolerance).unwrap();
    let hosts = hosts().unwrap();
    let mut changed = 0;
    // A guest of a Neoverse N1 that a Neoverse V1 takes, but for what KVM fixes.
    let model = "host,SYSREG_ID_AA64DFR0_EL1_DoubleLock=0xf,sve=off,pauth=off,pmu=off";
    for (from, source) in &hosts {
        let Ok(view) = view_of(source, model) else {
            continue;
        };
        for (to, host) in &hosts {
            let Ok(plan) = Plan::for_view_with(host, &view, &tolerance) else {
                continue;
            };
            let tolerated = plan.warnings().iter().filter_map(|warning| match warning {
                Warning::Tolerated(fields) => Some(fields.clone()),
                _ => None,
            });
            let tolerated: Vec<Tolerated> = tolerated.flatten().collect();
            for field in host.description().fields() {
                let (Some(seen), Some(new)) =
                    (view.common().field(field), plan.in_guest().field(field))
                else {
                    continue;
                };
                let named = tolerated.iter().find(|tolerated| tolerated.field == field);
                let named = named.map(|tolerated| (tolerated.view, tolerated.host));
                let expected = (seen != new).then_some((seen, new));
                assert_eq!(named, expected, "{from} on {to}: {field}");
            }
            changed += tolerated.len();
        }
    }
    assert!(changed >= 3, "{changed}");
}
