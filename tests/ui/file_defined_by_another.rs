idreg_runtime::include_sysreg!("first.sysreg", "file_defined_by_another.sysreg");

fn main() {}
