idreg_runtime::include_sysreg!("file_not_utf8.sysreg");

fn main() {}
