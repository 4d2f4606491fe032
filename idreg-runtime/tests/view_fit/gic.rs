//! The registers by which a guest identifies its GIC.

use crate::hosts::host;
use crate::{IIDR, TYPER2, changed, file_with_gic, refused, warnings};
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use idreg_runtime::view::View;

fn with_gic(iidr: u32, typer2: u32) -> Host {
    host(&file_with_gic(iidr, typer2))
}

fn of_gic(iidr: u32, typer2: u32) -> View {
    changed(|info, _| {
        info.gic.iidr = Some(iidr);
        info.gic.typer2 = Some(typer2);
    })
}

#[test]
fn gic_identity_of_an_older_kernel_fits() {
    for (iidr, typer2) in [(IIDR, TYPER2), (IIDR - 0x1000, TYPER2), (IIDR, 0)] {
        let plan = Plan::for_view(&with_gic(IIDR, TYPER2), &of_gic(iidr, typer2)).unwrap();
        assert_eq!(warnings(&plan), [] as [&str; 0]);
        let written = plan.gic_identity();
        let differs = |value, host| (value != host).then_some(value);
        assert_eq!(written.iidr, differs(iidr, IIDR));
        assert_eq!(written.typer2, differs(typer2, TYPER2));
    }
}

#[test]
fn gic_identity_that_kvm_cannot_set_is_a_reason() {
    let reasons = |host: Host, view: View| {
        let error = refused(&host, &view);
        assert!(
            error
                .reasons
                .iter()
                .all(|reason| reason.name() == "gic-identity")
        );
        let reasons = error.reasons.iter().map(ToString::to_string);
        reasons.collect::<Vec<_>>()
    };
    assert_eq!(
        reasons(with_gic(IIDR - 0x1000, 0), of_gic(IIDR, TYPER2)),
        [
            "GICD_IIDR: the guest has 0x4b00343b and this host 0x4b00243b, which has no revision \
             above its own in bits 15:12",
            "GICD_TYPER2: the guest has 0x00000100 and this host 0x00000000, which lacks features \
             of the guest's GIC",
        ]
    );
    assert_eq!(
        reasons(with_gic(IIDR, 0x180), of_gic(IIDR ^ 1, 0)),
        [
            "GICD_IIDR: the guest has 0x4b00343a and this host 0x4b00343b, and KVM changes only \
             the revision in bits 15:12",
            "GICD_TYPER2: the guest has 0x00000000 and this host 0x00000180, of which KVM switches \
             off nASSGIcap, bit 8, alone",
        ]
    );
}

#[test]
fn gic_identity_of_a_host_is_in_its_file() {
    let host = with_gic(IIDR, TYPER2);
    let file = serde_json::to_string(&host).unwrap();
    assert!(file.contains(r#""gic":{"iidr":"0x4b00343b","typer2":"0x00000100"}"#));
    assert_eq!(serde_json::from_str::<Host>(&file).unwrap(), host);
}
