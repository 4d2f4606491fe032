::idreg_runtime::__value_types! {}
/**`ONE_EL1`, encoded as `S3_0_C15_C2_0`.

| bits | field |
|---|---|
| 63:0 | `ADDRESS` |*/
#[doc(alias = "ONE_EL1")]
pub type OneEl1 = values::Register<names::OneEl1>;
impl<R> values::Register<names::OneEl1, R> {
    ///Returns `ADDRESS`, bits 63:0.
    pub const fn address(self) -> one_el1::Address {
        values::Field::get(self)
    }
    ///Returns the register with `ADDRESS`, bits 63:0, replaced.
    pub const fn with_address(self, value: one_el1::Address) -> Self {
        value.set(self)
    }
}
///Field types of `ONE_EL1`.
pub mod one_el1 {
    ///`ONE_EL1.ADDRESS`, bits 63:0: a number.
    #[doc(alias = "SYSREG_ONE_EL1_ADDRESS")]
    pub type Address = super::values::Field<super::names::OneEl1, 63, 0>;
}
/**`ONE_EL12`, encoded as `S3_5_C15_C2_0`.

It has the fields of [`OneEl1`].*/
#[doc(alias = "ONE_EL12")]
pub type OneEl12 = values::Register<names::OneEl1, names::OneEl12>;
/// Marker types of registers and layouts.
#[doc(hidden)]
pub mod names {
    static RULES: &[::idreg_runtime::description::rule::FieldRule] = &[
        ::idreg_runtime::description::rule::FieldRule::LOWER,
    ];
    ///`ONE_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum OneEl1 {}
    impl ::idreg_runtime::register::Layout for OneEl1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ONE_EL1",
            res0: 0x0,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 7, 7],
                        0,
                        64,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                ],
                text: "ADDRESS",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for OneEl1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ONE_EL1",
            index: 0,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 15, 2, 0),
            layout: <OneEl1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    ///`ONE_EL12`.
    #[derive(::core::fmt::Debug)]
    pub enum OneEl12 {}
    impl ::idreg_runtime::register::SystemRegister for OneEl12 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ONE_EL12",
            index: 1,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 5, 15, 2, 0),
            layout: <OneEl1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
}
/// Every register of the description, in file order.
pub static DESCRIPTION: ::idreg_runtime::description::Description = {
    const REGISTERS: &[&::idreg_runtime::description::RegisterDescription] = &[
        <names::OneEl1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::OneEl12 as ::idreg_runtime::register::SystemRegister>::REGISTER,
    ];
    static FACTS: ::idreg_runtime::description::FactTable = ::idreg_runtime::description::FactTable {
        registers: REGISTERS,
        names: "",
        features: &[],
        code: b"",
    };
    ::idreg_runtime::description::Description {
        registers: REGISTERS,
        features: ::idreg_runtime::description::feature::Features::of(&FACTS),
        consistency: ::idreg_runtime::description::PackedList::of(&FACTS, b""),
        properties: ::idreg_runtime::description::PropertyIndex::Narrow(
            &[65535, 0, 65535, 64, 65535],
        ),
    }
};
