//! Labels of hosts: feature files of Kubernetes and traits of OpenStack.

use super::hosts::{MAX_6_1, MAX_7_2, edited, host};
use super::{each_plan, every_host, export};
use idreg_runtime::fake::FakeVm;
use idreg_runtime::formats::identity::{LabelHash, masks_hash, model_views, view_hash};
use idreg_runtime::formats::nfd::{MOST_BYTES, NAMESPACE, feature_file};
use idreg_runtime::formats::{ExportedGuest, traits};
use idreg_runtime::host::Host;
use idreg_runtime::model::named::{Models, NamedModel};
use idreg_runtime::plan::Plan;
use idreg_runtime::view::{View, ViewInfo};
use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

/// The rules of node-feature-discovery for a file and the labels that it makes of it.
fn check_feature_file(text: &str) {
    assert!(text.len() <= MOST_BYTES && text.ends_with('\n'));
    let mut names = BTreeSet::new();
    let mut is_label = true;
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            let directive = comment.strip_prefix(" +");
            let known = |of: &str| of == "no-label" || of.starts_with("expiry-time=");
            assert!(directive.is_none_or(known), "{line}");
            is_label &= directive != Some("no-label");
            continue;
        }
        // The directive holds for one line.
        assert_eq!(is_label, !line.contains("/FEAT_"), "{line}");
        is_label = true;
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        let name = key
            .strip_prefix(NAMESPACE)
            .and_then(|name| name.strip_prefix('/'));
        for text in [name.expect(line), value] {
            let is_edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
            let bytes = text.as_bytes();
            assert!(is_edge(bytes.first()) && is_edge(bytes.last()), "{line}");
            let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            assert!(text.len() <= 63 && text.bytes().all(is_inner), "{line}");
        }
        assert!(names.insert(key.to_owned()), "{line}");
    }
}

/// The rules of Placement for traits, and the names of os-traits.
fn check_traits(text: &str) {
    const STANDARD: &str = "FP ASIMD EVTSTRM AES PMULL SHA1 SHA2 CRC32 FPHP ASIMDHP ASIMDRDM \
                            ATOMICS JSCVT FCMA LRCPC DCPOP SHA3 SM3 SM4 ASIMDDP SHA512 SVE CPUID";
    for line in text.lines() {
        let is_letter =
            |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(line.len() <= 255 && line.bytes().all(is_letter), "{line}");
        let standard = line.strip_prefix("HW_CPU_AARCH64_");
        let is_standard = |name: &str| STANDARD.split(' ').any(|other| other == name);
        let is_known = line.starts_with("CUSTOM_") || line == "HW_ARCH_AARCH64";
        assert!(is_known || standard.is_some_and(is_standard), "{line}");
    }
}

#[test]
fn every_export_keeps_the_rules_of_its_format() {
    let (built_in, none) = (Models::built_in(), Models::new());
    each_plan(|host, plan, model| {
        // Models take the time of a plan each, and are those of the host.
        let is_host = model.ends_with(": host");
        let models = if is_host { &built_in } else { &none };
        let guest = ExportedGuest { host, plan };
        let file = feature_file(guest, models, Some(UNIX_EPOCH));
        check_feature_file(&file.text);
        let exported = traits::list(guest, models);
        check_traits(&exported.text);
        assert_eq!(exported.unsaid, [], "{model}");
    });
}

/// The view of a guest of a plan that has run on a host.
fn view(host: &Host, plan: &Plan) -> View {
    let vm = FakeVm::new(&host.reconfigured(plan.config()).expect("a host"));
    let vcpus = [vm.vcpu(0)];
    plan.apply(&vcpus[0]).expect("an applied plan");
    vm.run();
    View::read(ViewInfo::of(plan, host), &vcpus).expect("a view")
}

/// The same machine after an update of its kernel that changes nothing.
fn newer(host: &Host) -> Host {
    let mut file = serde_json::to_value(host).expect("JSON");
    let release = file.get_mut("kernel_release").expect("a member");
    *release = format!("{}-newer", host.info().kernel_release).into();
    serde_json::from_value(file).expect("a host")
}

