idreg_runtime::include_sysreg!("rule_empty_enum.sysreg");

fn main() {
    let _ = OkEl1::from_bits(0).bits();
}
