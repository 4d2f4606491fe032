//! The whole descriptions of real kernels, if copies are beside the project.
#![deny(warnings)]

mod linux_6_1 {
    idreg_runtime::include_sysreg!("../../../shared/kernel/sysreg-6.1");
}

mod linux_6_6 {
    idreg_runtime::include_sysreg!("../../../shared/kernel/sysreg-6.6");
}

mod linux_6_12 {
    idreg_runtime::include_sysreg!("../../../shared/kernel/sysreg-6.12");
}

mod linux_7_2 {
    idreg_runtime::include_sysreg!("../../../shared/kernel/sysreg-7.2");
}

fn main() {
    assert_eq!(linux_6_1::DESCRIPTION.registers.len(), 50);
    assert_eq!(linux_6_6::DESCRIPTION.registers.len(), 117);
    assert_eq!(linux_6_12::DESCRIPTION.registers.len(), 150);
    assert_eq!(linux_7_2::DESCRIPTION.registers.len(), 318);

    use idreg_runtime::regs;
    assert_eq!(linux_7_2::IdAa64isar0El1::ENCODING, regs::IdAa64isar0El1::ENCODING);
    assert_eq!(linux_7_2::id_aa64isar0_el1::Dp::SHIFT, regs::id_aa64isar0_el1::Dp::SHIFT);
    let register = |name| linux_7_2::DESCRIPTION.register(name).unwrap();
    let fields = |name| register(name).fields().count();
    assert_eq!(fields("SCTLR_EL12"), fields("SCTLR_EL1"));
}