#[test]
fn equal_labels_of_a_model_mean_that_its_guests_fit() {
    let models = Models::built_in();
    let mut hosts = Vec::new();
    for (name, host) in every_host() {
        let labels = model_views(&host, &models);
        let newer = newer(&host);
        let of_newer = model_views(&newer, &models);
        hosts.push((format!("newer {name}"), newer, of_newer));
        hosts.push((name, host, labels));
    }
    let mut pairs = 0;
    for (source_name, source, labels) in &hosts {
        for (name, hash) in labels {
            let plan = Plan::new(source, &models.parse(name).expect("a model")).expect("a plan");
            let view = view(source, &plan);
            for (target_name, target, labels) in &hosts {
                if labels.contains(&(name.clone(), *hash)) {
                    let fits = Plan::for_view(target, &view);
                    assert!(
                        fits.is_ok(),
                        "{name}: {source_name} -> {target_name}: {fits:?}"
                    );
                    pairs += usize::from(source_name != target_name);
                }
            }
        }
    }
    assert!(pairs > 0, "no two hosts share a label");
}

fn view_of(file: &str, model: &str) -> LabelHash {
    let host = host(file);
    let plan = super::plan(&host, model);
    view_hash(ExportedGuest {
        host: &host,
        plan: &plan,
    })
}

#[test]
fn a_hash_stands_for_everything_that_a_guest_sees() {
    let hash = view_of(MAX_7_2, "host");
    assert_ne!(hash, view_of(MAX_7_2, "host,SYSREG_ID_AA64ISAR0_EL1_DP=0"));
    assert_ne!(hash, view_of(MAX_7_2, "host,sve256=on"));
    assert_ne!(
        hash,
        view_of(
            &MAX_7_2.replace("\"timer_frequency\": ", "\"timer_frequency\": 1"),
            "host"
        )
    );
    // Every vCPU has its own number.
    assert_eq!(
        hash,
        view_of(
            &edited(MAX_7_2, "MPIDR_EL1", "value", |old| old + 1),
            "host"
        )
    );
    // What can be changed is another hash.
    let other = edited(MAX_7_2, "ID_AA64ISAR0_EL1", "writable", |_| 0);
    assert_eq!(hash, view_of(&other, "host"));
    assert_ne!(masks_hash(&host(MAX_7_2)), masks_hash(&host(&other)));
    assert_eq!(masks_hash(&host(MAX_6_1)), None);
}

#[test]
fn what_a_label_cannot_say_is_in_a_comment() {
    let mut models = Models::new();
    let name = "m".repeat(60);
    models
        .add(NamedModel::of_host(&name, &host(MAX_7_2)).expect("a model"))
        .expect("a new name");
    let unknown = host(MAX_7_2);
    let file = serde_json::to_string(&unknown).expect("JSON");
    let frequency = unknown.info().timer_frequency;
    let file = file.replace(
        &format!("\"timer_frequency\":{frequency}"),
        "\"timer_frequency\":0",
    );
    let expiry = UNIX_EPOCH + Duration::from_secs(1_795_780_800);
    let write = |guest: ExportedGuest<'_>| feature_file(guest, &models, Some(expiry));
    let (text, unsaid) = export(&host(&file), "host", write);
    check_feature_file(&text);
    assert!(
        text.contains("\n# +expiry-time=2026-11-27T12:00:00Z\n"),
        "{text}"
    );
    assert_eq!(
        unsaid,
        [
            "label cntfrq-hz: the host's file does not have the frequency".to_owned(),
            format!("label model.{name}-v1: a name has 63 characters at most"),
        ]
    );
    for line in unsaid {
        assert!(
            text.contains(&format!("# not exported: {line}\n")),
            "{text}"
        );
    }
}

#[test]
fn a_file_never_has_more_than_its_maximum() {
    let of_host = host(MAX_7_2);
    let mut models = Models::new();
    for number in 0..1000 {
        let model = NamedModel::of_host(&format!("model-{number}"), &of_host);
        models.add(model.expect("a model")).expect("a new name");
    }
    let (text, unsaid) = export(&of_host, "host", |guest| feature_file(guest, &models, None));
    check_feature_file(&text);
    assert!(!unsaid.is_empty());
    assert!(
        unsaid
            .iter()
            .all(|line| line.ends_with(": the file has 64 kB at most"))
    );
}

#[test]
fn traits_with_the_same_letters_are_written_once() {
    let of_host = host(MAX_7_2);
    let mut models = Models::new();
    for name in ["a.b", "a-b"] {
        let model = NamedModel::of_host(name, &of_host);
        models.add(model.expect("a model")).expect("a new name");
    }
    let (text, unsaid) = export(&of_host, "host", |guest| traits::list(guest, &models));
    assert!(text.contains("\nCUSTOM_IDREG_MODEL_A_B_V1\n"), "{text}");
    assert_eq!(
        unsaid,
        ["MODEL_a.b-v1: another trait has the same letters in upper case"]
    );
}
