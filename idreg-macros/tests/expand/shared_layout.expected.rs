::idreg_runtime::__value_types! {}
/**`SHARED_ELx`, a shared layout; `R` is the register.

| bits | field |
|---|---|
| 7:0 | `LEVEL` |*/
#[doc(alias = "SHARED_ELx")]
pub type SharedELx<R> = values::Register<names::SharedELx, R>;
impl<R> values::Register<names::SharedELx, R> {
    ///Returns `LEVEL`, bits 7:0.
    pub const fn level(self) -> shared_elx::Level {
        values::Field::get(self)
    }
    ///Returns the register with `LEVEL`, bits 7:0, replaced.
    pub const fn with_level(self, value: shared_elx::Level) -> Self {
        value.set(self)
    }
}
///Field types of `SHARED_ELx`.
pub mod shared_elx {
    ///`SHARED_ELx.LEVEL`, bits 7:0: a number.
    pub type Level = super::values::Field<super::names::SharedELx, 7, 0>;
}
/**`SHARED_EL1`, encoded as `S3_0_C15_C1_0`.

It has the fields of [`SharedELx`].*/
#[doc(alias = "SHARED_EL1")]
pub type SharedEl1 = values::Register<names::SharedELx, names::SharedEl1>;
/**`SHARED_EL2`, encoded as `S3_4_C15_C1_0`.

It has the fields of [`SharedELx`].*/
#[doc(alias = "SHARED_EL2")]
pub type SharedEl2 = values::Register<names::SharedELx, names::SharedEl2>;
/// Marker types of registers and layouts.
#[doc(hidden)]
pub mod names {
    static RULES: &[::idreg_runtime::description::rule::FieldRule] = &[
        ::idreg_runtime::description::rule::FieldRule::LOWER,
    ];
    ///`SHARED_ELx`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum SharedELx {}
    impl ::idreg_runtime::register::Layout for SharedELx {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "SHARED_ELx",
            res0: 0xffffffffffffff00,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 5, 5],
                        0,
                        8,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                ],
                text: "LEVEL",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    ///`SHARED_EL1`.
    #[derive(::core::fmt::Debug)]
    pub enum SharedEl1 {}
    impl ::idreg_runtime::register::SystemRegister for SharedEl1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "SHARED_EL1",
            index: 0,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 15, 1, 0),
            layout: <SharedELx as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    ///`SHARED_EL2`.
    #[derive(::core::fmt::Debug)]
    pub enum SharedEl2 {}
    impl ::idreg_runtime::register::SystemRegister for SharedEl2 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "SHARED_EL2",
            index: 1,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 4, 15, 1, 0),
            layout: <SharedELx as ::idreg_runtime::register::Layout>::LAYOUT,
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
        <names::SharedEl1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::SharedEl2 as ::idreg_runtime::register::SystemRegister>::REGISTER,
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
            &[65535, 65535, 65535, 0, 64],
        ),
    }
};
