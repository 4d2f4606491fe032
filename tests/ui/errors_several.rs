#[allow(unused_macros)]
macro_rules! compile_error { () => {}; }

idreg_runtime::include_sysreg!("errors_several.sysreg");

// D_EL1 has no mistake, so it is emitted despite the mistakes of the others.
fn main() {
    let _ = DEl1::from_bits(0).bits();
}
