idreg_runtime::include_sysreg!("file_empty.sysreg");

fn main() {}
