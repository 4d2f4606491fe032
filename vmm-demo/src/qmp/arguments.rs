//! Arguments of a command, taken one by one, with QEMU's error texts
//! (QEMU 11.1, `qapi/qobject-input-visitor.c`).

use super::message::QmpError;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// Members of an object that are not taken yet.
#[derive(Debug)]
pub(super) struct Arguments {
    /// The object's name and a dot; empty for the arguments themselves.
    prefix: String,
    members: Map<String, Value>,
}

impl Arguments {
    pub(super) fn new(members: Map<String, Value>) -> Self {
        let prefix = String::new();
        Self { prefix, members }
    }

    /// Takes a required string.
    pub(super) fn string(&mut self, name: &str) -> Result<String, QmpError> {
        match self.required(name)? {
            Value::String(text) => Ok(text),
            _ => Err(self.wrong_type(name, "string")),
        }
    }

    /// Takes a required word, and returns its meaning in `words`.
    pub(super) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<T, QmpError> {
        let text = self.string(name)?;
        let found = words.iter().find(|(word, _)| *word == text);
        found
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| self.not_a_value(name, &text))
    }

    /// Takes an optional word, and returns its meaning in `words`.
    pub(super) fn optional_word<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, QmpError> {
        let is_given = self.has(name);
        is_given.then(|| self.word(name, words)).transpose()
    }

    /// Takes an optional string.
    pub(super) fn optional_string(&mut self, name: &str) -> Result<Option<String>, QmpError> {
        let is_given = self.has(name);
        is_given.then(|| self.string(name)).transpose()
    }

    /// Takes an optional truth value.
    pub(super) fn optional_bool(&mut self, name: &str) -> Result<Option<bool>, QmpError> {
        match self.members.remove(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(_) => Err(self.wrong_type(name, "boolean")),
        }
    }

    /// Takes an optional whole number, which must be in this range.
    pub(super) fn optional_number(
        &mut self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, QmpError> {
        let number = match self.members.remove(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number,
            Some(_) => return Err(self.wrong_type(name, "integer")),
        };
        match number.as_u64().filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(QmpError::generic(format!(
                "Parameter '{}{name}' expects a whole number from {} to {}",
                self.prefix,
                range.start(),
                range.end()
            ))),
        }
    }

    /// True if a member of this name is not taken yet.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Takes a required object.
    pub(super) fn object(&mut self, name: &str) -> Result<Self, QmpError> {
        let value = self.required(name)?;
        self.members_of(name, value)
    }

    /// Takes an optional object, empty by default.
    pub(super) fn optional_object(&mut self, name: &str) -> Result<Self, QmpError> {
        let value = self.members.remove(name);
        self.members_of(name, value.unwrap_or_else(|| Map::new().into()))
    }

    /// Takes an optional list of words, empty by default; each word must be in `known`.
    pub(super) fn optional_words(
        &mut self,
        name: &str,
        known: &[&str],
    ) -> Result<Vec<String>, QmpError> {
        let list = match self.members.remove(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.wrong_type(name, "array")),
        };
        let words = list.into_iter().enumerate().map(|(index, item)| {
            let name = format!("{name}[{index}]");
            match item {
                Value::String(word) if known.contains(&word.as_str()) => Ok(word),
                Value::String(word) => Err(self.not_a_value(&name, &word)),
                _ => Err(self.wrong_type(&name, "string")),
            }
        });
        words.collect()
    }

    /// Checks that no member is left.
    pub(super) fn finish(self) -> Result<(), QmpError> {
        match self.members.keys().next() {
            Some(name) => Err(self.unexpected(name)),
            None => Ok(()),
        }
    }

    /// Returns the prefix of the names, and all members.
    pub(super) fn into_members(self) -> (String, Map<String, Value>) {
        (self.prefix, self.members)
    }

    fn required(&mut self, name: &str) -> Result<Value, QmpError> {
        let value = self.members.remove(name);
        let prefix = &self.prefix;
        value.ok_or_else(|| QmpError::generic(format!("Parameter '{prefix}{name}' is missing")))
    }

    fn members_of(&self, name: &str, value: Value) -> Result<Self, QmpError> {
        match value {
            Value::Object(members) => Ok(Self {
                prefix: format!("{}{name}.", self.prefix),
                members,
            }),
            _ => Err(self.wrong_type(name, "object")),
        }
    }

    fn wrong_type(&self, name: &str, expected: &str) -> QmpError {
        QmpError::generic(wrong_type(&self.prefix, name, expected))
    }

    fn not_a_value(&self, name: &str, text: &str) -> QmpError {
        let prefix = &self.prefix;
        let desc = format!("Parameter '{prefix}{name}' does not accept value '{text}'");
        QmpError::generic(desc)
    }

    fn unexpected(&self, name: &str) -> QmpError {
        QmpError::generic(unexpected(&self.prefix, name))
    }
}

pub(super) fn wrong_type(prefix: &str, name: &str, expected: &str) -> String {
    format!("Invalid parameter type for '{prefix}{name}', expected: {expected}")
}

pub(super) fn unexpected(prefix: &str, name: &str) -> String {
    format!("Parameter '{prefix}{name}' is unexpected")
}
