//! Reading a host with another configuration than its vCPU was created with: refused by the
//! option's name.

#![allow(
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod hosts;

use hosts::{MAX_7_2, edited, host};
use idreg_runtime::config::{Gic, VcpuConfig};
use idreg_runtime::description::RegisterField;
use idreg_runtime::fake::FakeVcpu;
use idreg_runtime::host::{ConfigurationDifference, Host, OptionEvidence, ReadHostError};
use idreg_runtime::register::FieldValue;
use idreg_runtime::regs::{id_aa64dfr0_el1::PMUVer, id_aa64pfr0_el1, id_aa64pfr1_el1::MteFrac};
use idreg_runtime::vcpu::VcpuRegs;
use std::fs;
use std::path::Path;

/// Reads the vCPU of a recorded host as if it had been created with `config`.
fn read(recorded: &Host, config: VcpuConfig) -> Result<Host, ReadHostError> {
    let mut info = recorded.info().clone();
    info.vcpu = config;
    Host::read(info, &FakeVcpu::new(recorded), None)
}

/// The differences that a read with `config` is refused for.
fn differences(recorded: &Host, config: VcpuConfig) -> Vec<ConfigurationDifference> {
    match read(recorded, config) {
        Err(ReadHostError::OtherConfiguration(differences)) => differences,
        other => panic!("{config}: {other:?}"),
    }
}

/// A recorded host with another configuration and changed fields.
fn changed(config: VcpuConfig, fields: &[(RegisterField, u64)]) -> Host {
    let file = fields
        .iter()
        .fold(MAX_7_2.to_owned(), |file, (field, value)| {
            edited(&file, field.register.name, "value", |old| {
                field.field.insert(old, *value)
            })
        });
    let mut json: serde_json::Value = serde_json::from_str(&file).expect("JSON");
    let vcpu = json.pointer_mut("/vcpu").expect("a configuration");
    *vcpu = serde_json::to_value(config).expect("JSON");
    // A file must not have an option on that its host does not support.
    for option in ["mte", "el2"] {
        let supported = json.pointer_mut(&format!("/capabilities/{option}"));
        *supported.expect("a capability") = true.into();
    }
    host(&json.to_string())
}

type Set = fn(VcpuConfig, bool) -> VcpuConfig;

/// Each option that registers show, by name.
const OPTIONS: [(&str, Set); 5] = [
    ("sve", VcpuConfig::with_sve),
    ("pauth", VcpuConfig::with_pauth),
    ("pmu", VcpuConfig::with_pmu),
    ("mte", VcpuConfig::with_mte),
    ("el2", VcpuConfig::with_el2),
];

#[test]
fn each_option_is_refused_by_name_both_ways() {
    let max = host(MAX_7_2);
    let recorded = max.info().vcpu;
    for (name, set) in OPTIONS {
        // What the vCPU has, whose fields follow where a host with the option is recorded.
        for on in [false, true] {
            let Ok(with) = max.reconfigured(set(recorded, on)) else {
                continue;
            };
            let found = differences(&with, set(recorded, !on));
            let [difference] = found[..] else {
                panic!("{name}: {found:?}");
            };
            let text = difference.to_string();
            let (configured, created) = if on { ("off", "on") } else { ("on", "off") };
            assert!(
                text.starts_with(&format!(
                    "the configuration has {name}={configured}, but the"
                )),
                "{text}"
            );
            assert!(text.contains(&format!("with {name}={created}")), "{text}");
            assert!(read(&with, set(recorded, on)).is_ok(), "{name}");
        }
    }
}

#[test]
fn options_that_no_recorded_host_has_show_by_their_registers() {
    for (set, register) in [
        (VcpuConfig::with_mte as Set, "GCR_EL1"),
        (VcpuConfig::with_el2, "HCR_EL2"),
    ] {
        let config = host(MAX_7_2).info().vcpu;
        let with = changed(set(config, true), &[]);
        assert!(read(&with, set(config, true)).is_ok());
        let [ConfigurationDifference::Option { shown, .. }] = differences(&with, config)[..] else {
            panic!("{register}");
        };
        assert_eq!(shown, OptionEvidence::Present { register });
    }
}

#[test]
fn the_message_names_the_field_and_both_remedies() {
    let max = host(MAX_7_2);
    let error = read(&max, max.info().vcpu.with_sve(false)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration has sve=off, but the vCPU shows SYSREG_ID_AA64PFR0_EL1_SVE=0x1 (IMP): \
         use a configuration with sve=on, or a vCPU that was created with sve=off"
    );
}

