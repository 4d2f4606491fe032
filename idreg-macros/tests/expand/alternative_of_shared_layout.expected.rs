::idreg_runtime::__value_types! {}
/**`SPLIT_ELx`, a shared layout; `R` is the register.

| bits | field |
|---|---|
| 63:0 | `WHOLE` |*/
#[doc(alias = "SPLIT_ELx")]
pub type SplitELx<R> = values::Register<names::SplitELx, R>;
impl<R> values::Register<names::SplitELx, R> {
    ///Returns `WHOLE`, bits 63:0.
    pub const fn whole(self) -> split_elx::Whole {
        values::Field::get(self)
    }
    ///Returns the register with `WHOLE`, bits 63:0, replaced.
    pub const fn with_whole(self, value: split_elx::Whole) -> Self {
        value.set(self)
    }
}
///Field types of `SPLIT_ELx`.
pub mod split_elx {
    ///`SPLIT_ELx.WHOLE`, bits 63:0: a number.
    pub type Whole = super::values::Field<super::names::SplitELx, 63, 0>;
}
/**`FEAT_Z_SPLIT_ELx`, an alternative layout of `SPLIT_ELx`.

| bits | field |
|---|---|
| 31:0 | `HALF` |*/
#[doc(alias = "FEAT_Z_SPLIT_ELx")]
pub type FeatZSplitELx<R> = values::Register<names::FeatZSplitELx, R>;
impl<R> values::Register<names::FeatZSplitELx, R> {
    ///Returns `HALF`, bits 31:0.
    pub const fn half(self) -> feat_z_split_elx::Half {
        values::Field::get(self)
    }
    ///Returns the register with `HALF`, bits 31:0, replaced.
    pub const fn with_half(self, value: feat_z_split_elx::Half) -> Self {
        value.set(self)
    }
}
impl<R> values::Register<names::SplitELx, R> {
    ///Returns the same value in the layout `FEAT_Z_SPLIT_ELx`.
    pub const fn feat_z_split_elx(self) -> values::Register<names::FeatZSplitELx, R> {
        values::Register::from_bits(self.bits())
    }
}
impl<R> values::Register<names::FeatZSplitELx, R> {
    ///Returns the same value in the layout of `SPLIT_ELx` without a prefix.
    pub const fn split_elx(self) -> values::Register<names::SplitELx, R> {
        values::Register::from_bits(self.bits())
    }
}
///Field types of `FEAT_Z_SPLIT_ELx`.
pub mod feat_z_split_elx {
    ///`FEAT_Z_SPLIT_ELx.HALF`, bits 31:0: a number.
    pub type Half = super::values::Field<super::names::FeatZSplitELx, 31, 0>;
}
/**`SPLIT_EL1`, encoded as `S3_0_C15_C4_0`.

It has the fields of [`SplitELx`].*/
#[doc(alias = "SPLIT_EL1")]
pub type SplitEl1 = values::Register<names::SplitELx, names::SplitEl1>;
/**`FEAT_Y_SPLIT_EL1`, an alternative layout of `SPLIT_EL1`.

| bits | field |
|---|---|
| 7:0 | `LOW` |*/
#[doc(alias = "FEAT_Y_SPLIT_EL1")]
pub type FeatYSplitEl1 = values::Register<names::FeatYSplitEl1, names::SplitEl1>;
impl<R> values::Register<names::FeatYSplitEl1, R> {
    ///Returns `LOW`, bits 7:0.
    pub const fn low(self) -> feat_y_split_el1::Low {
        values::Field::get(self)
    }
    ///Returns the register with `LOW`, bits 7:0, replaced.
    pub const fn with_low(self, value: feat_y_split_el1::Low) -> Self {
        value.set(self)
    }
}
impl values::Register<names::SplitELx, names::SplitEl1> {
    ///Returns the same value in the layout `FEAT_Y_SPLIT_EL1`.
    pub const fn feat_y_split_el1(
        self,
    ) -> values::Register<names::FeatYSplitEl1, names::SplitEl1> {
        values::Register::from_bits(self.bits())
    }
}
impl values::Register<names::FeatYSplitEl1, names::SplitEl1> {
    ///Returns the same value in the layout of `SPLIT_EL1` without a prefix.
    pub const fn split_el1(self) -> values::Register<names::SplitELx, names::SplitEl1> {
        values::Register::from_bits(self.bits())
    }
}
///Field types of `FEAT_Y_SPLIT_EL1`.
pub mod feat_y_split_el1 {
    ///`FEAT_Y_SPLIT_EL1.LOW`, bits 7:0: a number.
    pub type Low = super::values::Field<super::names::FeatYSplitEl1, 7, 0>;
}
/// Marker types of registers and layouts.
#[doc(hidden)]
pub mod names {
    static RULES: &[::idreg_runtime::description::rule::FieldRule] = &[
        ::idreg_runtime::description::rule::FieldRule::LOWER,
    ];
    ///`SPLIT_ELx`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum SplitELx {}
    impl ::idreg_runtime::register::Layout for SplitELx {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "SPLIT_ELx",
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
                    <FeatZSplitELx as ::idreg_runtime::register::Layout>::LAYOUT,
                ];
                &LAYOUTS
            },
        };
    }
    ///`FEAT_Z_SPLIT_ELx`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum FeatZSplitELx {}
    impl ::idreg_runtime::register::Layout for FeatZSplitELx {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "FEAT_Z_SPLIT_ELx",
            res0: 0xffffffff00000000,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 4, 4],
                        0,
                        32,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                ],
                text: "HALF",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    ///`SPLIT_EL1`.
    #[derive(::core::fmt::Debug)]
    pub enum SplitEl1 {}
    impl ::idreg_runtime::register::SystemRegister for SplitEl1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "SPLIT_EL1",
            index: 0,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 15, 4, 0),
            layout: <SplitELx as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[
                    <FeatYSplitEl1 as ::idreg_runtime::register::Layout>::LAYOUT,
                ];
                &LAYOUTS
            },
        };
    }
    ///`FEAT_Y_SPLIT_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum FeatYSplitEl1 {}
    impl ::idreg_runtime::register::Layout for FeatYSplitEl1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "FEAT_Y_SPLIT_EL1",
            res0: 0xffffffffffffff00,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 3, 3],
                        0,
                        8,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                ],
                text: "LOW",
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
        <names::SplitEl1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
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
            &[65535, 0, 65535],
        ),
    }
};
