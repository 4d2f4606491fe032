idreg_runtime::include_sysreg!("ok_shared_encoding.sysreg");

fn main() {
    assert_eq!(RxEl0::ENCODING, TxEl0::ENCODING);
    let fields = DESCRIPTION.fields().collect::<Vec<_>>();
    assert!(matches!(fields[..], [rx, tx] if rx != tx));
}
