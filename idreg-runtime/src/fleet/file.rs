//! Fleet files: the hosts of a fleet by kind, in JSON.

use super::kinds::{Fleet, Kind};
use super::names::KEPT_NAMES;
use crate::host::Host;
use crate::reading::{Bounded, Object, Text, check_schema, object};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The schema of a fleet file: a name and a number, which increases if older readers would misread
/// the file.
///
/// Members: `schema`; `kinds`, in the order of their first names, each with the `count` of its
/// hosts, their `weight` if it is not the count, the `names` that are kept, and the `host`, a host
/// file's object with the first CPU of each implementation. Unknown members are ignored.
///
/// Fleets of the same hosts give the same bytes, in whichever order and grouping hosts were added
/// and fleets merged.
pub const SCHEMA: &str = "idreg-fleet/1";

#[derive(Serialize)]
struct FleetObject<'f> {
    schema: &'static str,
    kinds: Vec<KindObject<'f>>,
}

#[derive(Serialize)]
struct KindObject<'f> {
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<u64>,
    names: &'f [String],
    host: &'f Host,
}

#[derive(Deserialize)]
struct ParsedFleet {
    // First in the file, so that a newer file is rejected for its number and not for its content.
    #[serde(rename = "schema", deserialize_with = "schema")]
    _schema: (),
    kinds: Vec<Object<ParsedKind>>,
}

#[derive(Deserialize)]
#[serde(try_from = "KindMembers")]
struct ParsedKind(KindMembers);

#[derive(Deserialize)]
struct KindMembers {
    count: u64,
    weight: Option<u64>,
    names: Bounded<String, { KEPT_NAMES + 1 }>,
    host: Host,
}

/// Serialises to the schema [`SCHEMA`].
impl Serialize for Fleet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kinds = self.kinds_in_order_of_names().into_iter();
        let file = FleetObject {
            schema: SCHEMA,
            kinds: kinds.map(KindObject::of).collect(),
        };
        file.serialize(serializer)
    }
}

/// Reads a file with the registers of [`DESCRIPTION`](crate::regs::DESCRIPTION).
impl<'de> Deserialize<'de> for Fleet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parsed: ParsedFleet = object(deserializer)?;
        let mut fleet = Self::new();
        for Object(ParsedKind(kind)) in parsed.kinds {
            let weight = kind.weight.unwrap_or(kind.count);
            fleet
                .add_kind(&kind.host, kind.names.0, kind.count, weight)
                .map_err(D::Error::custom)?;
        }
        Ok(fleet)
    }
}

impl<'f> KindObject<'f> {
    fn of(kind: &'f Kind) -> Self {
        Self {
            count: kind.count(),
            weight: Some(kind.weight()).filter(|weight| *weight != kind.count()),
            names: kind.names(),
            host: kind.host(),
        }
    }
}

impl TryFrom<KindMembers> for ParsedKind {
    type Error = String;

    fn try_from(kind: KindMembers) -> Result<Self, String> {
        let (hosts, names) = (kind.count, kind.names.0.len());
        if names == 0 {
            return Err(
                "`names` is empty, expected at least the first name of the kind".to_owned(),
            );
        }
        if hosts < names as u64 {
            return Err(format!(
                "`count` is {hosts}, and there are {names} names; a host has one name"
            ));
        }
        Ok(Self(kind))
    }
}

fn schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let Text(schema) = Text::deserialize(deserializer)?;
    check_schema(&schema, SCHEMA, "fleet file").map_err(D::Error::custom)
}
