idreg_runtime::include_sysreg!("names_of_generated_code.sysreg");

fn main() {
    assert_eq!(OkEl1::from_bits(0).bits(), 0);
}
