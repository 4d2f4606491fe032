idreg_runtime::include_sysreg!("first.sysreg", strict = true);

fn main() {}
