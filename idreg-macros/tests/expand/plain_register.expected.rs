::idreg_runtime::__value_types! {}
/**`DEMO_EL1`, encoded as `S3_0_C15_C0_0`.

| bits | field |
|---|---|
| 7:4 | `MODE` |
| 3:0 | `COUNT` |*/
#[doc(alias = "DEMO_EL1")]
pub type DemoEl1 = values::Register<names::DemoEl1>;
impl<R> values::Register<names::DemoEl1, R> {
    ///Returns `MODE`, bits 7:4.
    pub const fn mode(self) -> demo_el1::Mode {
        values::Field::get(self)
    }
    ///Returns the register with `MODE`, bits 7:4, replaced.
    pub const fn with_mode(self, value: demo_el1::Mode) -> Self {
        value.set(self)
    }
    ///Returns `COUNT`, bits 3:0.
    pub const fn count(self) -> demo_el1::Count {
        values::Field::get(self)
    }
    ///Returns the register with `COUNT`, bits 3:0, replaced.
    pub const fn with_count(self, value: demo_el1::Count) -> Self {
        value.set(self)
    }
}
///Field types of `DEMO_EL1`.
pub mod demo_el1 {
    /**`DEMO_EL1.MODE`, bits 7:4: an unsigned enumeration.

| value | name |
|---|---|
| 0x0 | `NI` |
| 0x1 | `IMP` |*/
    #[doc(alias = "SYSREG_DEMO_EL1_MODE")]
    pub type Mode = super::values::Field<super::names::DemoEl1, 7, 4>;
    impl Mode {
        ///`NI`, 0x0.
        pub const NI: Self = Self::of(0);
        ///`IMP`, 0x1.
        pub const IMP: Self = Self::of(1);
    }
    ///`DEMO_EL1.COUNT`, bits 3:0: a number.
    #[doc(alias = "SYSREG_DEMO_EL1_COUNT")]
    pub type Count = super::values::Field<super::names::DemoEl1, 3, 0>;
}
/// Marker types of registers and layouts.
#[doc(hidden)]
pub mod names {
    static RULES: &[::idreg_runtime::description::rule::FieldRule] = &[
        ::idreg_runtime::description::rule::FieldRule::LOWER,
    ];
    ///`DEMO_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum DemoEl1 {}
    impl ::idreg_runtime::register::Layout for DemoEl1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "DEMO_EL1",
            res0: 0xffffffffffffff00,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 4, 10],
                        4,
                        4,
                        ::idreg_runtime::description::FieldKind::UnsignedEnum,
                        0,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [10, 15, 15],
                        0,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                ],
                text: "MODENI IMPCOUNT",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for DemoEl1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "DEMO_EL1",
            index: 0,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 15, 0, 0),
            layout: <DemoEl1 as ::idreg_runtime::register::Layout>::LAYOUT,
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
        <names::DemoEl1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
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
            &[65535, 0, 65535, 65535, 1],
        ),
    }
};
