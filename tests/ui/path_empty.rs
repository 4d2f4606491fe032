idreg_runtime::include_sysreg!("");

fn main() {}
