::idreg_runtime::__value_types! {}
/**`TWO_EL1`, encoded as `S3_0_C15_C3_0`.

| bits | field |
|---|---|
| 63:0 | `WHOLE` |*/
#[doc(alias = "TWO_EL1")]
pub type TwoEl1 = values::Register<names::TwoEl1>;
impl<R> values::Register<names::TwoEl1, R> {
    ///Returns `WHOLE`, bits 63:0.
    pub const fn whole(self) -> two_el1::Whole {
        values::Field::get(self)
    }
    ///Returns the register with `WHOLE`, bits 63:0, replaced.
    pub const fn with_whole(self, value: two_el1::Whole) -> Self {
        value.set(self)
    }
}
///Field types of `TWO_EL1`.
pub mod two_el1 {
    ///`TWO_EL1.WHOLE`, bits 63:0: a number.
    #[doc(alias = "SYSREG_TWO_EL1_WHOLE")]
    pub type Whole = super::values::Field<super::names::TwoEl1, 63, 0>;
}
/**`FEAT_X_TWO_EL1`, an alternative layout of `TWO_EL1`.

| bits | field |
|---|---|
| 0 | `ENABLE` |*/
#[doc(alias = "FEAT_X_TWO_EL1")]
pub type FeatXTwoEl1 = values::Register<names::FeatXTwoEl1, names::TwoEl1>;
impl<R> values::Register<names::FeatXTwoEl1, R> {
    ///Returns `ENABLE`, bit 0.
    pub const fn enable(self) -> feat_x_two_el1::Enable {
        values::Field::get(self)
    }
    ///Returns the register with `ENABLE`, bit 0, replaced.
    pub const fn with_enable(self, value: feat_x_two_el1::Enable) -> Self {
        value.set(self)
    }
}
impl<R> values::Register<names::TwoEl1, R> {
    ///Returns the same value in the layout `FEAT_X_TWO_EL1`.
    pub const fn feat_x_two_el1(self) -> values::Register<names::FeatXTwoEl1, R> {
        values::Register::from_bits(self.bits())
    }
}
impl<R> values::Register<names::FeatXTwoEl1, R> {
    ///Returns the same value in the layout of `TWO_EL1` without a prefix.
    pub const fn two_el1(self) -> values::Register<names::TwoEl1, R> {
        values::Register::from_bits(self.bits())
    }
}
///Field types of `FEAT_X_TWO_EL1`.
pub mod feat_x_two_el1 {
    ///`FEAT_X_TWO_EL1.ENABLE`, bit 0: a number.
    pub type Enable = super::values::Field<super::names::FeatXTwoEl1, 0, 0>;
}
/// Marker types of registers and layouts.
#[doc(hidden)]
pub mod names {
    static RULES: &[::idreg_runtime::description::rule::FieldRule] = &[
        ::idreg_runtime::description::rule::FieldRule::LOWER,
    ];
    ///`TWO_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum TwoEl1 {}
    impl ::idreg_runtime::register::Layout for TwoEl1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "TWO_EL1",
            res0: 0x0,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 5, 5],
                        0,
                        64,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                ],
                text: "WHOLE",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[
                    <FeatXTwoEl1 as ::idreg_runtime::register::Layout>::LAYOUT,
                ];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for TwoEl1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "TWO_EL1",
            index: 0,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 15, 3, 0),
            layout: <TwoEl1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    ///`FEAT_X_TWO_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum FeatXTwoEl1 {}
    impl ::idreg_runtime::register::Layout for FeatXTwoEl1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "FEAT_X_TWO_EL1",
            res0: 0xfffffffffffffffe,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 6, 6],
                        0,
                        1,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                ],
                text: "ENABLE",
                rules: &RULES,
            },
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
        <names::TwoEl1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
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
            &[65535, 65535, 0],
        ),
    }
};
