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
        ::idreg_runtime::description::rule::FieldRule::of(::idreg_runtime::description::rule::Safety::Exact {
                safe: 0,
            })
            .for_audience(::idreg_runtime::description::rule::Audience::El0),
        ::idreg_runtime::description::rule::FieldRule::SIGNED_LOWER
            .for_audience(::idreg_runtime::description::rule::Audience::El1),
        ::idreg_runtime::description::rule::FieldRule::LOWER
            .for_audience(::idreg_runtime::description::rule::Audience::El1),
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
                rules: RULES,
            },
            alternatives: &[],
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64pfr0El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64PFR0_EL1",
            index: 0,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 4, 0),
            layout: <IdAa64pfr0El1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: &[],
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
                rules: RULES,
            },
            alternatives: &[],
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64dfr0El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64DFR0_EL1",
            index: 1,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 5, 0),
            layout: <IdAa64dfr0El1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: &[],
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
                rules: RULES,
            },
            alternatives: &[],
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64isar1El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64ISAR1_EL1",
            index: 2,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 6, 1),
            layout: <IdAa64isar1El1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: &[],
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
                rules: RULES,
            },
            alternatives: &[],
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64isar2El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64ISAR2_EL1",
            index: 3,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 6, 2),
            layout: <IdAa64isar2El1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: &[],
        };
    }
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
                rules: RULES,
            },
            alternatives: &[],
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64pfr1El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64PFR1_EL1",
            index: 4,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 4, 1),
            layout: <IdAa64pfr1El1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: &[],
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
                        3,
                    ),
                ],
                text: "FA64",
                rules: RULES,
            },
            alternatives: &[],
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64smfr0El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64SMFR0_EL1",
            index: 5,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 4, 5),
            layout: <IdAa64smfr0El1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: &[],
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
                        4,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [15, 22, 31],
                        24,
                        4,
                        ::idreg_runtime::description::FieldKind::SignedEnum,
                        4,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [31, 38, 38],
                        20,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        5,
                    ),
                ],
                text: "TGRAN4IMP NI=15TGRAN64IMP NI=15TGRAN16",
                rules: RULES,
            },
            alternatives: &[],
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64mmfr0El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64MMFR0_EL1",
            index: 6,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 7, 0),
            layout: <IdAa64mmfr0El1 as ::idreg_runtime::register::Layout>::LAYOUT,
            alternatives: &[],
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
        <names::IdAa64pfr1El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::IdAa64smfr0El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::IdAa64mmfr0El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
    ];
    static FACTS: ::idreg_runtime::description::FactTable = ::idreg_runtime::description::FactTable {
        registers: REGISTERS,
        names: "FEAT_AdvSIMDFEAT_EPACFEAT_FPFEAT_FP16FEAT_FPACFEAT_FPACCOMBINEFEAT_LPA2FEAT_PACIMPFEAT_PACQARMA3FEAT_PACQARMA5FEAT_PAuthFEAT_PAuth2FEAT_PAuth_LRFEAT_SMEFEAT_SME_FA64FEAT_TGran16KFEAT_TGran4KFEAT_TGran64K",
        features: &[
            [0, 0],
            [12, 8],
            [21, 28],
            [28, 36],
            [37, 48],
            [46, 68],
            [62, 88],
            [71, 120],
            [82, 128],
            [96, 136],
            [110, 144],
            [120, 164],
            [131, 184],
            [144, 204],
            [152, 212],
            [165, 221],
            [178, 229],
            [190, 237],
        ],
        code: b"\x06\x04\0\0\0\x0F\0\0\x12\x04\x02\x01\x02\x02\0\x04\x02\0\x02\x02\0\x04\x03\0\x02\x02\0\0\x06\x04\0\x01\0\x0F\0\0\n\x08\0\x01\x01\x0F\0\0\x01\x0F\0\0\x12\x04\x02\x01\x04\x0F\0\x04\x02\0\x04\x0F\0\x04\x03\0\x04\x0F\0\0\x12\x04\x02\x01\x05\x0F\0\x04\x02\0\x05\x0F\0\x04\x03\0\x05\x0F\0\0\x1E\x08\x06\0\x01\x07\x06\x02\x02\x0F\0\x04\x06\0\x01\x07\x04\x0C\x02\0\0\x04\x06\x02\x02\x0F\x04\x0C\0\x0F\x0F\0\x06\x04\x02\0\x01\x0F\0\0\x06\x04\x03\0\x01\x0F\0\0\x06\x04\x02\x01\x01\x0F\0\0\x12\x04\x02\x01\x01\x0F\0\x04\x02\0\x01\x0F\0\x04\x03\0\x01\x0F\0\0\x12\x04\x02\x01\x03\x0F\0\x04\x02\0\x03\x0F\0\x04\x03\0\x03\x0F\0\0\x12\x04\x02\x01\x06\x0F\0\x04\x02\0\x06\x0F\0\x04\x03\0\x06\x0F\0\0\x06\x04\x04\0\x01\x0F\0\0\x07\x04\x05\0\x01\x01\x01\x1B\0\x06\x04\x06\x02\x01\x0F\0\0\x06\x04\x06\0\0\x07\0\0\x06\x04\x06\x01\0\x07\0\0",
    };
    ::idreg_runtime::description::Description {
        registers: REGISTERS,
        features: ::idreg_runtime::description::feature::Features::of(&FACTS),
        consistency: ::idreg_runtime::description::PackedList::of(
            &FACTS,
            b"\x01\0\x01\0\0\0\x05\x05\x01\r\0\x1B\x07\x02\x06\x02\x01\x02\0\x03\0\x03\x03!\x1F#\x04\x01\0\x01\x01",
        ),
        properties: &[
            4294967295, 4294967295, 4294967295, 192, 256, 4294967295, 4294967295,
            4294967295, 4294967295, 4294967295, 385, 1, 320, 384, 4294967295, 0, 386,
            4294967295, 4294967295, 65, 128, 129, 4294967295, 4294967295, 64,
        ],
    }
};
