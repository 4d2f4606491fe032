//! Judgements without a host, compared with those of recorded hosts.

#[path = "../hosts/mod.rs"]
mod hosts;

use idreg_runtime::description::rule::Owner;
use idreg_runtime::formats::diagnostic::{Diagnostic, Judgement, KnownKernel};
use idreg_runtime::host::{Host, Obstacle};
use idreg_runtime::regs::DESCRIPTION;

const LATEST: [&str; 3] = [
    hosts::MAX_7_2,
    include_str!("../../../tests/data/hosts/cortex-a57-latest.json"),
    include_str!("../../../tests/data/hosts/neoverse-n1-latest.json"),
];
const LTS: [&str; 2] = [
    hosts::MAX_6_12,
    include_str!("../../../tests/data/hosts/cortex-a57-lts.json"),
];

#[test]
fn known_kernels_have_the_masks_of_recorded_hosts() {
    for (kernel, files) in [
        (KnownKernel::Linux7_2, &LATEST[..]),
        (KnownKernel::Linux6_12, &LTS),
    ] {
        for file in files {
            let host = hosts::host(file);
            let has_aarch32 = host.writable(DESCRIPTION.register("ID_PFR0_EL1").unwrap()) != 0;
            for field in host.description().fields() {
                let encoding = field.register.encoding;
                if host.values().field(field).is_none() || encoding.is_aarch32_id() && !has_aarch32
                {
                    continue;
                }
                let mask = field.field.mask();
                let is_writable = host.writable(field.register) & mask == mask;
                assert_eq!(kernel.can_write(field), is_writable, "{field}");
            }
        }
    }
}

/// True if the obstacles are the same, or differ in what only the host shows.
fn agree(host: &Host, with: Option<Obstacle>, without: Option<Obstacle>) -> bool {
    let is_writable_id = host.info().capabilities.writable_implementation_ids
        && without == Some(Obstacle::ImplementationId);
    with == without || is_writable_id
}

#[test]
fn judgements_without_a_host_are_those_of_the_host() {
    let mut judged = 0;
    for file in LATEST {
        let host = hosts::host(file);
        let has_aarch32 = host.writable(DESCRIPTION.register("ID_PFR0_EL1").unwrap()) != 0;
        for field in host.description().fields() {
            let encoding = field.register.encoding;
            let Some(present) = host.values().field(field) else {
                continue;
            };
            if encoding.is_aarch32_id() && !has_aarch32 {
                continue;
            }
            let values = 0..=field.field.max().min(15);
            for wanted in values.filter(|wanted| *wanted != present) {
                let with = Judgement::on_host(&host, field, wanted).obstacle;
                let without = Judgement::of(field, wanted, present).obstacle;
                // With the option on, a field of it can be zero, which only the host shows.
                let is_of_option =
                    matches!(without, Some(Obstacle::Without(_))) && with == Some(Obstacle::Above);
                assert!(
                    agree(&host, with, without) || is_of_option,
                    "{field}={wanted:#x} is {present:#x}: {with:?}, {without:?}"
                );
                judged += 1;
            }
        }
    }
    assert!(judged > 10_000, "{judged}");
}

#[test]
fn the_value_that_is_there_needs_no_write() {
    for field in DESCRIPTION.fields() {
        assert_eq!(Judgement::of(field, 1, 1).obstacle, None);
    }
}

#[test]
fn older_kernels_are_named_where_they_differ() {
    let judge = |line| {
        let diagnostic = Diagnostic::of(&DESCRIPTION, line).unwrap();
        diagnostic.fields(&DESCRIPTION)[0].judgement().unwrap()
    };
    let tgran = judge("SYSREG_ID_AA64MMFR0_EL1_TGRAN4_2 0 2");
    assert_eq!(tgran.obstacle, Some(Obstacle::Inexact));
    assert_eq!(tgran.fixed_until, Some(KnownKernel::Linux6_12));
    let dp = judge("SYSREG_ID_AA64ISAR0_EL1_DP 1 0");
    assert_eq!((dp.obstacle, dp.fixed_until), (Some(Obstacle::Above), None));
    let sve = judge("SYSREG_ID_AA64PFR0_EL1_SVE 1 0");
    assert_eq!(sve.obstacle, Some(Obstacle::Owned(Owner::Sve)));
}
