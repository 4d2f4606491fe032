//! Requests and replies (QEMU 11.1, `docs/interop/qmp-spec.rst`).

use super::json::{Unique, UniqueMap};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// Class of an error; most clients distinguish only `CommandNotFound` from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum ErrorClass {
    GenericError,
    CommandNotFound,
    DeviceNotFound,
    #[serde(rename = "KVMMissingCap")]
    KvmMissingCap,
}

/// Error in a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct QmpError {
    pub(super) class: ErrorClass,
    pub(super) desc: String,
}

impl QmpError {
    pub(super) fn new(class: ErrorClass, desc: impl fmt::Display) -> Self {
        let desc = desc.to_string();
        Self { class, desc }
    }

    pub(super) fn generic(desc: impl fmt::Display) -> Self {
        Self::new(ErrorClass::GenericError, desc)
    }
}

/// A client's ID of a request, in the client's own spelling.
pub(super) type Id = Option<Box<RawValue>>;

/// Well-formed request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) execute: String,
    pub(super) arguments: Map<String, Value>,
}

/// Parses a text into its `id`, if it has one, and the request or an error.
pub(super) fn request(text: &[u8]) -> (Id, Result<Request, QmpError>) {
    if text.first() != Some(&b'{') {
        let error = match parse::<IgnoredAny>(text) {
            Ok(_) => QmpError::generic("QMP input must be a JSON object"),
            Err(error) => error,
        };
        return (None, Err(error));
    }
    match parse::<UniqueMap<Box<RawValue>>>(text) {
        Ok(UniqueMap(mut members)) => (members.remove("id"), Request::of(&members)),
        Err(error) => (None, Err(error)),
    }
}

impl Request {
    fn of(members: &BTreeMap<String, Box<RawValue>>) -> Result<Self, QmpError> {
        let (mut execute, mut arguments) = (None, Map::new());
        for (name, value) in members {
            let value = match name.as_str() {
                "execute" | "arguments" => parse(value.get().as_bytes())?,
                // `exec-oob` too: this server executes no command out of band.
                name => return Err(input_member(name, "is unexpected")),
            };
            match (name.as_str(), value) {
                ("execute", Unique(Value::String(command))) => execute = Some(command),
                ("execute", _) => return Err(input_member(name, "must be a string")),
                (_, Unique(Value::Object(members))) => arguments = members,
                (name, _) => return Err(input_member(name, "must be an object")),
            }
        }
        match execute {
            Some(execute) => Ok(Self { execute, arguments }),
            None => Err(QmpError::generic("QMP input lacks member 'execute'")),
        }
    }
}

fn input_member(name: &str, what: &str) -> QmpError {
    QmpError::generic(format!("QMP input member '{name}' {what}"))
}

fn parse<'t, T: Deserialize<'t>>(text: &'t [u8]) -> Result<T, QmpError> {
    let parsed = serde_json::from_slice(text);
    parsed.map_err(|error| QmpError::generic(format!("JSON parse error, {error}")))
}

/// Reply to a request.
#[derive(Serialize)]
#[serde(untagged)]
enum Reply<'r> {
    Return {
        r#return: Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'r RawValue>,
    },
    Error {
        error: QmpError,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'r RawValue>,
    },
}

/// Formats a reply as one line.
pub(super) fn reply(id: &Id, result: Result<Value, QmpError>) -> Vec<u8> {
    let id = id.as_deref();
    line(&match result {
        Ok(r#return) => Reply::Return { r#return, id },
        Err(error) => Reply::Error { error, id },
    })
}

/// Formats a message as one line.
pub(super) fn line(message: &impl Serialize) -> Vec<u8> {
    // Cannot fail: all keys are strings, and a write to memory has no error.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}
