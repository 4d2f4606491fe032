//! Names that need escaping in Rust, in a public module and in an unused private one.
#![deny(warnings)]

pub mod shown {
    idreg_runtime::include_sysreg!("ok_names.sysreg");
}

mod hidden {
    idreg_runtime::include_sysreg!("ok_names.sysreg");
}

use shown::{_8k, ConstantsEl1, KeywordsEl1, MethodsEl1, Self_, Type};

fn main() {
    let keywords = KeywordsEl1::from_bits(0x0102_0304_0506_0701);
    assert_eq!((keywords.r#type().bits(), keywords.r#async().bits()), (1, 2));
    assert_eq!((keywords.self_().bits(), keywords.crate_().bits()), (3, 4));
    assert_eq!((keywords.super_().bits(), keywords.r#as().bits()), (5, 6));
    assert_eq!((keywords.union().bits(), keywords.r#match()), (7, shown::keywords_el1::Match::FN));
    assert_eq!(Self_::from_bits(1).self_(), shown::self_::Self_::new(1).unwrap());

    use shown::r#type::Type as Values;
    let values = [Values::_4K, Values::_0, Values::GICV3, Values::A__B, Values::IMP_, Values::__];
    let places = (0..).zip(values);
    places.for_each(|(bits, value)| assert_eq!(Type::from_bits(bits).r#type(), value));
    let digits = _8k::from_bits(0x0000_0004_0003_0201);
    assert_eq!((digits._4k().bits(), digits._x().bits()), (4, 3));
    assert_eq!((digits.c__d().bits(), digits.__().bits()), (2, 1));

    // Methods of fields take precedence over methods of traits, which stay available.
    let methods = MethodsEl1::from_bits(0x0102_0304_0506_0708);
    assert_eq!((methods.clone().bits(), methods.eq().bits(), methods.fmt().bits()), (1, 2, 3));
    assert_eq!((methods.hash().bits(), methods.to_string().bits()), (6, 8));
    assert_eq!(Clone::clone(&methods), methods);

    let constants = ConstantsEl1::from_bits(0x0001_0002_0003_0004);
    assert_eq!((constants.name().bits(), constants.res0().bits()), (1, 3));
    assert_eq!((ConstantsEl1::NAME, ConstantsEl1::RES0), ("CONSTANTS_EL1", 0));
    assert_eq!(shown::Option::from_bits(7).core().bits(), 7);
    assert_eq!(shown::U64::from_bits(u64::MAX).bits(), u64::MAX);
}
