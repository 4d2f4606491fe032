idreg_runtime::include_sysreg!("name_collision.sysreg");

fn main() {}
