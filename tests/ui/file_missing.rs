idreg_runtime::include_sysreg!("no-such.sysreg");

fn main() {}
