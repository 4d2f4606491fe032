idreg_runtime::include_sysreg!("first.sysreg", "no-such.sysreg", concat!("nor", "/this"));

fn main() {}
