idreg_runtime::include_sysreg!("overlap.sysreg");

fn main() {}
