//! Requests and replies (QEMU 11.1, `docs/interop/qmp-spec.rst`).

use super::json::frame::Tokens;
use super::json::{parser, writer};
use serde::Serialize;
use serde_json::{Map, Value};
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

/// A client's ID of a request.
pub(super) type Id = Option<Value>;

/// Well-formed request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) execute: String,
    pub(super) arguments: Map<String, Value>,
}

/// Parses a text into its `id`, if it has one, and the request or an error.
pub(super) fn request(tokens: &Tokens) -> (Id, Result<Request, QmpError>) {
    match parser::parse(tokens) {
        Ok(Value::Object(mut members)) => (members.remove("id"), Request::of(members)),
        Ok(_) => {
            let error = QmpError::generic("QMP input must be a JSON object");
            (None, Err(error))
        }
        Err(error) => (None, Err(QmpError::generic(error))),
    }
}

impl Request {
    fn of(members: Map<String, Value>) -> Result<Self, QmpError> {
        let (mut execute, mut arguments) = (None, Map::new());
        for (name, value) in members {
            match (name.as_str(), value) {
                ("execute", Value::String(command)) => execute = Some(command),
                ("execute", _) => return Err(input_member(&name, "must be a string")),
                ("arguments", Value::Object(members)) => arguments = members,
                ("arguments", _) => return Err(input_member(&name, "must be an object")),
                // `exec-oob` too: this server executes no command out of band.
                _ => return Err(input_member(&name, "is unexpected")),
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

/// A command's result as JSON.
#[derive(Debug)]
pub(super) struct ReturnValue(Vec<u8>);

impl ReturnValue {
    pub(super) fn new(value: &impl Serialize) -> Self {
        Self(writer::text(value))
    }

    /// The result of a command that returns nothing.
    pub(super) fn empty() -> Self {
        Self(b"{}".to_vec())
    }
}

/// The result of a command, or its error.
pub(super) type CommandResult = Result<ReturnValue, QmpError>;

/// Formats a reply as one line; the order of the members is QEMU's.
pub(super) fn reply(id: &Id, result: CommandResult) -> Vec<u8> {
    let id = id.as_ref().map(writer::text);
    let (before, after) = match (&id, &result) {
        (None, _) => (Vec::new(), Vec::new()),
        (Some(id), Ok(_)) => (Vec::new(), [b", \"id\": ", &id[..]].concat()),
        (Some(id), Err(_)) => ([b"\"id\": ", &id[..], b", "].concat(), Vec::new()),
    };
    let (name, result) = match result {
        Ok(ReturnValue(value)) => ("return", value),
        Err(error) => ("error", writer::text(&error)),
    };
    let name = format!("\"{name}\": ");
    [
        b"{",
        &before[..],
        name.as_bytes(),
        &result,
        &after,
        b"}\r\n",
    ]
    .concat()
}
