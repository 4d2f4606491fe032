::idreg_runtime::__value_types! {}
/**`MASKS_EL1`, encoded as `S3_0_C15_C0_2`.

It has no named fields.*/
#[doc(alias = "MASKS_EL1")]
pub type MasksEl1 = values::Register<names::MasksEl1>;
/// Marker types of registers and layouts.
#[doc(hidden)]
pub mod names {
    static RULES: &[::idreg_runtime::description::rule::FieldRule] = &[];
    ///`MASKS_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum MasksEl1 {}
    impl ::idreg_runtime::register::Layout for MasksEl1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "MASKS_EL1",
            res0: 0xffff000000000000,
            res1: 0xffff00000000,
            unkn: 0xffff0000,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[],
                text: "",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for MasksEl1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "MASKS_EL1",
            index: 0,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 15, 0, 2),
            layout: <MasksEl1 as ::idreg_runtime::register::Layout>::LAYOUT,
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
        <names::MasksEl1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
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
        properties: ::idreg_runtime::description::PropertyIndex::Narrow(&[65535]),
    }
};
