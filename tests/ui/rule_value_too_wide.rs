idreg_runtime::include_sysreg!("rule_value_too_wide.sysreg");

fn main() {
    let _ = OkEl1::from_bits(0).bits();
}
