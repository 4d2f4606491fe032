idreg_runtime::include_sysreg!(concat!("a", "b"));

fn main() {}
