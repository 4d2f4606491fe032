idreg_runtime::include_sysreg!("names_that_meet.sysreg");

fn main() {}
