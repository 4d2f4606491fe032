::idreg_runtime::__value_types! {}
/**`ID_AA64PFR0_EL1`, encoded as `S3_0_C0_C4_0`.

| bits | field |
|---|---|
| 63:60 | `CSV3` |
| 35:32 | `SVE` |
| 23:20 | `AdvSIMD` |
| 3:0 | `EL0` |*/
#[doc(alias = "ID_AA64PFR0_EL1")]
pub type IdAa64pfr0El1 = values::Register<names::IdAa64pfr0El1>;
impl<R> values::Register<names::IdAa64pfr0El1, R> {
    ///Returns `CSV3`, bits 63:60.
    pub const fn csv3(self) -> id_aa64pfr0_el1::Csv3 {
        values::Field::get(self)
    }
    ///Returns the register with `CSV3`, bits 63:60, replaced.
    pub const fn with_csv3(self, value: id_aa64pfr0_el1::Csv3) -> Self {
        value.set(self)
    }
    ///Returns `SVE`, bits 35:32.
    pub const fn sve(self) -> id_aa64pfr0_el1::Sve {
        values::Field::get(self)
    }
    ///Returns the register with `SVE`, bits 35:32, replaced.
    pub const fn with_sve(self, value: id_aa64pfr0_el1::Sve) -> Self {
        value.set(self)
    }
    ///Returns `AdvSIMD`, bits 23:20.
    pub const fn advsimd(self) -> id_aa64pfr0_el1::AdvSIMD {
        values::Field::get(self)
    }
    ///Returns the register with `AdvSIMD`, bits 23:20, replaced.
    pub const fn with_advsimd(self, value: id_aa64pfr0_el1::AdvSIMD) -> Self {
        value.set(self)
    }
    ///Returns `EL0`, bits 3:0.
    pub const fn el0(self) -> id_aa64pfr0_el1::El0 {
        values::Field::get(self)
    }
    ///Returns the register with `EL0`, bits 3:0, replaced.
    pub const fn with_el0(self, value: id_aa64pfr0_el1::El0) -> Self {
        value.set(self)
    }
}
///Field types of `ID_AA64PFR0_EL1`.
pub mod id_aa64pfr0_el1 {
    /**`ID_AA64PFR0_EL1.CSV3`, bits 63:60: a number.

Features: `FEAT_CSV3`.*/
    #[doc(alias = "SYSREG_ID_AA64PFR0_EL1_CSV3")]
    #[doc(alias = "FEAT_CSV3")]
    pub type Csv3 = super::values::Field<super::names::IdAa64pfr0El1, 63, 60>;
    /**`ID_AA64PFR0_EL1.SVE`, bits 35:32: a number.

Features: `FEAT_SVE`.*/
    #[doc(alias = "SYSREG_ID_AA64PFR0_EL1_SVE")]
    #[doc(alias = "FEAT_SVE")]
    pub type Sve = super::values::Field<super::names::IdAa64pfr0El1, 35, 32>;
    /**`ID_AA64PFR0_EL1.AdvSIMD`, bits 23:20: a signed enumeration.

| value | name |
|---|---|
| 0x0 | `IMP` |
| 0xf | `NI` |

Features: `FEAT_AdvSIMD`, `FEAT_FP16`.*/
    #[doc(alias = "SYSREG_ID_AA64PFR0_EL1_AdvSIMD")]
    #[doc(alias = "FEAT_AdvSIMD")]
    #[doc(alias = "FEAT_FP16")]
    pub type AdvSIMD = super::values::Field<super::names::IdAa64pfr0El1, 23, 20>;
    impl AdvSIMD {
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
    /**`ID_AA64PFR0_EL1.EL0`, bits 3:0: a number.

Features: `FEAT_AA32EL0`, `FEAT_AA64EL0`, `FEAT_EL0`.*/
    #[doc(alias = "SYSREG_ID_AA64PFR0_EL1_EL0")]
    #[doc(alias = "FEAT_AA32EL0")]
    #[doc(alias = "FEAT_AA64EL0")]
    #[doc(alias = "FEAT_EL0")]
    pub type El0 = super::values::Field<super::names::IdAa64pfr0El1, 3, 0>;
}
/**`CTR_EL0`, encoded as `S3_3_C0_C0_1`.

| bits | field |
|---|---|
| 27:24 | `CWG` |
| 15:14 | `L1Ip` |*/
#[doc(alias = "CTR_EL0")]
pub type CtrEl0 = values::Register<names::CtrEl0>;
impl<R> values::Register<names::CtrEl0, R> {
    ///Returns `CWG`, bits 27:24.
    pub const fn cwg(self) -> ctr_el0::Cwg {
        values::Field::get(self)
    }
    ///Returns the register with `CWG`, bits 27:24, replaced.
    pub const fn with_cwg(self, value: ctr_el0::Cwg) -> Self {
        value.set(self)
    }
    ///Returns `L1Ip`, bits 15:14.
    pub const fn l1ip(self) -> ctr_el0::L1Ip {
        values::Field::get(self)
    }
    ///Returns the register with `L1Ip`, bits 15:14, replaced.
    pub const fn with_l1ip(self, value: ctr_el0::L1Ip) -> Self {
        value.set(self)
    }
}
///Field types of `CTR_EL0`.
pub mod ctr_el0 {
    ///`CTR_EL0.CWG`, bits 27:24: a number.
    #[doc(alias = "SYSREG_CTR_EL0_CWG")]
    pub type Cwg = super::values::Field<super::names::CtrEl0, 27, 24>;
    /**`CTR_EL0.L1Ip`, bits 15:14: a number.

Features: `FEAT_VPIPT`.*/
    #[doc(alias = "SYSREG_CTR_EL0_L1Ip")]
    #[doc(alias = "FEAT_VPIPT")]
    pub type L1Ip = super::values::Field<super::names::CtrEl0, 15, 14>;
}
/// Marker types of registers and layouts.
#[doc(hidden)]
pub mod names {
    static RULES: &[::idreg_runtime::description::rule::FieldRule] = &[
        ::idreg_runtime::description::rule::FieldRule {
            safety: ::idreg_runtime::description::rule::Safety::Lower,
            refused: &[],
            owner: ::core::option::Option::None,
            needs: ::core::option::Option::None,
            mitigation: true,
            audience: ::core::option::Option::Some(
                ::idreg_runtime::description::rule::Audience::El1,
            ),
        },
        ::idreg_runtime::description::rule::FieldRule {
            safety: ::idreg_runtime::description::rule::Safety::Lower,
            refused: &[],
            owner: ::core::option::Option::Some(
                ::idreg_runtime::description::rule::Owner::Sve,
            ),
            needs: ::core::option::Option::Some(
                ::idreg_runtime::description::rule::Owner::Sve,
            ),
            mitigation: false,
            audience: ::core::option::Option::Some(
                ::idreg_runtime::description::rule::Audience::El0,
            ),
        },
        ::idreg_runtime::description::rule::FieldRule::SIGNED_LOWER
            .for_audience(::idreg_runtime::description::rule::Audience::El0),
        ::idreg_runtime::description::rule::FieldRule {
            safety: ::idreg_runtime::description::rule::Safety::Lower,
            refused: &[
                ::idreg_runtime::description::rule::ValueRange {
                    first: 0,
                    last: 0,
                },
            ],
            owner: ::core::option::Option::None,
            needs: ::core::option::Option::None,
            mitigation: false,
            audience: ::core::option::Option::Some(
                ::idreg_runtime::description::rule::Audience::El0,
            ),
        },
        ::idreg_runtime::description::rule::FieldRule::of(
                ::idreg_runtime::description::rule::Safety::HigherOrZero,
            )
            .for_audience(::idreg_runtime::description::rule::Audience::El0),
        ::idreg_runtime::description::rule::FieldRule {
            safety: ::idreg_runtime::description::rule::Safety::Exact {
                safe: 2,
            },
            refused: &[
                ::idreg_runtime::description::rule::ValueRange {
                    first: 0,
                    last: 1,
                },
            ],
            owner: ::core::option::Option::None,
            needs: ::core::option::Option::None,
            mitigation: false,
            audience: ::core::option::Option::Some(
                ::idreg_runtime::description::rule::Audience::El0,
            ),
        },
    ];
    ///`ID_AA64PFR0_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum IdAa64pfr0El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64pfr0El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64PFR0_EL1",
            res0: 0xffffff0ff0ffff0,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 4, 4],
                        60,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [4, 7, 7],
                        32,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        1,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [7, 14, 23],
                        20,
                        4,
                        ::idreg_runtime::description::FieldKind::SignedEnum,
                        2,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [23, 26, 26],
                        0,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        3,
                    ),
                ],
                text: "CSV3SVEAdvSIMDIMP NI=15EL0",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64pfr0El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64PFR0_EL1",
            index: 0,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 4, 0),
            layout: <IdAa64pfr0El1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    ///`CTR_EL0`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum CtrEl0 {}
    impl ::idreg_runtime::register::Layout for CtrEl0 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "CTR_EL0",
            res0: 0xfffffffff0ff3fff,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 3, 3],
                        24,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        4,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [3, 7, 7],
                        14,
                        2,
                        ::idreg_runtime::description::FieldKind::Plain,
                        5,
                    ),
                ],
                text: "CWGL1Ip",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for CtrEl0 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "CTR_EL0",
            index: 1,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 3, 0, 0, 1),
            layout: <CtrEl0 as ::idreg_runtime::register::Layout>::LAYOUT,
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
        <names::IdAa64pfr0El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::CtrEl0 as ::idreg_runtime::register::SystemRegister>::REGISTER,
    ];
    static FACTS: ::idreg_runtime::description::FactTable = ::idreg_runtime::description::FactTable {
        registers: REGISTERS,
        names: "FEAT_AA32FEAT_AA32EL0FEAT_AA64FEAT_AA64EL0FEAT_AArch32FEAT_AdvSIMDFEAT_CSV3FEAT_EL0FEAT_SVEFEAT_VPIPT",
        features: &[
            [0, 0],
            [9, 5],
            [21, 13],
            [30, 18],
            [42, 26],
            [54, 31],
            [66, 39],
            [75, 47],
            [83, 55],
            [91, 63],
        ],
        code: b"\x03\0\x01\x03\0\x06\x04\0\x03\x02\x0F\0\0\x03\0\x01\x07\0\x06\x04\0\x03\x01\x0F\0\0\x03\0\x01\x03\0\x06\x04\0\x02\0\x07\0\0\x06\x04\0\0\x01\x0F\0\0\x06\x04\0\x03\x01\x0F\0\0\x06\x04\0\x01\x01\x0F\0\0\x06\x04\x01\x01\0\0\0\0",
    };
    ::idreg_runtime::description::Description {
        registers: REGISTERS,
        features: ::idreg_runtime::description::feature::Features::of(&FACTS),
        consistency: ::idreg_runtime::description::PackedList::of(&FACTS, b""),
        properties: ::idreg_runtime::description::PropertyIndex::Narrow(
            &[65535, 65535, 65535, 65535, 1, 3, 65535, 65535, 2, 0, 64, 65, 65535],
        ),
    }
};
