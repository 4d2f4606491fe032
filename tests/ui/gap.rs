idreg_runtime::include_sysreg!("gap.sysreg");

fn main() {}
