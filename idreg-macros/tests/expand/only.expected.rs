::idreg_runtime::__value_types! {}
/**`SHARED_ELx`, a shared layout; `R` is the register.

| bits | field |
|---|---|
| 63:0 | `DATA` |*/
#[doc(alias = "SHARED_ELx")]
pub type SharedELx<R> = values::Register<names::SharedELx, R>;
impl<R> values::Register<names::SharedELx, R> {
    ///Returns `DATA`, bits 63:0.
    pub const fn data(self) -> shared_elx::Data {
        values::Field::get(self)
    }
    ///Returns the register with `DATA`, bits 63:0, replaced.
    pub const fn with_data(self, value: shared_elx::Data) -> Self {
        value.set(self)
    }
}
///Field types of `SHARED_ELx`.
pub mod shared_elx {
    ///`SHARED_ELx.DATA`, bits 63:0: a number.
    pub type Data = super::values::Field<super::names::SharedELx, 63, 0>;
}
/**`ONE_EL2`, encoded as `S3_4_C15_C6_0`.

It has the fields of [`SharedELx`].*/
#[doc(alias = "ONE_EL2")]
pub type OneEl2 = values::Register<names::SharedELx, names::OneEl2>;
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
            res0: 0x0,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 4, 4],
                        0,
                        64,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                ],
                text: "DATA",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    ///`ONE_EL2`.
    #[derive(::core::fmt::Debug)]
    pub enum OneEl2 {}
    impl ::idreg_runtime::register::SystemRegister for OneEl2 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ONE_EL2",
            index: 0,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 4, 15, 6, 0),
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
        <names::OneEl2 as ::idreg_runtime::register::SystemRegister>::REGISTER,
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
