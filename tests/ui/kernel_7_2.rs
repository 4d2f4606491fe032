//! The whole description of Linux 7.2, where a copy lies beside the project.

idreg_runtime::include_sysreg!("../../../shared/kernel/sysreg-7.2");

fn main() {
    assert_eq!(DESCRIPTION.registers.len(), 318);
    assert_eq!(IdAa64isar0El1::ENCODING, idreg_runtime::regs::IdAa64isar0El1::ENCODING);
    assert_eq!(id_aa64isar0_el1::Dp::SHIFT, 44);
    let names = |register: &str| DESCRIPTION.register(register).unwrap().fields.len();
    assert_eq!(names("SCTLR_EL12"), names("SCTLR_EL1"));
}
