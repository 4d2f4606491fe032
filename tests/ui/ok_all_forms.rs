//! The whole grammar, in a crate without the prelude that denies missing documentation.
#![no_implicit_prelude]
#![deny(missing_docs, unsafe_code, warnings)]

/// A module that captures unqualified names.
#[allow(non_camel_case_types, dead_code)]
pub type u64 = ();

::idreg_runtime::include_sysreg!("ok_all_forms.sysreg",);

/// Reads a field of any register with the shared layout.
fn high<R>(value: SharedELx<R>) -> ::core::primitive::u64 {
    value.high().bits()
}

/// Shared layouts and mappings: the same field types, a name and an encoding for each register.
fn shared_layouts() {
    let high_5 = shared_elx::High::new(5).unwrap();
    let one = OneEl1::from_bits(0xffff_ffff_ffff_ffff).with_high(high_5);
    ::std::assert_eq!(one.bits(), 0x0000_0005_ffff_ffff);
    ::std::assert_eq!((OneEl1::RES0, OneEl1::RES1, OneEl1::UNKN), (0, 0xff, 0xffff_0000));
    ::std::assert_eq!((OneEl1::NAME, OneEl1::ENCODING.op1()), ("ONE_EL1", 0));
    ::std::assert_eq!((OneEl12::NAME, OneEl12::ENCODING.op1()), ("ONE_EL12", 5));
    let one: OneEl12 = OneEl12::from_bits(one.bits());
    ::std::assert_eq!(one.high(), high_5);
    ::std::assert_eq!(high(one), 5);
    ::std::assert_eq!(::std::format!("{one:?}"), "ONE_EL12(0x5ffffffff) {HIGH: 0x5}");
    ::std::assert_eq!(OpaqueEl1::from_bits(7).bits(), 7);
}

/// Alternative layouts of one register.
fn alternative_layouts() {
    let two = TwoEl1::from_bits(0xf100_0000_0000_0001);
    ::std::assert_eq!(two.feat_x_two_el1().r#type().bits(), 1);
    ::std::assert_eq!(two.feat_x_two_el1().two_el1(), two);
    ::std::assert_eq!(FeatXTwoEl1::ENCODING, TwoEl1::ENCODING);
    let shown = ::std::format!("{:?}", two.feat_x_two_el1());
    ::std::assert_eq!(shown, "TWO_EL1(0xf100000000000001) {type: 0x1}");
    let two_again = TwoEl12::from_bits(two.bits());
    ::std::assert_eq!(two_again.feat_x_two_el1().two_el1(), two_again);
    ::std::assert_eq!(ThreeEl1::from_bits(1).feat_y_three_el1().low().bits(), 1);
    ::std::assert_eq!(FeatYThreeEl1::from_bits(1).three_el1(), ThreeEl1::from_bits(1));
    ::std::assert_eq!(ThreeEl1::from_bits(3).feat_z_split_elx().half().bits(), 3);
    let register = |name| DESCRIPTION.register(name).unwrap();
    let count = |name| ::std::iter::Iterator::count(register(name).alternatives());
    ::std::assert_eq!((count("TWO_EL1"), count("TWO_EL12"), count("THREE_EL1")), (1, 1, 2));
}

fn values() {
    let two = TwoEl1::from_bits(0xf100_0000_0000_0001);
    ::std::assert_eq!(two.fp(), two_el1::Fp::NI);
    ::std::assert_eq!(two.fp().signed(), -1);
    ::std::assert_eq!(two.pages(), two_el1::Pages::_52_BIT);
    ::std::assert_eq!(two.pages().name(), ::std::option::Option::Some("52_BIT"));
    ::std::assert_eq!(two_el1::Pages::PROPERTY, "SYSREG_TWO_EL1_PAGES");
    ::std::assert!(two_el1::Fp::new(16).is_none());
    ::std::assert!(::std::matches!(two.fp(), two_el1::Fp::NI));
    ::std::assert_eq!(
        ::std::format!("{two:?}"),
        "TWO_EL1(0xf100000000000001) {FP: 0xf (NI), PAGES: 0x1 (52_BIT), TGRAN4_2: 0x1}"
    );
    let keywords = KeywordsEl1::from_bits(0x0003_0002_0001_0000);
    ::std::assert_eq!(keywords.r#gen().bits() + keywords.self_().bits(), 5);
    let no_async = keywords.with_async(keywords_el1::Async::new(0).unwrap());
    ::std::assert_eq!(no_async.bits(), 0x0003_0002_0000_0000);
}

/// Getters and `with_` methods in constants.
const DEMANDS: TwoEl1 = TwoEl1::from_bits(0).with_fp(two_el1::Fp::NI);

fn main() {
    shared_layouts();
    alternative_layouts();
    values();
    const { ::std::assert!(DEMANDS.fp().signed() == -1) }
    ::std::assert_eq!(DESCRIPTION.registers.len(), 7);
}
