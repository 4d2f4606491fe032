//! Strict reading of files: errors name the member, and lists have a maximum length.

use crate::number;
use crate::text::Printable;
use core::fmt;
use core::marker::PhantomData;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_path_to_error::Segment;
use std::borrow::Cow;

/// Reads an object. An array is an error, and an error names the member that it is about.
pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let read = serde_path_to_error::deserialize::<D, Object<T>>(deserializer);
    match read {
        Ok(Object(value)) => Ok(value),
        Err(error) => {
            let path = error.path().to_string();
            // An error of syntax has no member.
            let is_named = |segment: &Segment| !matches!(segment, Segment::Unknown);
            let is_whole = !error.path().iter().any(is_named);
            let error = error.into_inner();
            if is_whole {
                Err(error)
            } else {
                Err(D::Error::custom(format_args!(
                    "`{}`: {error}",
                    Printable(&path)
                )))
            }
        }
    }
}

/// Reads a struct from an object only, without the member in an error.
pub(crate) fn struct_only<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// Reads a list of at most `MOST` structs, each from an object only.
pub(crate) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>, const MOST: usize>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let list = Bounded::<Object<T>, MOST>::deserialize(deserializer)?;
    Ok(list.0.into_iter().map(|Object(value)| value).collect())
}

/// An object in a file. Serde itself also reads a struct from an array of its members.
#[derive(Debug, Default)]
pub(crate) struct Object<T>(pub(crate) T);

/// A list in a file, of at most `MOST` items.
#[derive(Debug)]
pub(crate) struct Bounded<T, const MOST: usize>(pub(crate) Vec<T>);

/// The members of an object by name, in the file's order, at most `MOST`.
#[derive(Debug)]
pub(crate) struct Entries<T, const MOST: usize>(pub(crate) Vec<(String, T)>);

impl<T, const MOST: usize> Default for Bounded<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MOST: usize> Default for Entries<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A text in a file, without a copy where it has no escapes.
#[derive(Debug)]
pub(crate) struct Text<'f>(pub(crate) Cow<'f, str>);

/// Checks the schema of a file, `NAME/NUMBER`; `kind` names such a file in a message.
pub(crate) fn check_schema(schema: &str, expected: &str, kind: &str) -> Result<(), String> {
    if schema == expected {
        return Ok(());
    }
    let parts = |text: &str| {
        let (name, number) = text.rsplit_once('/')?;
        let is_decimal = number.bytes().all(|digit| digit.is_ascii_digit());
        Some((
            name.to_owned(),
            number::parse(number).ok().filter(|_| is_decimal)?,
        ))
    };
    let shown = Printable(schema);
    if let (Some((name, number)), Some((known, newest))) = (parts(schema), parts(expected))
        && name == known
        && number > newest
    {
        return Err(format!(
            "schema `{shown}` is newer than `{expected}`, the newest that this version reads"
        ));
    }
    Err(format!(
        "schema `{shown}` is not `{expected}`: not a {kind}"
    ))
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Bounded<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(BoundedVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Entries<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

struct BoundedVisitor<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for BoundedVisitor<T, MOST> {
    type Value = Bounded<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of at most {MOST} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            if items.len() == MOST {
                return Err(A::Error::invalid_length(MOST + 1, &self));
            }
            items.push(item);
        }
        Ok(Bounded(items))
    }
}

struct EntriesVisitor<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for EntriesVisitor<T, MOST> {
    type Value = Entries<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of at most {MOST} members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            if entries.len() == MOST {
                return Err(A::Error::invalid_length(MOST + 1, &self));
            }
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
