//! Reads a CPU model from the properties of a request; reports mistakes in QEMU's words.

use super::arguments::{Arguments, unexpected, wrong_type};
use super::message::{ErrorClass, QmpError};
use super::properties::type_name;
use crate::output::failure::Failure;
use idreg_runtime::host::Obstacle;
use idreg_runtime::model::property::{ENFORCE, Property, PropertyType};
use idreg_runtime::model::{CpuModel, Override, Setting};
use idreg_runtime::plan::PlanError;
use idreg_runtime::plan::rejection::{Reason, Rejection};
use idreg_runtime::regs::DESCRIPTION;
use serde_json::{Map, Value};

/// A model and the mistakes in the request for it.
#[derive(Debug)]
pub(super) struct RequestedModel {
    pub(super) model: CpuModel,
    /// The name of the object with the properties, and a dot.
    prefix: String,
    mistakes: Vec<String>,
}

/// The exit code of a failure that another machine would not have.
const CANNOT_HERE: u8 = 3;

/// The number of unknown names that get a suggestion, and their longest length in bytes: each
/// suggestion takes as long as a plan.
const SUGGESTIONS: usize = 8;
const SUGGESTION_LENGTH: usize = 64;

impl RequestedModel {
    /// A model that this program made.
    pub(super) fn of(model: CpuModel) -> Self {
        Self {
            model,
            prefix: String::new(),
            mistakes: Vec::new(),
        }
    }

    /// Reads properties of a model of this base with QEMU's types. Numbers and switches may also be
    /// strings, as on QEMU's command line: `qmp-shell` sends `0x1` and `on` as strings.
    pub(super) fn new(base: CpuModel, props: Arguments) -> Self {
        let (prefix, members) = props.into_members();
        let mut requested = Self {
            model: base,
            prefix,
            mistakes: Vec::new(),
        };
        let mut suggestions = SUGGESTIONS;
        for (name, value) in members {
            let known = Property::find(&DESCRIPTION, &name).map(|known| known.value_type());
            match (known, setting(&value)) {
                (Some(PropertyType::Switch), Some(Setting::Switch(on))) => {
                    requested.model.switch(name, on);
                }
                (Some(PropertyType::Number), Some(Setting::Number(number))) => {
                    requested.model.set_property(name, number);
                }
                (Some(PropertyType::Switch), _) => requested.wrong_type(&name, "boolean"),
                (Some(number), _) => requested.wrong_type(&name, type_name(number)),
                // The plan suggests the nearest name.
                (None, _) if suggestions > 0 && name.len() <= SUGGESTION_LENGTH => {
                    suggestions -= 1;
                    requested.model.switch(name, true);
                }
                (None, _) => {
                    let mistake = unexpected(&requested.prefix, &name);
                    requested.mistakes.push(mistake);
                }
            }
        }
        requested
    }

    fn wrong_type(&mut self, name: &str, expected: &str) {
        let mistake = wrong_type(&self.prefix, name, expected);
        self.mistakes.push(mistake);
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

    /// Reports all mistakes of the request and all rejections of a plan in one error.
    ///
    /// # Errors
    ///
    /// Fails if there is a mistake or a rejection, with class `KVMMissingCap` if only capabilities
    /// of KVM are missing.
    pub(super) fn refused(&self, rejections: &[Rejection]) -> Result<(), QmpError> {
        let rejected = rejections.iter().map(|rejection| self.rejected(rejection));
        let all: Vec<String> = self.mistakes.iter().cloned().chain(rejected).collect();
        if all.is_empty() {
            return Ok(());
        }
        let class = if self.mistakes.is_empty() && rejections.iter().all(lacks_capability) {
            ErrorClass::KvmMissingCap
        } else {
            ErrorClass::GenericError
        };
        Err(QmpError::new(class, all.join("; ")))
    }

    /// The error for a model that has no plan, or whose plan KVM refused.
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

/// True if an override is possible on a host whose KVM has more capabilities.
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
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Joins the lines of a message: items follow a colon, separated by `;`.
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
