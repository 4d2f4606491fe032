//! The two types of values, `Register` and `Field`, which every call of `include_sysreg!` declares
//! for itself: only a type of the caller's own crate can have inherent methods and constants there.
//!
//! No field or value can have the name of an inherent constant or method here. The list of these
//! names is in `expand/symbols.rs` of the macro's crate.

/// Declares `Register` and `Field`; `include_sysreg!` emits a call of this macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __value_types {
    () => {
        /// The types of values: registers and fields.
        pub mod values {
            /// The value of a system register: 64 bits of the register `R` in the layout `L`.
            ///
            /// A register that defines its own fields is its own layout. A register whose fields
            /// are defined elsewhere, in a shared layout or in the register that it is an alias of,
            /// has the methods of that layout, and its own name and encoding.
            #[must_use = "a value of a register has no effect by itself"]
            #[repr(transparent)]
            pub struct Register<L, R = L> {
                bits: ::core::primitive::u64,
                names: ::core::marker::PhantomData<(L, R)>,
            }

            impl<L, R> Register<L, R> {
                /// Makes a value from the register's bits; all bits are possible.
                pub const fn from_bits(bits: ::core::primitive::u64) -> Self {
                    Self {
                        bits,
                        names: ::core::marker::PhantomData,
                    }
                }

                /// The register's bits.
                #[must_use]
                pub const fn bits(self) -> ::core::primitive::u64 {
                    self.bits
                }
            }

            impl<L, R: $crate::register::SystemRegister> Register<L, R> {
                /// The register's name in the kernel.
                pub const NAME: &'static ::core::primitive::str = R::REGISTER.name;
                /// The register's encoding in the instruction space.
                pub const ENCODING: $crate::encoding::Encoding = R::REGISTER.encoding;
            }

            impl<L: $crate::register::Layout, R> Register<L, R> {
                /// Reserved bits that read as zero.
                pub const RES0: ::core::primitive::u64 = L::LAYOUT.res0;
                /// Reserved bits that read as one.
                pub const RES1: ::core::primitive::u64 = L::LAYOUT.res1;
                /// Reserved bits of unknown value.
                pub const UNKN: ::core::primitive::u64 = L::LAYOUT.unkn;
            }

            impl<L, R> ::core::clone::Clone for Register<L, R> {
                fn clone(&self) -> Self {
                    *self
                }
            }

            impl<L, R> ::core::marker::Copy for Register<L, R> {}

            impl<L, R> ::core::cmp::PartialEq for Register<L, R> {
                fn eq(&self, other: &Self) -> ::core::primitive::bool {
                    self.bits == other.bits
                }
            }

            impl<L, R> ::core::cmp::Eq for Register<L, R> {}

            impl<L, R> ::core::hash::Hash for Register<L, R> {
                fn hash<H: ::core::hash::Hasher>(&self, state: &mut H) {
                    ::core::hash::Hash::hash(&self.bits, state);
                }
            }

            impl<L: $crate::register::Layout, R: $crate::register::SystemRegister>
                ::core::fmt::Debug for Register<L, R>
            {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    $crate::register::fmt_register(R::REGISTER.name, L::LAYOUT, self.bits, f)
                }
            }

            impl<L: $crate::register::Layout, R: $crate::register::SystemRegister>
                $crate::register::RegisterValue for Register<L, R>
            {
                const DESCRIPTION: &'static $crate::description::RegisterDescription = R::REGISTER;

                fn from_bits(bits: ::core::primitive::u64) -> Self {
                    Self::from_bits(bits)
                }

                fn bits(self) -> ::core::primitive::u64 {
                    self.bits
                }
            }

            /// The value of a field: the bits `MSB` to `LSB` of the layout `L`.
            ///
            /// Named values are constants that work in patterns; other values are possible.
            #[derive(::core::cmp::PartialEq, ::core::cmp::Eq)]
            #[must_use = "a value of a field has no effect by itself"]
            #[repr(transparent)]
            pub struct Field<
                L,
                const MSB: ::core::primitive::u32,
                const LSB: ::core::primitive::u32,
            > {
                bits: ::core::primitive::u64,
                layout: ::core::marker::PhantomData<L>,
            }

            impl<L, const MSB: ::core::primitive::u32, const LSB: ::core::primitive::u32>
                Field<L, MSB, LSB>
            {
                /// The number of the field's lowest bit.
                pub const SHIFT: ::core::primitive::u32 = LSB;
                /// The number of the field's bits.
                pub const WIDTH: ::core::primitive::u32 = MSB - LSB + 1;
                /// The mask of the field's bits in the register.
                pub const MASK: ::core::primitive::u64 =
                    (::core::primitive::u64::MAX >> (64 - Self::WIDTH)) << LSB;

                /// Makes a value, or `None` if it does not fit the field.
                #[must_use]
                pub const fn new(bits: ::core::primitive::u64) -> ::core::option::Option<Self> {
                    if bits <= Self::MASK >> LSB {
                        ::core::option::Option::Some(Self::of(bits))
                    } else {
                        ::core::option::Option::None
                    }
                }

                /// The value, not shifted to the field's position.
                #[must_use]
                pub const fn bits(self) -> ::core::primitive::u64 {
                    self.bits
                }

                pub(super) const fn of(bits: ::core::primitive::u64) -> Self {
                    Self {
                        bits,
                        layout: ::core::marker::PhantomData,
                    }
                }

                pub(super) const fn get<R>(register: Register<L, R>) -> Self {
                    Self::of((register.bits & Self::MASK) >> LSB)
                }

                pub(super) const fn set<R>(self, register: Register<L, R>) -> Register<L, R> {
                    Register::from_bits(register.bits & !Self::MASK | self.bits << LSB)
                }
            }

            impl<
                L: $crate::register::Layout,
                const MSB: ::core::primitive::u32,
                const LSB: ::core::primitive::u32,
            > Field<L, MSB, LSB>
            {
                /// The kind of the field's values.
                pub const KIND: $crate::description::FieldKind =
                    L::LAYOUT.field_at(MSB, LSB).kind();

                /// The value's name in the kernel, or `None` if it has no name.
                #[must_use]
                pub const fn name(self) -> ::core::option::Option<&'static ::core::primitive::str> {
                    const { L::LAYOUT.field_at(MSB, LSB) }.value_name(self.bits)
                }
            }

            impl<
                L: $crate::register::Layout + $crate::register::SystemRegister,
                const MSB: ::core::primitive::u32,
                const LSB: ::core::primitive::u32,
            > Field<L, MSB, LSB>
            {
                /// The field's property, `SYSREG_<REGISTER>_<FIELD>`.
                pub const PROPERTY: &'static ::core::primitive::str =
                    $crate::register::PropertyName::of(
                        <Self as $crate::register::FieldValue>::FIELD,
                    )
                    .as_str();
            }

            impl<L, const MSB: ::core::primitive::u32, const LSB: ::core::primitive::u32>
                ::core::clone::Clone for Field<L, MSB, LSB>
            {
                fn clone(&self) -> Self {
                    *self
                }
            }

            impl<L, const MSB: ::core::primitive::u32, const LSB: ::core::primitive::u32>
                ::core::marker::Copy for Field<L, MSB, LSB>
            {
            }

            impl<L, const MSB: ::core::primitive::u32, const LSB: ::core::primitive::u32>
                ::core::hash::Hash for Field<L, MSB, LSB>
            {
                fn hash<H: ::core::hash::Hasher>(&self, state: &mut H) {
                    ::core::hash::Hash::hash(&self.bits, state);
                }
            }

            impl<
                L: $crate::register::Layout,
                const MSB: ::core::primitive::u32,
                const LSB: ::core::primitive::u32,
            > ::core::fmt::Debug for Field<L, MSB, LSB>
            {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    $crate::register::fmt_field(
                        const { L::LAYOUT.field_at(MSB, LSB) },
                        self.bits,
                        f,
                    )
                }
            }

            impl<
                L: $crate::register::Layout + $crate::register::SystemRegister,
                const MSB: ::core::primitive::u32,
                const LSB: ::core::primitive::u32,
            > $crate::register::FieldValue for Field<L, MSB, LSB>
            {
                const FIELD: $crate::description::RegisterField =
                    $crate::description::RegisterField {
                        register: L::REGISTER,
                        field: L::LAYOUT.field_at(MSB, LSB),
                    };

                fn bits(self) -> ::core::primitive::u64 {
                    self.bits
                }
            }
        }
    };
}
