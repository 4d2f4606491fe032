//! Guests that cannot bear some values, and models for them.

mod hosts;

use hosts::{A64FX_7_2, MAX_6_1, MAX_7_2, edited, host};
use idreg_runtime::fleet::{Fleet, GUEST_LIMITS, Guest, Policy};
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;
use idreg_runtime::regs::DESCRIPTION;

fn guest(text: &str) -> Guest {
    text.parse().expect(text)
}

/// The values of the model of hosts for a guest, by property.
fn modelled(files: &[&str], guest_name: &str, property: &str) -> u64 {
    let mut fleet = Fleet::new();
    for file in files {
        fleet.add("a host", &host(file)).expect("one description");
    }
    let policy = Policy::default().with_guests(vec![guest(guest_name)]);
    let baseline = fleet.baseline(&policy).expect("a model");
    for fit in baseline.fits() {
        assert!(
            guest(guest_name)
                .exceeded(&fit.plan().in_guest())
                .is_empty()
        );
    }
    let field = DESCRIPTION.property(property).expect(property);
    baseline.values().field(field).expect(property)
}

#[test]
fn every_limit_names_fields_of_the_description() {
    for limit in &GUEST_LIMITS {
        for property in limit.fields.iter().copied().chain(limit.unless) {
            assert!(DESCRIPTION.property(property).is_some(), "{property}");
        }
        assert!(
            limit.since < limit.before && !limit.source.is_empty(),
            "{limit}"
        );
    }
}

#[test]
fn releases_read_back() {
    for text in ["linux-5.10", "linux-6.0", "edk2-202511"] {
        assert_eq!(guest(text).to_string(), text);
    }
    for text in [
        "linux",
        "linux-",
        "linux-5",
        "linux-5.",
        "linux-5.10.1",
        "linux-+5.1",
        "edk2-2025",
        "edk2-20251x",
        "edk2-\u{e9}1234",
        "bsd-1.0",
        "",
        "linux-99999999999.1",
    ] {
        let error = text.parse::<Guest>().expect_err(text).to_string();
        assert!(error.contains("is not the release of a guest"), "{error}");
    }
}

#[test]
fn repaired_releases_have_no_limits() {
    for (text, count) in [
        ("linux-4.14", 4),
        ("linux-4.19", 3),
        ("linux-5.11", 3),
        ("linux-5.12", 1),
        ("linux-6.13", 1),
        ("linux-6.14", 0),
        ("edk2-202508", 0),
        ("edk2-202511", 1),
        ("edk2-202605", 0),
    ] {
        assert_eq!(guest(text).limits().count(), count, "{text}");
    }
}

#[test]
fn model_for_an_old_guest_hides_lpa2() {
    let (tgran4, tgran16) = (
        "SYSREG_ID_AA64MMFR0_EL1_TGRAN4",
        "SYSREG_ID_AA64MMFR0_EL1_TGRAN16",
    );
    assert_eq!(modelled(&[MAX_7_2], "linux-5.12", tgran4), 1);
    assert_eq!(modelled(&[MAX_7_2], "linux-5.10", tgran4), 0);
    assert_eq!(modelled(&[MAX_7_2], "linux-5.10", tgran16), 1);
    assert_eq!(modelled(&[MAX_7_2], "edk2-202511", tgran4), 0);
}

#[test]
fn model_for_an_old_guest_has_short_addresses() {
    let property = "SYSREG_ID_AA64MMFR0_EL1_PARANGE";
    assert_eq!(modelled(&[MAX_7_2], "linux-4.19", property), 6);
    assert_eq!(modelled(&[MAX_7_2], "linux-4.14", property), 5);
}

#[test]
fn hosts_that_do_not_exceed_the_limits_keep_their_model() {
    let host = host(A64FX_7_2);
    assert!(guest("linux-4.14").exceeded(host.values()).is_empty());
    let mut fleet = Fleet::new();
    fleet.add("a", &host).expect("the first host");
    let policy = Policy::default().with_guests(vec![guest("linux-4.14")]);
    let baseline = fleet.baseline(&policy).expect("a model");
    assert_eq!(baseline.fits()[0].model(), &CpuModel::host());
}

/// Linux 6.1 lets nothing be written.
#[test]
fn limit_that_no_host_accepts_is_exceeded() {
    let mut fleet = Fleet::new();
    fleet.add("a", &host(MAX_6_1)).expect("the first host");
    let policy = Policy::default().with_guests(vec![guest("linux-5.10")]);
    let baseline = fleet.baseline(&policy).expect("a model");
    let exceeded = guest("linux-5.10").exceeded(baseline.values());
    assert_eq!(exceeded.len(), 2);
    assert!(
        exceeded[0]
            .to_string()
            .starts_with("SYSREG_ID_AA64MMFR0_EL1_TGRAN4 above 0x0: ")
    );
}

#[test]
fn vectors_of_a_cpu_without_sve_are_a_limit() {
    let file = edited(MAX_7_2, "ID_AA64PFR0_EL1", "value", |old| {
        old & !(0xf << 32)
    });
    let json: serde_json::Value = serde_json::from_str(&file).expect("JSON");
    let value = |register: &str| {
        let value = json["registers"][register]["value"]
            .as_str()
            .expect("a value");
        u64::from_str_radix(value.trim_start_matches("0x"), 16).expect("a number")
    };
    let mut values = Plan::new(&host(MAX_7_2), &CpuModel::host())
        .expect("a plan")
        .in_guest();
    assert_eq!(guest("linux-6.12").exceeded(&values).len(), 0);
    let pfr0 = DESCRIPTION.register("ID_AA64PFR0_EL1").expect("a register");
    values.set(pfr0, value("ID_AA64PFR0_EL1"));
    assert_eq!(guest("linux-6.12").exceeded(&values).len(), 1);
    assert_eq!(guest("linux-6.14").exceeded(&values).len(), 0);
}