#[test]
fn every_difference_is_reported_at_once() {
    let max = host(MAX_7_2);
    let found = differences(
        &max,
        VcpuConfig::new().with_mte(true).with_gic(Some(Gic::V3)),
    );
    let names: Vec<_> = found
        .iter()
        .map(|difference| match difference {
            ConfigurationDifference::Option { configured, .. } => configured.to_string(),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(names, ["sve=off", "pauth=off", "pmu=off", "mte=on"]);
}

/// On a machine whose cores have different PMUs the version is 0, and the option is on still.
#[test]
fn a_pmu_without_a_version_is_a_pmu() {
    let config = host(MAX_7_2).info().vcpu;
    let pmu = [
        (PMUVer::FIELD, 0),
        (idreg_runtime::regs::id_dfr0_el1::PerfMon::FIELD, 0),
    ];
    let with = changed(config, &pmu);
    assert!(read(&with, config).is_ok());
    let [ConfigurationDifference::Option { shown, .. }] =
        differences(&with, config.with_pmu(false))[..]
    else {
        panic!("one difference");
    };
    let register = "PMCR_EL0";
    assert_eq!(shown, OptionEvidence::Present { register });
}

/// Kernels before 6.16 show it on machines without asynchronous tag faults.
#[test]
fn a_negative_mte_frac_is_no_memory_tagging() {
    let config = host(MAX_7_2).info().vcpu;
    assert!(!config.mte);
    let with = changed(config, &[(MteFrac::FIELD, 0xf)]);
    assert!(read(&with, config).is_ok());
}

#[test]
fn a_gic_v3_that_is_not_there_is_refused() {
    let gic = id_aa64pfr0_el1::Gic::FIELD;
    let config = host(MAX_7_2).info().vcpu;
    assert_eq!(config.gic, Some(Gic::V3));
    let with = changed(config.with_gic(Some(Gic::V2)), &[(gic, 0)]);
    assert!(read(&with, config.with_gic(Some(Gic::V2))).is_ok());
    let found = differences(&with, config);
    assert_eq!(found, [ConfigurationDifference::NoGicV3 { field: gic }]);
    let text = found[0].to_string();
    assert!(
        text.starts_with("the configuration has a GICv3, but the vCPU shows"),
        "{text}"
    );
}

/// KVM shows a GICv3 until the first run of a VM without one.
#[test]
fn a_gic_v3_that_is_shown_is_not_taken_for_one() {
    let max = host(MAX_7_2);
    for gic in [None, Some(Gic::V2), Some(Gic::V3)] {
        assert!(read(&max, max.info().vcpu.with_gic(gic)).is_ok(), "{gic:?}");
    }
}

#[test]
fn every_recorded_host_agrees_with_its_configuration() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/hosts");
    let mut hosts = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let recorded: Host = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let again = read(&recorded, recorded.info().vcpu);
        assert_eq!(
            again.map(|host| host.values().clone()),
            Ok(recorded.values().clone())
        );
        hosts += 1;
    }
    assert!(hosts >= 23, "{hosts}");
}

/// A vCPU that knows ID registers alone, as a VMM's own layer may.
struct IdRegistersOnly(FakeVcpu);

impl VcpuRegs for IdRegistersOnly {
    fn get(
        &self,
        register: idreg_runtime::encoding::Encoding,
    ) -> Result<u64, idreg_runtime::vcpu::Errno> {
        if register.crn() == 0 {
            self.0.get(register)
        } else {
            Err(idreg_runtime::vcpu::Errno::ENOENT)
        }
    }

    fn set(
        &self,
        register: idreg_runtime::encoding::Encoding,
        value: u64,
    ) -> Result<(), idreg_runtime::vcpu::Errno> {
        self.0.set(register, value)
    }
}

#[test]
fn id_registers_alone_show_most_options() {
    let max = host(MAX_7_2);
    let vcpu = IdRegistersOnly(FakeVcpu::new(&max));
    assert!(Host::read(max.info().clone(), &vcpu, None).is_ok());
    for set in [
        VcpuConfig::with_sve as Set,
        VcpuConfig::with_pauth,
        VcpuConfig::with_pmu,
    ] {
        let mut info = max.info().clone();
        info.vcpu = set(info.vcpu, false);
        let refused = Host::read(info, &vcpu, None);
        assert!(
            matches!(refused, Err(ReadHostError::OtherConfiguration(_))),
            "{refused:?}"
        );
    }
}
