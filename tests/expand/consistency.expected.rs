::idreg_runtime::__value_types! {}
/**`ID_AA64PFR0_EL1`, encoded as `S3_0_C0_C4_0`.

| bits | field |
|---|---|
| 23:20 | `AdvSIMD` |
| 19:16 | `FP` |*/
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
    ///`ID_AA64PFR0_EL1.AdvSIMD`, bits 23:20: a number.
    pub type AdvSIMD = super::values::Field<super::names::IdAa64pfr0El1, 23, 20>;
    ///`ID_AA64PFR0_EL1.FP`, bits 19:16: a number.
    pub type Fp = super::values::Field<super::names::IdAa64pfr0El1, 19, 16>;
}
/**`ID_AA64DFR0_EL1`, encoded as `S3_0_C0_C5_0`.

| bits | field |
|---|---|
| 31:28 | `CTX_CMPs` |
| 15:12 | `BRPs` |*/
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
    pub type CtxCMPs = super::values::Field<super::names::IdAa64dfr0El1, 31, 28>;
    ///`ID_AA64DFR0_EL1.BRPs`, bits 15:12: a number.
    pub type BRPs = super::values::Field<super::names::IdAa64dfr0El1, 15, 12>;
}
/**`ID_AA64ISAR1_EL1`, encoded as `S3_0_C0_C6_1`.

| bits | field |
|---|---|
| 11:8 | `API` |
| 7:4 | `APA` |*/
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
    ///`ID_AA64ISAR1_EL1.API`, bits 11:8: a number.
    pub type Api = super::values::Field<super::names::IdAa64isar1El1, 11, 8>;
    ///`ID_AA64ISAR1_EL1.APA`, bits 7:4: a number.
    pub type Apa = super::values::Field<super::names::IdAa64isar1El1, 7, 4>;
}
/**`ID_AA64ISAR2_EL1`, encoded as `S3_0_C0_C6_2`.

| bits | field |
|---|---|
| 15:12 | `APA3` |*/
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
    ///`ID_AA64ISAR2_EL1.APA3`, bits 15:12: a number.
    pub type Apa3 = super::values::Field<super::names::IdAa64isar2El1, 15, 12>;
}
/// Marker types of registers and layouts.
pub mod names {
    ///`ID_AA64PFR0_EL1`.
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq)]
    pub enum IdAa64pfr0El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64pfr0El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64PFR0_EL1",
            res0: 0xffffffffff00ffff,
            res1: 0x0,
            unkn: 0x0,
            fields: &[
                ::idreg_runtime::description::FieldDescription {
                    name: "AdvSIMD",
                    shift: 20,
                    width: 4,
                    kind: ::idreg_runtime::description::FieldKind::Plain,
                    values: ::idreg_runtime::description::NamedValues::NONE,
                    rule: &::idreg_runtime::description::rule::FieldRule::LOWER,
                },
                ::idreg_runtime::description::FieldDescription {
                    name: "FP",
                    shift: 16,
                    width: 4,
                    kind: ::idreg_runtime::description::FieldKind::Plain,
                    values: ::idreg_runtime::description::NamedValues::NONE,
                    rule: &::idreg_runtime::description::rule::FieldRule::LOWER,
                },
            ],
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
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq)]
    pub enum IdAa64dfr0El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64dfr0El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64DFR0_EL1",
            res0: 0xffffffff0fff0fff,
            res1: 0x0,
            unkn: 0x0,
            fields: &[
                ::idreg_runtime::description::FieldDescription {
                    name: "CTX_CMPs",
                    shift: 28,
                    width: 4,
                    kind: ::idreg_runtime::description::FieldKind::Plain,
                    values: ::idreg_runtime::description::NamedValues::NONE,
                    rule: &::idreg_runtime::description::rule::FieldRule::LOWER,
                },
                ::idreg_runtime::description::FieldDescription {
                    name: "BRPs",
                    shift: 12,
                    width: 4,
                    kind: ::idreg_runtime::description::FieldKind::Plain,
                    values: ::idreg_runtime::description::NamedValues::NONE,
                    rule: &::idreg_runtime::description::rule::FieldRule::LOWER,
                },
            ],
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
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq)]
    pub enum IdAa64isar1El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64isar1El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64ISAR1_EL1",
            res0: 0xfffffffffffff00f,
            res1: 0x0,
            unkn: 0x0,
            fields: &[
                ::idreg_runtime::description::FieldDescription {
                    name: "API",
                    shift: 8,
                    width: 4,
                    kind: ::idreg_runtime::description::FieldKind::Plain,
                    values: ::idreg_runtime::description::NamedValues::NONE,
                    rule: &::idreg_runtime::description::rule::FieldRule {
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
                    },
                },
                ::idreg_runtime::description::FieldDescription {
                    name: "APA",
                    shift: 4,
                    width: 4,
                    kind: ::idreg_runtime::description::FieldKind::Plain,
                    values: ::idreg_runtime::description::NamedValues::NONE,
                    rule: &::idreg_runtime::description::rule::FieldRule {
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
                    },
                },
            ],
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
    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq)]
    pub enum IdAa64isar2El1 {}
    impl ::idreg_runtime::register::Layout for IdAa64isar2El1 {
        const LAYOUT: &'static ::idreg_runtime::description::LayoutDescription = &::idreg_runtime::description::LayoutDescription {
            name: "ID_AA64ISAR2_EL1",
            res0: 0xffffffffffff0fff,
            res1: 0x0,
            unkn: 0x0,
            fields: &[
                ::idreg_runtime::description::FieldDescription {
                    name: "APA3",
                    shift: 12,
                    width: 4,
                    kind: ::idreg_runtime::description::FieldKind::Plain,
                    values: ::idreg_runtime::description::NamedValues::NONE,
                    rule: &::idreg_runtime::description::rule::FieldRule {
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
                    },
                },
            ],
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
}
/// Every register of the description, in file order.
pub static DESCRIPTION: ::idreg_runtime::description::Description = {
    const REGISTERS: &[&::idreg_runtime::description::RegisterDescription] = &[
        <names::IdAa64pfr0El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::IdAa64dfr0El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::IdAa64isar1El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
        <names::IdAa64isar2El1 as ::idreg_runtime::register::SystemRegister>::REGISTER,
    ];
    const fn field(
        register: ::core::primitive::usize,
        msb: ::core::primitive::u32,
        lsb: ::core::primitive::u32,
    ) -> ::idreg_runtime::description::RegisterField {
        let register = REGISTERS[register];
        ::idreg_runtime::description::RegisterField {
            register,
            field: register.layout.field_at(msb, lsb),
        }
    }
    const fn at(
        register: ::core::primitive::usize,
        msb: ::core::primitive::u32,
        lsb: ::core::primitive::u32,
        value: ::core::primitive::u64,
    ) -> ::idreg_runtime::description::feature::FieldAtLeast {
        ::idreg_runtime::description::feature::FieldAtLeast {
            field: field(register, msb, lsb),
            value,
        }
    }
    const fn feature(
        name: &'static ::core::primitive::str,
        values: &'static [::idreg_runtime::description::feature::FieldAtLeast],
    ) -> ::idreg_runtime::description::feature::FeatureDescription {
        ::idreg_runtime::description::feature::FeatureDescription {
            name,
            values,
        }
    }
    const fn has(
        feature: ::core::primitive::usize,
    ) -> ::idreg_runtime::description::feature::Condition {
        ::idreg_runtime::description::feature::Condition::Feature(&FEATURES[feature])
    }
    const fn requires(
        subject: ::idreg_runtime::description::feature::Condition,
        needs: ::idreg_runtime::description::feature::Condition,
    ) -> ::idreg_runtime::description::feature::Consistency {
        ::idreg_runtime::description::feature::Consistency::Requires {
            subject,
            needs,
        }
    }
    static FEATURES: [::idreg_runtime::description::feature::FeatureDescription; 3] = [
        feature("FEAT_AdvSIMD", &[at(0, 23, 20, 0)]),
        feature("FEAT_FP", &[at(0, 19, 16, 0)]),
        feature("FEAT_FP16", &[at(0, 19, 16, 1), at(0, 23, 20, 1)]),
    ];
    ::idreg_runtime::description::Description {
        registers: REGISTERS,
        features: &FEATURES,
        consistency: &[
            ::idreg_runtime::description::feature::Consistency::Equal {
                left: field(0, 19, 16),
                right: field(0, 23, 20),
                with: ::core::option::Option::None,
            },
            ::idreg_runtime::description::feature::Consistency::AtMostOne(
                &[field(2, 7, 4), field(2, 11, 8), field(3, 15, 12)],
            ),
            ::idreg_runtime::description::feature::Consistency::NotAbove {
                field: field(1, 31, 28),
                most: field(1, 15, 12),
            },
        ],
        properties: &[
            4294967295, 192, 4294967295, 4294967295, 4294967295, 4294967295, 1,
            4294967295, 4294967295, 0, 4294967295, 65, 128, 129, 64,
        ],
    }
};
