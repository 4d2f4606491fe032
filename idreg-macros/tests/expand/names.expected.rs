::idreg_runtime::__value_types! {}
/**`8K_EL1`, encoded as `S3_0_C15_C5_0`.

| bits | field |
|---|---|
| 63:32 | `4K` |
| 31:16 | `type` |
| 15:8 | `SELF` |
| 7:0 | `TGRAN4_2` |*/
#[doc(alias = "8K_EL1")]
pub type _8kEl1 = values::Register<names::_8kEl1>;
impl<R> values::Register<names::_8kEl1, R> {
    ///Returns `4K`, bits 63:32.
    pub const fn _4k(self) -> _8k_el1::_4k {
        values::Field::get(self)
    }
    ///Returns the register with `4K`, bits 63:32, replaced.
    pub const fn with__4k(self, value: _8k_el1::_4k) -> Self {
        value.set(self)
    }
    ///Returns `type`, bits 31:16.
    pub const fn r#type(self) -> _8k_el1::Type {
        values::Field::get(self)
    }
    ///Returns the register with `type`, bits 31:16, replaced.
    pub const fn with_type(self, value: _8k_el1::Type) -> Self {
        value.set(self)
    }
    ///Returns `SELF`, bits 15:8.
    pub const fn self_(self) -> _8k_el1::Self_ {
        values::Field::get(self)
    }
    ///Returns the register with `SELF`, bits 15:8, replaced.
    pub const fn with_self_(self, value: _8k_el1::Self_) -> Self {
        value.set(self)
    }
    ///Returns `TGRAN4_2`, bits 7:0.
    pub const fn tgran4_2(self) -> _8k_el1::Tgran4_2 {
        values::Field::get(self)
    }
    ///Returns the register with `TGRAN4_2`, bits 7:0, replaced.
    pub const fn with_tgran4_2(self, value: _8k_el1::Tgran4_2) -> Self {
        value.set(self)
    }
}
///Field types of `8K_EL1`.
pub mod _8k_el1 {
    ///`8K_EL1.4K`, bits 63:32: a number.
    #[doc(alias = "SYSREG_8K_EL1_4K")]
    pub type _4k = super::values::Field<super::names::_8kEl1, 63, 32>;
    ///`8K_EL1.type`, bits 31:16: a number.
    #[doc(alias = "SYSREG_8K_EL1_type")]
    pub type Type = super::values::Field<super::names::_8kEl1, 31, 16>;
    ///`8K_EL1.SELF`, bits 15:8: a number.
    #[doc(alias = "SYSREG_8K_EL1_SELF")]
    pub type Self_ = super::values::Field<super::names::_8kEl1, 15, 8>;
    /**`8K_EL1.TGRAN4_2`, bits 7:0: an enumeration.

| value | name |
|---|---|
| 0x0 | `52_BIT` |
| 0x1 | `fn` |
| 0x2 | `GICv3` |*/
    #[doc(alias = "SYSREG_8K_EL1_TGRAN4_2")]
    pub type Tgran4_2 = super::values::Field<super::names::_8kEl1, 7, 0>;
    impl Tgran4_2 {
        ///`52_BIT`, 0x0.
        pub const _52_BIT: Self = Self::of(0);
        ///`fn`, 0x1.
        pub const FN: Self = Self::of(1);
        ///`GICv3`, 0x2.
        pub const GICV3: Self = Self::of(2);
    }
}
/// Marker types of registers and layouts.
#[doc(hidden)]
pub mod names {
    static RULES: &[::idreg_runtime::description::rule::FieldRule] = &[
        ::idreg_runtime::description::rule::FieldRule::LOWER,
    ];
    ///`8K_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum _8kEl1 {}
    impl ::idreg_runtime::register::Layout for _8kEl1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "8K_EL1",
            res0: 0x0,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 2, 2],
                        32,
                        32,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [2, 6, 6],
                        16,
                        16,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [6, 10, 10],
                        8,
                        8,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [10, 18, 33],
                        0,
                        8,
                        ::idreg_runtime::description::FieldKind::Enum,
                        0,
                    ),
                ],
                text: "4KtypeSELFTGRAN4_252_BIT fn GICv3",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for _8kEl1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "8K_EL1",
            index: 0,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 15, 5, 0),
            layout: <_8kEl1 as ::idreg_runtime::register::Layout>::LAYOUT,
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
        <names::_8kEl1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
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
            &[65535, 65535, 2, 0, 1, 65535, 65535, 65535, 3],
        ),
    }
};
