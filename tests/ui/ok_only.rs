idreg_runtime::include_sysreg!("first.sysreg", "second.sysreg", only = ["ID_*", "ONE_EL2"],);

/// A type whose name is free, because `only` leaves the register out.
pub struct OneEl1;

fn main() {
    let names: Vec<&str> = DESCRIPTION.registers.iter().map(|register| register.name).collect();
    assert_eq!(names, ["ID_ONE_EL1", "ONE_EL2", "ID_TWO_EL1"]);
    assert_eq!(OneEl2::from_bits(1).level(), shared_elx::Level::IMP);
    let _ = OneEl1;
}
