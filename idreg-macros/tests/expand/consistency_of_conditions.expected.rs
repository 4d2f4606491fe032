::idreg_runtime::__value_types! {}
/**`ID_AA64PFR1_EL1`, encoded as `S3_0_C0_C4_1`.

| bits | field |
|---|---|
| 27:24 | `SME` |*/
#[doc(alias = "ID_AA64PFR1_EL1")]
pub type IdAa64pfr1El1 = values::Register<names::IdAa64pfr1El1>;
impl<R> values::Register<names::IdAa64pfr1El1, R> {
    ///Returns `SME`, bits 27:24.
    pub const fn sme(self) -> id_aa64pfr1_el1::Sme {
        values::Field::get(self)
    }
    ///Returns the register with `SME`, bits 27:24, replaced.
    pub const fn with_sme(self, value: id_aa64pfr1_el1::Sme) -> Self {
        value.set(self)
    }
}
///Field types of `ID_AA64PFR1_EL1`.
pub mod id_aa64pfr1_el1 {
    /**`ID_AA64PFR1_EL1.SME`, bits 27:24: a number.

Features: `FEAT_SME`, `FEAT_SME2`.*/
    #[doc(alias = "SYSREG_ID_AA64PFR1_EL1_SME")]
    #[doc(alias = "FEAT_SME")]
    #[doc(alias = "FEAT_SME2")]
    pub type Sme = super::values::Field<super::names::IdAa64pfr1El1, 27, 24>;
}
/**`ID_AA64SMFR0_EL1`, encoded as `S3_0_C0_C4_5`.

| bits | field |
|---|---|
| 63 | `FA64` |*/
#[doc(alias = "ID_AA64SMFR0_EL1")]
pub type IdAa64smfr0El1 = values::Register<names::IdAa64smfr0El1>;
impl<R> values::Register<names::IdAa64smfr0El1, R> {
    ///Returns `FA64`, bit 63.
    pub const fn fa64(self) -> id_aa64smfr0_el1::Fa64 {
        values::Field::get(self)
    }
    ///Returns the register with `FA64`, bit 63, replaced.
    pub const fn with_fa64(self, value: id_aa64smfr0_el1::Fa64) -> Self {
        value.set(self)
    }
}
///Field types of `ID_AA64SMFR0_EL1`.
pub mod id_aa64smfr0_el1 {
    /**`ID_AA64SMFR0_EL1.FA64`, bit 63: a number.

Features: `FEAT_SME_FA64`.*/
    #[doc(alias = "SYSREG_ID_AA64SMFR0_EL1_FA64")]
    #[doc(alias = "FEAT_SME_FA64")]
    pub type Fa64 = super::values::Field<super::names::IdAa64smfr0El1, 63, 63>;
}
/**`ID_AA64MMFR0_EL1`, encoded as `S3_0_C0_C7_0`.

| bits | field |
|---|---|
| 31:28 | `TGRAN4` |
| 27:24 | `TGRAN64` |
| 23:20 | `TGRAN16` |*/
#[doc(alias = "ID_AA64MMFR0_EL1")]
pub type IdAa64mmfr0El1 = values::Register<names::IdAa64mmfr0El1>;
impl<R> values::Register<names::IdAa64mmfr0El1, R> {
    ///Returns `TGRAN4`, bits 31:28.
    pub const fn tgran4(self) -> id_aa64mmfr0_el1::Tgran4 {
        values::Field::get(self)
    }
    ///Returns the register with `TGRAN4`, bits 31:28, replaced.
    pub const fn with_tgran4(self, value: id_aa64mmfr0_el1::Tgran4) -> Self {
        value.set(self)
    }
    ///Returns `TGRAN64`, bits 27:24.
    pub const fn tgran64(self) -> id_aa64mmfr0_el1::Tgran64 {
        values::Field::get(self)
    }
    ///Returns the register with `TGRAN64`, bits 27:24, replaced.
    pub const fn with_tgran64(self, value: id_aa64mmfr0_el1::Tgran64) -> Self {
        value.set(self)
    }
    ///Returns `TGRAN16`, bits 23:20.
    pub const fn tgran16(self) -> id_aa64mmfr0_el1::Tgran16 {
        values::Field::get(self)
    }
    ///Returns the register with `TGRAN16`, bits 23:20, replaced.
    pub const fn with_tgran16(self, value: id_aa64mmfr0_el1::Tgran16) -> Self {
        value.set(self)
    }
}
///Field types of `ID_AA64MMFR0_EL1`.
pub mod id_aa64mmfr0_el1 {
    /**`ID_AA64MMFR0_EL1.TGRAN4`, bits 31:28: a signed enumeration.

| value | name |
|---|---|
| 0x0 | `IMP` |
| 0xf | `NI` |

Features: `FEAT_LPA2`, `FEAT_TGran4K`.*/
    #[doc(alias = "SYSREG_ID_AA64MMFR0_EL1_TGRAN4")]
    #[doc(alias = "FEAT_LPA2")]
    #[doc(alias = "FEAT_TGran4K")]
    pub type Tgran4 = super::values::Field<super::names::IdAa64mmfr0El1, 31, 28>;
    impl Tgran4 {
        ///`IMP`, 0x0.
        pub const IMP: Self = Self::of(0);
        ///`NI`, 0xf.
        pub const NI: Self = Self::of(15);
        /// Returns the value as a signed number.
        #[must_use]
        pub const fn signed(self) -> ::core::primitive::i64 {
            (self.bits() << 60).cast_signed() >> 60
        }
    }
    /**`ID_AA64MMFR0_EL1.TGRAN64`, bits 27:24: a signed enumeration.

| value | name |
|---|---|
| 0x0 | `IMP` |
| 0xf | `NI` |

Features: `FEAT_TGran64K`.*/
    #[doc(alias = "SYSREG_ID_AA64MMFR0_EL1_TGRAN64")]
    #[doc(alias = "FEAT_TGran64K")]
    pub type Tgran64 = super::values::Field<super::names::IdAa64mmfr0El1, 27, 24>;
    impl Tgran64 {
        ///`IMP`, 0x0.
        pub const IMP: Self = Self::of(0);
        ///`NI`, 0xf.
        pub const NI: Self = Self::of(15);
        /// Returns the value as a signed number.
        #[must_use]
        pub const fn signed(self) -> ::core::primitive::i64 {
            (self.bits() << 60).cast_signed() >> 60
        }
    }
    /**`ID_AA64MMFR0_EL1.TGRAN16`, bits 23:20: a number.

Features: `FEAT_LPA2`, `FEAT_TGran16K`.*/
    #[doc(alias = "SYSREG_ID_AA64MMFR0_EL1_TGRAN16")]
    #[doc(alias = "FEAT_LPA2")]
    #[doc(alias = "FEAT_TGran16K")]
    pub type Tgran16 = super::values::Field<super::names::IdAa64mmfr0El1, 23, 20>;
}
/// Marker types of registers and layouts.
#[doc(hidden)]
pub mod names {
    static RULES: &[::idreg_runtime::description::rule::FieldRule] = &[
        ::idreg_runtime::description::rule::FieldRule::LOWER
            .for_audience(::idreg_runtime::description::rule::Audience::El0),
        ::idreg_runtime::description::rule::FieldRule::of(::idreg_runtime::description::rule::Safety::Exact {
                safe: 0,
            })
            .for_audience(::idreg_runtime::description::rule::Audience::El0),
        ::idreg_runtime::description::rule::FieldRule::SIGNED_LOWER
            .for_audience(::idreg_runtime::description::rule::Audience::El1),
        ::idreg_runtime::description::rule::FieldRule::LOWER
            .for_audience(::idreg_runtime::description::rule::Audience::El1),
    ];
    ///`ID_AA64PFR1_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum IdAa64pfr1El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64pfr1El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64PFR1_EL1",
            res0: 0xfffffffff0ffffff,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 3, 3],
                        24,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                ],
                text: "SME",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64pfr1El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64PFR1_EL1",
            index: 0,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 4, 1),
            layout: <IdAa64pfr1El1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    ///`ID_AA64SMFR0_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum IdAa64smfr0El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64smfr0El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64SMFR0_EL1",
            res0: 0x7fffffffffffffff,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 4, 4],
                        63,
                        1,
                        ::idreg_runtime::description::FieldKind::Plain,
                        1,
                    ),
                ],
                text: "FA64",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64smfr0El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64SMFR0_EL1",
            index: 1,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 4, 5),
            layout: <IdAa64smfr0El1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    ///`ID_AA64MMFR0_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum IdAa64mmfr0El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64mmfr0El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64MMFR0_EL1",
            res0: 0xffffffff000fffff,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 6, 15],
                        28,
                        4,
                        ::idreg_runtime::description::FieldKind::SignedEnum,
                        2,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [15, 22, 31],
                        24,
                        4,
                        ::idreg_runtime::description::FieldKind::SignedEnum,
                        2,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [31, 38, 38],
                        20,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        3,
                    ),
                ],
                text: "TGRAN4IMP NI=15TGRAN64IMP NI=15TGRAN16",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64mmfr0El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64MMFR0_EL1",
            index: 2,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 7, 0),
            layout: <IdAa64mmfr0El1 as ::idreg_runtime::register::Layout>::LAYOUT,
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
        <names::IdAa64pfr1El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::IdAa64smfr0El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::IdAa64mmfr0El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
    ];
    static FACTS: ::idreg_runtime::description::FactTable = ::idreg_runtime::description::FactTable {
        registers: REGISTERS,
        names: "FEAT_LPA2FEAT_SMEFEAT_SME_FA64FEAT_TGran16KFEAT_TGran4KFEAT_TGran64K",
        features: &[[0, 0], [9, 32], [17, 40], [30, 49], [43, 57], [55, 65]],
        code: b"\x1E\x08\x02\0\x01\x07\x02\x02\x02\x0F\0\x04\x02\0\x01\x07\x04\x04\x02\0\0\x04\x02\x02\x02\x0F\x04\x04\0\x0F\x0F\0\x06\x04\0\0\x01\x0F\0\0\x07\x04\x01\0\x01\x01\x01\x03\0\x06\x04\x02\x02\x01\x0F\0\0\x06\x04\x02\0\0\x07\0\0\x06\x04\x02\x01\0\x07\0\0",
    };
    ::idreg_runtime::description::Description {
        registers: REGISTERS,
        features: ::idreg_runtime::description::feature::Features::of(&FACTS),
        consistency: ::idreg_runtime::description::PackedList::of(
            &FACTS,
            b"\x05\x01\x01\x01\x03\x03\t\x07\x0B",
        ),
        properties: ::idreg_runtime::description::PropertyIndex::Narrow(
            &[65535, 65535, 0, 65535, 129, 64, 128, 130, 65535, 65535, 65535],
        ),
    }
};
