//! A CPU model from the properties of a request, and what is wrong with it in QEMU's words.

use super::arguments::{Arguments, unexpected, wrong_type};
use super::message::{ErrorClass, QmpError};
use super::properties::{self, ENFORCE, Type};
use crate::output::failure::Failure;
use idreg_runtime::host::Obstacle;
use idreg_runtime::model::{CpuModel, Override, Setting};
use idreg_runtime::number;
use idreg_runtime::plan::PlanError;
use idreg_runtime::plan::rejection::{Reason, Rejection};
use serde_json::{Map, Value};

/// A model, and what of the request it could not take.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) model: CpuModel,
    /// The name of the object with the properties, and a dot.
    prefix: String,
    wrong: Vec<String>,
}

/// The exit code of what only the machine is in the way of.
const CANNOT_HERE: u8 = 3;

/// Names that a similar one is looked for, and how long they may be: each takes as long as a plan.
const SUGGESTIONS: usize = 8;
const SUGGESTION_LENGTH: usize = 64;

impl Wanted {
    /// Takes properties as QEMU types them, and numbers and switches as its command line writes them too, since
    /// `qmp-shell` makes strings of `0x1` and `on`.
    pub(super) fn new(props: Arguments) -> Self {
        let (prefix, members) = props.into_members();
        let mut wanted = Self {
            model: CpuModel::host(),
            prefix,
            wrong: Vec::new(),
        };
        let mut suggestions = SUGGESTIONS;
        for (name, value) in members {
            if let (ENFORCE, Some(Setting::Switch(on))) = (name.as_str(), setting(&value)) {
                wanted.model.set_enforce(on);
                continue;
            }
            match (properties::type_of(&name), setting(&value)) {
                (Some(Type::Switch), Some(Setting::Switch(on))) => {
                    wanted.model.switch(name, on);
                }
                (Some(Type::Number), Some(Setting::Number(number))) => {
                    wanted.model.set_property(name, number);
                }
                (Some(expected), _) => {
                    let expected = match expected {
                        Type::Switch => "boolean",
                        Type::Number => "uint64",
                    };
                    let wrong = wrong_type(&wanted.prefix, &name, expected);
                    wanted.wrong.push(wrong);
                }
                // A plan finds what may be meant.
                (None, _) if suggestions > 0 && name.len() <= SUGGESTION_LENGTH => {
                    suggestions -= 1;
                    wanted.model.switch(name, true);
                }
                (None, _) => wanted.wrong.push(unexpected(&wanted.prefix, &name)),
            }
        }
        wanted
    }

    /// The properties as QEMU types them.
    pub(super) fn normalised(&self) -> Map<String, Value> {
        let setting = |asked: &Override| match asked.value {
            Ok(Setting::Number(number)) => Some((asked.property.clone(), number.into())),
            Ok(Setting::Switch(on)) => Some((asked.property.clone(), on.into())),
            Err(_) => None,
        };
        let enforce = self.model.enforce();
        let enforce = enforce.then(|| (ENFORCE.to_owned(), true.into()));
        let overrides = self.model.overrides().iter().filter_map(setting);
        overrides.chain(enforce).collect()
    }

    /// All that is wrong: what the request said, and what a plan found.
    pub(super) fn refused(&self, rejections: &[Rejection]) -> Result<(), QmpError> {
        let rejected = rejections.iter().map(|rejection| self.rejected(rejection));
        let all: Vec<String> = self.wrong.iter().cloned().chain(rejected).collect();
        if all.is_empty() {
            return Ok(());
        }
        let class = if self.wrong.is_empty() && rejections.iter().all(lacks_capability) {
            ErrorClass::KvmMissingCap
        } else {
            ErrorClass::GenericError
        };
        Err(QmpError::new(class, all.join("; ")))
    }

    /// Why there is no plan, or why KVM did not take it.
    pub(super) fn failed(&self, failure: &Failure) -> QmpError {
        if let Failure::Plan(PlanError::Rejected(rejections)) = failure
            && let Err(error) = self.refused(rejections)
        {
            return error;
        }
        let class = match failure.exit_code() {
            CANNOT_HERE => ErrorClass::KvmMissingCap,
            _ => ErrorClass::GenericError,
        };
        QmpError::new(class, one_line(&failure.message()))
    }

    fn rejected(&self, rejection: &Rejection) -> String {
        let Reason::UnknownProperty { nearest } = &rejection.reason else {
            return rejection.to_string();
        };
        let unexpected = unexpected(&self.prefix, &rejection.asked.property);
        match nearest {
            Some(nearest) => format!("{unexpected}; did you mean {nearest}?"),
            None => unexpected,
        }
    }
}

/// Whether an override would do on a host with other capabilities of KVM.
fn lacks_capability(rejection: &Rejection) -> bool {
    let implementation = Obstacle::ImplementationId;
    match rejection.reason {
        Reason::NoCapability { .. } => true,
        Reason::Host { obstacle, .. } => obstacle == implementation,
        _ => false,
    }
}

fn setting(value: &Value) -> Option<Setting> {
    match value {
        Value::Bool(on) => Some(Setting::Switch(*on)),
        Value::Number(number) => number.as_u64().map(Setting::Number),
        Value::String(text) => match text.as_str() {
            "on" => Some(Setting::Switch(true)),
            "off" => Some(Setting::Switch(false)),
            text => number::parse(text).ok().map(Setting::Number),
        },
        _ => None,
    }
}

/// A message of several lines in one: items after a colon, and `;` between them.
pub(super) fn one_line(message: &str) -> String {
    let mut line = String::new();
    for part in message.lines().map(str::trim) {
        if line.ends_with(':') {
            line.push(' ');
        } else if !line.is_empty() {
            line.push_str("; ");
        }
        line.push_str(part);
    }
    line
}
