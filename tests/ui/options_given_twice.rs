idreg_runtime::include_sysreg!("first.sysreg", strict, only = ["*"], strict);

fn main() {}
