//! JSON without duplicate keys in objects, which serde_json alone does not check.

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;
use std::fmt;

/// JSON value whose objects have no duplicate keys.
#[derive(Debug)]
pub(super) struct Unique(pub(super) Value);

/// JSON object without duplicate keys, whose values are deserialised as `T`.
#[derive(Debug)]
pub(super) struct UniqueMap<T>(pub(super) BTreeMap<String, T>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for UniqueMap<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueMapVisitor(BTreeMap::new()))
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Unique, E> {
        Ok(Unique(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Unique, E> {
        let number = Number::from_f64(value);
        Ok(Unique(number.map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Unique, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Unique(Value::Array(values)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Unique, A::Error> {
        let UniqueMap(members) = UniqueMapVisitor(BTreeMap::new()).visit_map(map)?;
        let members = members.into_iter();
        let members: Map<String, Value> =
            members.map(|(name, Unique(value))| (name, value)).collect();
        Ok(Unique(Value::Object(members)))
    }
}

struct UniqueMapVisitor<T>(BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for UniqueMapVisitor<T> {
    type Value = UniqueMap<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<UniqueMap<T>, A::Error> {
        while let Some((name, value)) = map.next_entry()? {
            if self.0.insert(name, value).is_some() {
                return Err(de::Error::custom("duplicate key"));
            }
        }
        Ok(UniqueMap(self.0))
    }
}
