::idreg_runtime::__value_types! {}
/**`ID_AA64PFR0_EL1`, encoded as `S3_0_C0_C4_0`.

| bits | field |
|---|---|
| 35:32 | `SVE` |*/
#[doc(alias = "ID_AA64PFR0_EL1")]
pub type IdAa64pfr0El1 = values::Register<names::IdAa64pfr0El1>;
impl<R> values::Register<names::IdAa64pfr0El1, R> {
    ///Returns `SVE`, bits 35:32.
    pub const fn sve(self) -> id_aa64pfr0_el1::Sve {
        values::Field::get(self)
    }
    ///Returns the register with `SVE`, bits 35:32, replaced.
    pub const fn with_sve(self, value: id_aa64pfr0_el1::Sve) -> Self {
        value.set(self)
    }
}
///Field types of `ID_AA64PFR0_EL1`.
pub mod id_aa64pfr0_el1 {
    /**`ID_AA64PFR0_EL1.SVE`, bits 35:32: a number.

Features: `FEAT_SVE`.*/
    #[doc(alias = "SYSREG_ID_AA64PFR0_EL1_SVE")]
    #[doc(alias = "FEAT_SVE")]
    pub type Sve = super::values::Field<super::names::IdAa64pfr0El1, 35, 32>;
}
/**`ID_AA64ZFR0_EL1`, encoded as `S3_0_C0_C4_4`.

| bits | field |
|---|---|
| 23:20 | `BF16` |
| 3:0 | `SVEver` |*/
#[doc(alias = "ID_AA64ZFR0_EL1")]
pub type IdAa64zfr0El1 = values::Register<names::IdAa64zfr0El1>;
impl<R> values::Register<names::IdAa64zfr0El1, R> {
    ///Returns `BF16`, bits 23:20.
    pub const fn bf16(self) -> id_aa64zfr0_el1::Bf16 {
        values::Field::get(self)
    }
    ///Returns the register with `BF16`, bits 23:20, replaced.
    pub const fn with_bf16(self, value: id_aa64zfr0_el1::Bf16) -> Self {
        value.set(self)
    }
    ///Returns `SVEver`, bits 3:0.
    pub const fn svever(self) -> id_aa64zfr0_el1::SVEver {
        values::Field::get(self)
    }
    ///Returns the register with `SVEver`, bits 3:0, replaced.
    pub const fn with_svever(self, value: id_aa64zfr0_el1::SVEver) -> Self {
        value.set(self)
    }
}
///Field types of `ID_AA64ZFR0_EL1`.
pub mod id_aa64zfr0_el1 {
    ///`ID_AA64ZFR0_EL1.BF16`, bits 23:20: a number.
    #[doc(alias = "SYSREG_ID_AA64ZFR0_EL1_BF16")]
    pub type Bf16 = super::values::Field<super::names::IdAa64zfr0El1, 23, 20>;
    /**`ID_AA64ZFR0_EL1.SVEver`, bits 3:0: a number.

Features: `FEAT_SVE2`, `FEAT_SVE2p1`, `FEAT_SVE2p2`, `FEAT_SVE2p3`.*/
    #[doc(alias = "SYSREG_ID_AA64ZFR0_EL1_SVEver")]
    #[doc(alias = "FEAT_SVE2")]
    #[doc(alias = "FEAT_SVE2p1")]
    #[doc(alias = "FEAT_SVE2p2")]
    #[doc(alias = "FEAT_SVE2p3")]
    pub type SVEver = super::values::Field<super::names::IdAa64zfr0El1, 3, 0>;
}
/**`ID_AA64ISAR1_EL1`, encoded as `S3_0_C0_C6_1`.

| bits | field |
|---|---|
| 47:44 | `BF16` |*/
#[doc(alias = "ID_AA64ISAR1_EL1")]
pub type IdAa64isar1El1 = values::Register<names::IdAa64isar1El1>;
impl<R> values::Register<names::IdAa64isar1El1, R> {
    ///Returns `BF16`, bits 47:44.
    pub const fn bf16(self) -> id_aa64isar1_el1::Bf16 {
        values::Field::get(self)
    }
    ///Returns the register with `BF16`, bits 47:44, replaced.
    pub const fn with_bf16(self, value: id_aa64isar1_el1::Bf16) -> Self {
        value.set(self)
    }
}
///Field types of `ID_AA64ISAR1_EL1`.
pub mod id_aa64isar1_el1 {
    /**`ID_AA64ISAR1_EL1.BF16`, bits 47:44: a number.

Features: `FEAT_BF16`, `FEAT_EBF16`.*/
    #[doc(alias = "SYSREG_ID_AA64ISAR1_EL1_BF16")]
    #[doc(alias = "FEAT_BF16")]
    #[doc(alias = "FEAT_EBF16")]
    pub type Bf16 = super::values::Field<super::names::IdAa64isar1El1, 47, 44>;
}
/// Marker types of registers and layouts.
#[doc(hidden)]
pub mod names {
    static RULES: &[::idreg_runtime::description::rule::FieldRule] = &[
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
        ::idreg_runtime::description::rule::FieldRule {
            safety: ::idreg_runtime::description::rule::Safety::Lower,
            refused: &[],
            owner: ::core::option::Option::None,
            needs: ::core::option::Option::Some(
                ::idreg_runtime::description::rule::Owner::Sve,
            ),
            mitigation: false,
            audience: ::core::option::Option::Some(
                ::idreg_runtime::description::rule::Audience::El0,
            ),
        },
        ::idreg_runtime::description::rule::FieldRule::LOWER
            .for_audience(::idreg_runtime::description::rule::Audience::El0),
    ];
    ///`ID_AA64PFR0_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum IdAa64pfr0El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64pfr0El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64PFR0_EL1",
            res0: 0xfffffff0ffffffff,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 3, 3],
                        32,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        0,
                    ),
                ],
                text: "SVE",
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
    ///`ID_AA64ZFR0_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq)]
    pub enum IdAa64zfr0El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64zfr0El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64ZFR0_EL1",
            res0: 0xffffffffff0ffff0,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 4, 4],
                        20,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        1,
                    ),
                    ::idreg_runtime::description::FieldRow::of(
                        [4, 10, 10],
                        0,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        1,
                    ),
                ],
                text: "BF16SVEver",
                rules: &RULES,
            },
            alternatives: {
                const LAYOUTS: ::idreg_runtime::description::LayoutList = &[];
                &LAYOUTS
            },
        };
    }
    impl ::idreg_runtime::register::SystemRegister for IdAa64zfr0El1 {
        const REGISTER: &'static ::idreg_runtime::description::RegisterDescription = &::idreg_runtime::description::RegisterDescription {
            name: "ID_AA64ZFR0_EL1",
            index: 1,
            encoding: ::idreg_runtime::encoding::Encoding::new(3, 0, 0, 4, 4),
            layout: <IdAa64zfr0El1 as ::idreg_runtime::register::Layout>::LAYOUT,
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
            res0: 0xffff0fffffffffff,
            res1: 0x0,
            unkn: 0x0,
            fields: ::idreg_runtime::description::FieldTable {
                rows: &[
                    ::idreg_runtime::description::FieldRow::of(
                        [0, 4, 4],
                        44,
                        4,
                        ::idreg_runtime::description::FieldKind::Plain,
                        2,
                    ),
                ],
                text: "BF16",
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
}
/// Every register of the description, in file order.
pub static DESCRIPTION: ::idreg_runtime::description::Description = {
    const REGISTERS: &[&::idreg_runtime::description::RegisterDescription] = &[
        <names::IdAa64pfr0El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::IdAa64zfr0El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::IdAa64isar1El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
    ];
    static FACTS: ::idreg_runtime::description::FactTable = ::idreg_runtime::description::FactTable {
        registers: REGISTERS,
        names: "FEAT_BF16FEAT_EBF16FEAT_SVEFEAT_SVE2FEAT_SVE2p1FEAT_SVE2p2FEAT_SVE2p3",
        features: &[[0, 0], [9, 12], [19, 24], [27, 32], [36, 41], [47, 50], [58, 59]],
        code: b"\x06\x04\x02\0\x01\x0F\0\x04\x01\0\x01\x0F\x06\x04\x02\0\x02\x0F\0\x04\x01\0\x02\x0F\x06\x04\0\0\x01\x0F\0\0\x07\x04\x01\x01\x01\x0F\x01\x05\0\x07\x04\x01\x01\x02\x0F\x01\x05\0\x07\x04\x01\x01\x03\x0F\x01\x05\0\x07\x04\x01\x01\x04\x0F\x01\x05\0",
    };
    ::idreg_runtime::description::Description {
        registers: REGISTERS,
        features: ::idreg_runtime::description::feature::Features::of(&FACTS),
        consistency: ::idreg_runtime::description::PackedList::of(
            &FACTS,
            b"\x01\x02\0\x01\0\x01\x05",
        ),
        properties: ::idreg_runtime::description::PropertyIndex::Narrow(
            &[65535, 65535, 64, 0, 65535, 65535, 128, 65535, 65],
        ),
    }
};
