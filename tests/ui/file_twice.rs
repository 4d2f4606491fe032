idreg_runtime::include_sysreg!("first.sysreg", "./first.sysreg");

fn main() {}
