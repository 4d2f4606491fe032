idreg_runtime::include_sysreg!("unterminated_block.sysreg");

fn main() {}
