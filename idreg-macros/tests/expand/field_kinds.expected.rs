::idreg_runtime::__value_types! {}
/**`KINDS_EL1`, encoded as `S3_0_C15_C0_1`.

| bits | field |
|---|---|
| 63:60 | `SIGNED` |
| 59:56 | `UNSIGNED` |
| 55 | `CHOICE` |
| 54:0 | `NUMBER` |*/
#[doc(alias = "KINDS_EL1")]
pub type KindsEl1 = values::Register<names::KindsEl1>;
impl<R> values::Register<names::KindsEl1, R> {
    ///Returns `SIGNED`, bits 63:60.
    pub const fn signed(self) -> kinds_el1::Signed {
        values::Field::get(self)
    }
    ///Returns the register with `SIGNED`, bits 63:60, replaced.
    pub const fn with_signed(self, value: kinds_el1::Signed) -> Self {
        value.set(self)
    }
    ///Returns `UNSIGNED`, bits 59:56.
    pub const fn unsigned(self) -> kinds_el1::Unsigned {
        values::Field::get(self)
    }
    ///Returns the register with `UNSIGNED`, bits 59:56, replaced.
    pub const fn with_unsigned(self, value: kinds_el1::Unsigned) -> Self {
        value.set(self)
    }
    ///Returns `CHOICE`, bit 55.
    pub const fn choice(self) -> kinds_el1::Choice {
        values::Field::get(self)
    }
    ///Returns the register with `CHOICE`, bit 55, replaced.
    pub const fn with_choice(self, value: kinds_el1::Choice) -> Self {
        value.set(self)
    }
    ///Returns `NUMBER`, bits 54:0.
    pub const fn number(self) -> kinds_el1::Number {
        values::Field::get(self)
    }
    ///Returns the register with `NUMBER`, bits 54:0, replaced.
    pub const fn with_number(self, value: kinds_el1::Number) -> Self {
        value.set(self)
    }
}
///Field types of `KINDS_EL1`.
pub mod kinds_el1 {
    /**`KINDS_EL1.SIGNED`, bits 63:60: a signed enumeration.

| value | name |
|---|---|
| 0xf | `NI` |
| 0x0 | `IMP` |*/
    #[doc(alias = "SYSREG_KINDS_EL1_SIGNED")]
    pub type Signed = super::values::Field<super::names::KindsEl1, 63, 60>;
    impl Signed {
        ///`NI`, 0xf.
        pub const NI: Self = Self::of(15);
        ///`IMP`, 0x0.
        pub const IMP: Self = Self::of(0);
        /// Returns the value as a signed number.
        #[must_use]
        pub const fn signed(self) -> ::core::primitive::i64 {
            (self.bits() << 60).cast_signed() >> 60
        }
    }
    /**`KINDS_EL1.UNSIGNED`, bits 59:56: an unsigned enumeration.

| value | name |
|---|---|
| 0x0 | `NI` |
| 0x1 | `IMP` |*/
    #[doc(alias = "SYSREG_KINDS_EL1_UNSIGNED")]
    pub type Unsigned = super::values::Field<super::names::KindsEl1, 59, 56>;
    impl Unsigned {
        ///`NI`, 0x0.
        pub const NI: Self = Self::of(0);
        ///`IMP`, 0x1.
        pub const IMP: Self = Self::of(1);
    }
    /**`KINDS_EL1.CHOICE`, bit 55: an enumeration.

| value | name |
|---|---|
| 0x0 | `OFF` |
| 0x1 | `ON` |*/
    #[doc(alias = "SYSREG_KINDS_EL1_CHOICE")]
    pub type Choice = super::values::Field<super::names::KindsEl1, 55, 55>;
    impl Choice {
        ///`OFF`, 0x0.
        pub const OFF: Self = Self::of(0);
        ///`ON`, 0x1.
        pub const ON: Self = Self::of(1);
    }
    ///`KINDS_EL1.NUMBER`, bits 54:0: a number.
    #[doc(alias = "SYSREG_KINDS_EL1_NUMBER")]
    pub type Number = super::values::Field<super::names::KindsEl1, 54, 0>;
}
/// Marker types of registers and layouts.
#[doc(hidden)]
pub mod names {
    static RULES: &[::idreg_runtime::description::rule::FieldRule] = &[
        ::idreg_runtime::description::rule::FieldRule::SIGNED_LOWER,
        ::idreg_runtime::description::rule::FieldRule::LOWER,
    ];
    ///`KINDS_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum KindsEl1 {}
    impl ::idreg_runtime::register::Layout for KindsEl1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "KINDS_EL1",
            res0: 0x0,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 6, 17],
                        60,
                        4,
                        ::idreg_runtime::description::FieldKind::SignedEnum,
                        0,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [17, 25, 31],
                        56,
                        4,
                        ::idreg_runtime::description::FieldKind::UnsignedEnum,
                        1,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [31, 37, 43],
                        55,
                        1,
                        ::idreg_runtime::description::FieldKind::Enum,
                        1,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [43, 49, 49],
                        0,
                        55,
                        ::idreg_runtime::description::FieldKind::Plain,
                        1,
                    ),
                ],
                text: "SIGNEDNI=15 IMP=0UNSIGNEDNI IMPCHOICEOFF ONNUMBER",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for KindsEl1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "KINDS_EL1",
            index: 0,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 15, 0, 1),
            layout: <KindsEl1 as ::idreg_runtime::register::Layout>::LAYOUT,
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
        <names::KindsEl1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
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
            &[2, 65535, 65535, 65535, 0, 65535, 65535, 1, 3],
        ),
    }
};
