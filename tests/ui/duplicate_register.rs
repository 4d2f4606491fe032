idreg_runtime::include_sysreg!("duplicate_register.sysreg");

fn main() {}
