idreg_runtime::include_sysreg!("rule_duplicate_enumerator.sysreg");

fn main() {
    let _ = OkEl1::from_bits(0).bits();
}
