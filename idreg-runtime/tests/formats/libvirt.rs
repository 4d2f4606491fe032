//! libvirt's domains.

use super::export;
use super::hosts::{MAX_7_2, host};
use idreg_runtime::formats::ExportedGuest;
use idreg_runtime::formats::libvirt::domain;
use idreg_runtime::formats::qemu::Dialect;

#[test]
fn options_are_features_of_the_cpu() {
    let write = |guest: ExportedGuest<'_>| domain(guest, Dialect::Stock);
    let (text, unsaid) = export(&host(MAX_7_2), "host,sve256=on,pmu=off", write);
    assert_eq!(
        text,
        "<domain type='kvm'>\n  <features>\n    <gic version='3'/>\n  </features>\n  \
         <cpu mode='host-passthrough'>\n    \
         <feature policy='require' name='sve'/>\n    \
         <feature policy='require' name='sve256'/>\n    \
         <feature policy='require' name='pauth'/>\n    \
         <feature policy='disable' name='pmu'/>\n  </cpu>\n</domain>\n"
    );
    assert_eq!(unsaid, [""; 0]);
}

#[test]
fn fields_are_arguments_of_qemu() {
    let model = "host,sve=off,SYSREG_ID_AA64MMFR0_EL1_PARANGE=2";
    let (text, unsaid) = export(&host(MAX_7_2), model, |guest| domain(guest, Dialect::Arm));
    assert!(
        text.contains(
            "  <qemu:commandline>\n    <qemu:arg value='-cpu'/>\n    <qemu:arg \
             value='host,sve=off,pauth=on,pmu=on,SYSREG_ID_AA64MMFR0_EL1_PARange=0x2'/>\n  \
             </qemu:commandline>\n"
        ),
        "{text}"
    );
    assert_eq!(unsaid, [""; 0]);
    let (text, unsaid) = export(&host(MAX_7_2), model, |guest| domain(guest, Dialect::Stock));
    assert_eq!(unsaid.len(), 1);
    assert!(
        text.contains(&format!("  <!-- not exported: {} -->\n", unsaid[0])),
        "{text}"
    );
    assert!(!text.contains("qemu:"), "{text}");
}
