//! The registers of a host file, by name.

use crate::number::{self, InvalidNumber};
use crate::reading::Text;
use core::fmt;
use core::marker::PhantomData;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

/// The registers by name, in the file's order.
pub(super) struct ParsedRegisters<'f>(pub(super) Vec<(Cow<'f, str>, ParsedRegister)>);

/// A register's value and writable bits, if they are there. Only a register that is known has to
/// have them.
pub(super) struct ParsedRegister(Option<[Result<u64, InvalidNumber>; 2]>);

impl ParsedRegister {
    /// The value and the writable bits.
    pub(super) fn numbers(self) -> Result<(u64, u64), String> {
        let Some([value, writable]) = self.0 else {
            return Err("expected `value` and `writable`, both as strings".to_owned());
        };
        let number = |number: Result<u64, InvalidNumber>| number.map_err(|error| error.to_string());
        Ok((number(value)?, number(writable)?))
    }
}

impl<'de: 'f, 'f> Deserialize<'de> for ParsedRegisters<'f> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RegistersVisitor)
    }
}

struct RegistersVisitor;

impl<'de> Visitor<'de> for RegistersVisitor {
    type Value = ParsedRegisters<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of register names to values and writable bits")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        // About as many as the kernel has.
        let mut registers = Vec::with_capacity(64);
        while let Some((Text(name), register)) = map.next_entry::<_, Tolerant<Numbers>>()? {
            registers.push((name, ParsedRegister(register.0.map(|numbers| numbers.0))));
        }
        Ok(ParsedRegisters(registers))
    }
}

/// A part of the file of any form, which counts if it has the expected one.
struct Tolerant<T>(Option<T>);

/// The forms of a part that count.
trait Part: Sized {
    fn of_text(_text: &str) -> Option<Self> {
        None
    }

    fn of_object<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_map(map).map(|_| None)
    }
}

/// The value and the writable bits of a register.
struct Numbers([Result<u64, InvalidNumber>; 2]);

struct Number(Result<u64, InvalidNumber>);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    Value,
    Writable,
    #[serde(other)]
    Other,
}

impl Part for Number {
    fn of_text(text: &str) -> Option<Self> {
        Some(Self(number::parse(text)))
    }
}

impl Part for Numbers {
    /// The members, if each is there once.
    fn of_object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let (mut value, mut writable) = (None, None);
        let mut is_usable = true;
        while let Some(member) = map.next_key()? {
            let slot = match member {
                Member::Value => &mut value,
                Member::Writable => &mut writable,
                Member::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let Tolerant(number) = map.next_value::<Tolerant<Number>>()?;
            is_usable &= slot.is_none() && number.is_some();
            *slot = number;
        }
        let both = value.zip(writable).filter(|_| is_usable);
        Ok(both.map(|(value, writable)| Self([value.0, writable.0])))
    }
}

impl<'de, T: Part> Deserialize<'de> for Tolerant<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let part = deserializer.deserialize_any(PartVisitor(PhantomData));
        part.map(Self)
    }
}

struct PartVisitor<T>(PhantomData<T>);

impl<'de, T: Part> Visitor<'de> for PartVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::of_text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::of_object(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_seq(list).map(|_| None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
