idreg_runtime::include_sysreg!("errors_capped.sysreg");

fn main() {
    let _ = OkEl1::from_bits(0).bits();
}
