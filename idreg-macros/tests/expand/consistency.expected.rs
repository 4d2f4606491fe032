::idreg_runtime::__value_types! {}
/**`ID_AA64PFR0_EL1`, encoded as `S3_0_C0_C4_0`.

| bits | field |
|---|---|
| 23:20 | `AdvSIMD` |
| 19:16 | `FP` |*/
#[doc(alias = "ID_AA64PFR0_EL1")]
pub type IdAa64pfr0El1 = values::Register<names::IdAa64pfr0El1>;
impl<R> values::Register<names::IdAa64pfr0El1, R> {
    ///Returns `AdvSIMD`, bits 23:20.
    pub const fn advsimd(self) -> id_aa64pfr0_el1::AdvSIMD {
        values::Field::get(self)
    }
    ///Returns the register with `AdvSIMD`, bits 23:20, replaced.
    pub const fn with_advsimd(self, value: id_aa64pfr0_el1::AdvSIMD) -> Self {
        value.set(self)
    }
    ///Returns `FP`, bits 19:16.
    pub const fn fp(self) -> id_aa64pfr0_el1::Fp {
        values::Field::get(self)
    }
    ///Returns the register with `FP`, bits 19:16, replaced.
    pub const fn with_fp(self, value: id_aa64pfr0_el1::Fp) -> Self {
        value.set(self)
    }
}
///Field types of `ID_AA64PFR0_EL1`.
pub mod id_aa64pfr0_el1 {
    /**`ID_AA64PFR0_EL1.AdvSIMD`, bits 23:20: a number.

Features: `FEAT_AdvSIMD`, `FEAT_FP16`.*/
    #[doc(alias = "SYSREG_ID_AA64PFR0_EL1_AdvSIMD")]
    #[doc(alias = "FEAT_AdvSIMD")]
    #[doc(alias = "FEAT_FP16")]
    pub type AdvSIMD = super::values::Field<super::names::IdAa64pfr0El1, 23, 20>;
    /**`ID_AA64PFR0_EL1.FP`, bits 19:16: a number.

Features: `FEAT_FP`, `FEAT_FP16`.*/
    #[doc(alias = "SYSREG_ID_AA64PFR0_EL1_FP")]
    #[doc(alias = "FEAT_FP")]
    #[doc(alias = "FEAT_FP16")]
    pub type Fp = super::values::Field<super::names::IdAa64pfr0El1, 19, 16>;
}
/**`ID_AA64DFR0_EL1`, encoded as `S3_0_C0_C5_0`.

| bits | field |
|---|---|
| 31:28 | `CTX_CMPs` |
| 15:12 | `BRPs` |*/
#[doc(alias = "ID_AA64DFR0_EL1")]
pub type IdAa64dfr0El1 = values::Register<names::IdAa64dfr0El1>;
impl<R> values::Register<names::IdAa64dfr0El1, R> {
    ///Returns `CTX_CMPs`, bits 31:28.
    pub const fn ctx_cmps(self) -> id_aa64dfr0_el1::CtxCMPs {
        values::Field::get(self)
    }
    ///Returns the register with `CTX_CMPs`, bits 31:28, replaced.
    pub const fn with_ctx_cmps(self, value: id_aa64dfr0_el1::CtxCMPs) -> Self {
        value.set(self)
    }
    ///Returns `BRPs`, bits 15:12.
    pub const fn brps(self) -> id_aa64dfr0_el1::BRPs {
        values::Field::get(self)
    }
    ///Returns the register with `BRPs`, bits 15:12, replaced.
    pub const fn with_brps(self, value: id_aa64dfr0_el1::BRPs) -> Self {
        value.set(self)
    }
}
///Field types of `ID_AA64DFR0_EL1`.
pub mod id_aa64dfr0_el1 {
    ///`ID_AA64DFR0_EL1.CTX_CMPs`, bits 31:28: a number.
    #[doc(alias = "SYSREG_ID_AA64DFR0_EL1_CTX_CMPs")]
    pub type CtxCMPs = super::values::Field<super::names::IdAa64dfr0El1, 31, 28>;
    ///`ID_AA64DFR0_EL1.BRPs`, bits 15:12: a number.
    #[doc(alias = "SYSREG_ID_AA64DFR0_EL1_BRPs")]
    pub type BRPs = super::values::Field<super::names::IdAa64dfr0El1, 15, 12>;
}
/**`ID_AA64ISAR1_EL1`, encoded as `S3_0_C0_C6_1`.

| bits | field |
|---|---|
| 11:8 | `API` |
| 7:4 | `APA` |*/
#[doc(alias = "ID_AA64ISAR1_EL1")]
pub type IdAa64isar1El1 = values::Register<names::IdAa64isar1El1>;
impl<R> values::Register<names::IdAa64isar1El1, R> {
    ///Returns `API`, bits 11:8.
    pub const fn api(self) -> id_aa64isar1_el1::Api {
        values::Field::get(self)
    }
    ///Returns the register with `API`, bits 11:8, replaced.
    pub const fn with_api(self, value: id_aa64isar1_el1::Api) -> Self {
        value.set(self)
    }
    ///Returns `APA`, bits 7:4.
    pub const fn apa(self) -> id_aa64isar1_el1::Apa {
        values::Field::get(self)
    }
    ///Returns the register with `APA`, bits 7:4, replaced.
    pub const fn with_apa(self, value: id_aa64isar1_el1::Apa) -> Self {
        value.set(self)
    }
}
///Field types of `ID_AA64ISAR1_EL1`.
pub mod id_aa64isar1_el1 {
    /**`ID_AA64ISAR1_EL1.API`, bits 11:8: a number.

Features: `FEAT_EPAC`, `FEAT_FPAC`, `FEAT_FPACCOMBINE`, `FEAT_PACIMP`, `FEAT_PAuth`, `FEAT_PAuth2`, `FEAT_PAuth_LR`.*/
    #[doc(alias = "SYSREG_ID_AA64ISAR1_EL1_API")]
    #[doc(alias = "FEAT_EPAC")]
    #[doc(alias = "FEAT_FPAC")]
    #[doc(alias = "FEAT_FPACCOMBINE")]
    #[doc(alias = "FEAT_PACIMP")]
    #[doc(alias = "FEAT_PAuth")]
    #[doc(alias = "FEAT_PAuth2")]
    #[doc(alias = "FEAT_PAuth_LR")]
    pub type Api = super::values::Field<super::names::IdAa64isar1El1, 11, 8>;
    /**`ID_AA64ISAR1_EL1.APA`, bits 7:4: a number.

Features: `FEAT_EPAC`, `FEAT_FPAC`, `FEAT_FPACCOMBINE`, `FEAT_PACQARMA5`, `FEAT_PAuth`, `FEAT_PAuth2`, `FEAT_PAuth_LR`.*/
    #[doc(alias = "SYSREG_ID_AA64ISAR1_EL1_APA")]
    #[doc(alias = "FEAT_EPAC")]
    #[doc(alias = "FEAT_FPAC")]
    #[doc(alias = "FEAT_FPACCOMBINE")]
    #[doc(alias = "FEAT_PACQARMA5")]
    #[doc(alias = "FEAT_PAuth")]
    #[doc(alias = "FEAT_PAuth2")]
    #[doc(alias = "FEAT_PAuth_LR")]
    pub type Apa = super::values::Field<super::names::IdAa64isar1El1, 7, 4>;
}
/**`ID_AA64ISAR2_EL1`, encoded as `S3_0_C0_C6_2`.

| bits | field |
|---|---|
| 15:12 | `APA3` |*/
#[doc(alias = "ID_AA64ISAR2_EL1")]
pub type IdAa64isar2El1 = values::Register<names::IdAa64isar2El1>;
impl<R> values::Register<names::IdAa64isar2El1, R> {
    ///Returns `APA3`, bits 15:12.
    pub const fn apa3(self) -> id_aa64isar2_el1::Apa3 {
        values::Field::get(self)
    }
    ///Returns the register with `APA3`, bits 15:12, replaced.
    pub const fn with_apa3(self, value: id_aa64isar2_el1::Apa3) -> Self {
        value.set(self)
    }
}
///Field types of `ID_AA64ISAR2_EL1`.
pub mod id_aa64isar2_el1 {
    /**`ID_AA64ISAR2_EL1.APA3`, bits 15:12: a number.

Features: `FEAT_EPAC`, `FEAT_FPAC`, `FEAT_FPACCOMBINE`, `FEAT_PACQARMA3`, `FEAT_PAuth`, `FEAT_PAuth2`, `FEAT_PAuth_LR`.*/
    #[doc(alias = "SYSREG_ID_AA64ISAR2_EL1_APA3")]
    #[doc(alias = "FEAT_EPAC")]
    #[doc(alias = "FEAT_FPAC")]
    #[doc(alias = "FEAT_FPACCOMBINE")]
    #[doc(alias = "FEAT_PACQARMA3")]
    #[doc(alias = "FEAT_PAuth")]
    #[doc(alias = "FEAT_PAuth2")]
    #[doc(alias = "FEAT_PAuth_LR")]
    pub type Apa3 = super::values::Field<super::names::IdAa64isar2El1, 15, 12>;
}
/// Marker types of registers and layouts.
#[doc(hidden)]
pub mod names {
    static RULES: &[::idreg_runtime::description::rule::FieldRule] = &[
        ::idreg_runtime::description::rule::FieldRule::LOWER
            .for_audience(::idreg_runtime::description::rule::Audience::El0),
        ::idreg_runtime::description::rule::FieldRule::LOWER
            .for_audience(::idreg_runtime::description::rule::Audience::Debugger),
        ::idreg_runtime::description::rule::FieldRule {
            safety: ::idreg_runtime::description::rule::Safety::Exact {
                safe: 0,
            },
            refused: &[],
            owner: ::core::option::Option::Some(
                ::idreg_runtime::description::rule::Owner::Pauth,
            ),
            needs: ::core::option::Option::Some(
                ::idreg_runtime::description::rule::Owner::Pauth,
            ),
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
            res0: 0xffffffffff00ffff,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 7, 7],
                        20,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [7, 9, 9],
                        16,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                ],
                text: "AdvSIMDFP",
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
    ///`ID_AA64DFR0_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum IdAa64dfr0El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64dfr0El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64DFR0_EL1",
            res0: 0xffffffff0fff0fff,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 8, 8],
                        28,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        1,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [8, 12, 12],
                        12,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        1,
                    ),
                ],
                text: "CTX_CMPsBRPs",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64dfr0El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64DFR0_EL1",
            index: 1,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 5, 0),
            layout: <IdAa64dfr0El1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    ///`ID_AA64ISAR1_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum IdAa64isar1El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64isar1El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64ISAR1_EL1",
            res0: 0xfffffffffffff00f,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 3, 3],
                        8,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        2,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [3, 6, 6],
                        4,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        2,
                    ),
                ],
                text: "APIAPA",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64isar1El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64ISAR1_EL1",
            index: 2,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 6, 1),
            layout: <IdAa64isar1El1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    ///`ID_AA64ISAR2_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum IdAa64isar2El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64isar2El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64ISAR2_EL1",
            res0: 0xffffffffffff0fff,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 4, 4],
                        12,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        2,
                    ),
                ],
                text: "APA3",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64isar2El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64ISAR2_EL1",
            index: 3,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 6, 2),
            layout: <IdAa64isar2El1 as ::idreg_runtime::register::Layout>::LAYOUT,
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
        <names::IdAa64dfr0El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::IdAa64isar1El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::IdAa64isar2El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
    ];
    static FACTS: ::idreg_runtime::description::FactTable = ::idreg_runtime::description::FactTable {
        registers: REGISTERS,
        names: "FEAT_AdvSIMDFEAT_EPACFEAT_FPFEAT_FP16FEAT_FPACFEAT_FPACCOMBINEFEAT_PACIMPFEAT_PACQARMA3FEAT_PACQARMA5FEAT_PAuthFEAT_PAuth2FEAT_PAuth_LR",
        features: &[
            [0, 0],
            [12, 8],
            [21, 28],
            [28, 36],
            [37, 48],
            [46, 68],
            [62, 88],
            [73, 96],
            [87, 104],
            [101, 112],
            [111, 132],
            [122, 152],
        ],
        code: b"\x06\x04\0\0\0\x0F\0\0\x12\x04\x02\x01\x02\x02\0\x04\x02\0\x02\x02\0\x04\x03\0\x02\x02\0\0\x06\x04\0\x01\0\x0F\0\0\n\x08\0\x01\x01\x0F\0\0\x01\x0F\0\0\x12\x04\x02\x01\x04\x0F\0\x04\x02\0\x04\x0F\0\x04\x03\0\x04\x0F\0\0\x12\x04\x02\x01\x05\x0F\0\x04\x02\0\x05\x0F\0\x04\x03\0\x05\x0F\0\0\x06\x04\x02\0\x01\x0F\0\0\x06\x04\x03\0\x01\x0F\0\0\x06\x04\x02\x01\x01\x0F\0\0\x12\x04\x02\x01\x01\x0F\0\x04\x02\0\x01\x0F\0\x04\x03\0\x01\x0F\0\0\x12\x04\x02\x01\x03\x0F\0\x04\x02\0\x03\x0F\0\x04\x03\0\x03\x0F\0\0\x12\x04\x02\x01\x06\x0F\0\x04\x02\0\x06\x0F\0\x04\x03\0\x06\x0F\0\0",
    };
    ::idreg_runtime::description::Description {
        registers: REGISTERS,
        features: ::idreg_runtime::description::feature::Features::of(&FACTS),
        consistency: ::idreg_runtime::description::PackedList::of(
            &FACTS,
            b"\x01\0\x01\0\0\0\x02\x06\x02\x01\x02\0\x03\0\x04\x01\0\x01\x01",
        ),
        properties: ::idreg_runtime::description::PropertyIndex::Narrow(
            &[
                65535, 192, 65535, 65535, 65535, 65535, 1, 65535, 65535, 0, 65535, 65,
                128, 129, 64,
            ],
        ),
    }
};
