idreg_runtime::include_sysreg!("ok_unknown_target.sysreg");

fn main() {
    let _ = OkEl1::from_bits(0).bits();
}
