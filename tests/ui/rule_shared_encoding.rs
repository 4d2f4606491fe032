idreg_runtime::include_sysreg!("rule_shared_encoding.sysreg");

fn main() {
    let _ = OkEl1::from_bits(0).bits();
}
