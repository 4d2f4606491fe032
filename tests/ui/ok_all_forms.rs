//! The whole grammar, in a crate that takes neither the prelude nor a missing line of documentation.
#![no_implicit_prelude]
#![deny(missing_docs, unsafe_code, warnings)]

/// Stands in the way of unqualified names.
#[allow(non_camel_case_types, dead_code)]
pub type u64 = ();

::idreg_runtime::include_sysreg!("ok_all_forms.sysreg",);

fn main() {
    let one = OneEl1::from_bits(0xffff_ffff_ffff_ffff).with_high(one_el1::High::new(5).unwrap());
    ::std::assert_eq!(one.bits(), 0x0000_0005_ffff_ffff);
    ::std::assert_eq!((OneEl1::RES0, OneEl1::RES1, OneEl1::UNKN), (0, 0xff, 0xffff_0000));
    ::std::assert_eq!(OneEl12::ENCODING.op1(), 5);
    ::std::assert_eq!(one_el12::High::PROPERTY, "SYSREG_ONE_EL12_HIGH");
    ::std::assert_eq!(OpaqueEl1::from_bits(7).bits(), 7);

    let two = TwoEl1::from_bits(0xf100_0000_0000_0001);
    ::std::assert_eq!(two.fp(), two_el1::Fp::NI);
    ::std::assert_eq!(two.fp().signed(), -1);
    ::std::assert_eq!(two.pages(), two_el1::Pages::_52_BIT);
    ::std::assert_eq!(two.pages().name(), ::std::option::Option::Some("52_BIT"));
    ::std::assert!(two_el1::Fp::new(16).is_none());
    ::std::assert_eq!(two.feat_x_two_el1().r#type().bits(), 1);
    ::std::assert_eq!(two.feat_x_two_el1().two_el1(), two);
    ::std::assert_eq!(
        ::std::format!("{two:?}"),
        "TWO_EL1(0xf100000000000001) {FP: 0xf (NI), PAGES: 0x1 (52_BIT), TGRAN4_2: 0x1}"
    );
    let keywords = KeywordsEl1::from_bits(0x0003_0002_0001_0000);
    ::std::assert_eq!(keywords.r#gen().bits() + keywords.self_().bits(), 5);
    ::std::assert_eq!(keywords.with_async(keywords_el1::Async::new(0).unwrap()).bits() >> 16, 0x0003_0002_0000);

    ::std::assert_eq!(DESCRIPTION.registers.len(), 5);
}
