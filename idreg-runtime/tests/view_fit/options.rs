//! Options and vector lengths of a guest's vCPUs on a host.

use crate::hosts::host;
use crate::{all_vcpus, changed, check, complete, reasons, refused, view_of};
use idreg_runtime::plan::Plan;
use idreg_runtime::regs::id_aa64pfr1_el1::Mte;
use idreg_runtime::view::View;

#[test]
fn option_that_the_host_was_read_without() {
    let all = host(&complete());
    let view = view_of(&all, "host").unwrap();
    for option in ["sve", "pauth", "pmu"] {
        let plan = Plan::new(&all, &format!("host,{option}=off").parse().unwrap()).unwrap();
        let error = refused(&all.reconfigured(plan.config()).unwrap(), &view);
        let texts: Vec<String> = error.reasons.iter().map(ToString::to_string).collect();
        let expected = format!(
            "{option}=on: the guest's vCPUs have it, and the host was read with {option}=off, so \
             its registers are unknown; read the host with {option}=on"
        );
        assert_eq!(
            texts,
            [expected],
            "fields of the option are not reported beside it"
        );
        assert_eq!(error.reasons[0].name(), "not-read");
    }
}

#[test]
fn fields_of_an_option_are_not_reported_beside_it() {
    let view = changed(|info, vcpus| {
        info.vcpu.mte = true;
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(Mte::new(2).expect("four bits"));
        });
    });
    let expected = "mte=on: the guest's vCPUs have it, and this host's KVM does not support it (no \
                    KVM_CAP_ARM_MTE)";
    check(&view, &[("no-capability", expected)]);
}

/// Beside an option that the host cannot have, all others are the guest's.
#[test]
fn other_options_follow_the_view_beside_one_that_is_not_possible() {
    let view = view_of(&host(&complete()), "host,pauth=off").expect("a view");
    let mut info = view.info().clone();
    info.vcpu.aarch32 = true;
    let vcpus = (0..2).filter_map(|number| view.vcpu(number)).collect();
    let view = View::new(info, vcpus).expect("a view that a VM can have");
    let file = complete().replace("\"el1_32bit\": true", "\"el1_32bit\": false");
    let error = refused(&host(&file), &view);
    let reasons: Vec<String> = error.reasons.iter().map(ToString::to_string).collect();
    let expected = "aarch64=off: the guest's vCPUs have it, and this host's KVM does not support \
                    it (no KVM_CAP_ARM_EL1_32BIT)";
    assert_eq!(reasons, [expected]);
}

#[test]
fn vector_lengths_are_all_up_to_a_maximum() {
    let host = host(&complete());
    let view = view_of(&host, "host,sve512=on").unwrap();
    let plan = Plan::for_view(&host, &view).unwrap();
    assert_eq!(plan.config().sve_limit, Some(512));
    let all = Plan::for_view(&host, &view_of(&host, "host").unwrap()).unwrap();
    assert_eq!(all.config().sve_limit, None);

    let view = changed(|info, _| info.sve_vector_lengths = vec![128, 256, 512]);
    let reasons = reasons(&view);
    assert_eq!(reasons[0].0, "vector-lengths");
    assert!(
        reasons[0].1.starts_with(
            "the guest has SVE vectors of 128, 256, 512 bits, and the host of 128, 256, 384, 512,"
        ),
        "{}",
        reasons[0].1
    );
}

/// On a host with longer vectors the guest is limited, although it was not on its first host.
#[test]
fn guest_of_a_host_with_short_vectors_is_limited() {
    let view = changed(|info, _| {
        info.sve_vector_lengths = vec![128, 256];
        info.vcpu.sve_limit = None;
    });
    let plan = Plan::for_view(&host(&complete()), &view).unwrap();
    assert_eq!(plan.config().sve_limit, Some(256));
}
