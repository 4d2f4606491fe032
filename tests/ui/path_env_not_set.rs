mod without_message {
    idreg_runtime::include_sysreg!(concat!(env!("IDREG_SET_NOWHERE"), "/arch/arm64/tools/sysreg"));
}

mod with_message {
    idreg_runtime::include_sysreg!(env!("IDREG_SET_NOWHERE", "say where Linux is"));
}

fn main() {}
