idreg_runtime::include_sysreg!(
    "first.sysreg",
    "second.sysreg",
    only = ["ONE_EL1", "ONE_EL3", "ID_TWO_ELI", "id_*", "nothing_like_it"]
);

fn main() {
    let _ = OneEl1::from_bits(0);
}
