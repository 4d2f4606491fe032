//! The reason why there is no plan, with every rejection.

use super::consistency::Violation;
use super::rejection::{Reason, Rejection, in_order};
use crate::description::Description;
use crate::host::{Host, Obstacle};
use crate::model::property::Property;
use crate::text::{Printable, under_heading};
use core::fmt;

/// The reason why there is no plan.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The host's kernel is too old for any override.
    #[error(
        "this kernel ({kernel}) has no writable ID registers, which need Linux 6.7 or newer; \
         `host` without overrides of fields works"
    )]
    NoWritableRegisters {
        /// The kernel's release.
        kernel: String,
    },
    /// Some overrides are not possible; all of them are listed.
    #[error("{}", rejected_overrides(.0))]
    Rejected(Vec<Rejection>),
    /// The model's base is not known.
    #[error(
        "the values of the CPU model `{}` are not known here; read its file first",
        Printable(.name)
    )]
    UnknownBase {
        /// The base's name.
        name: String,
    },
    /// The overrides break rules of the architecture, and the model has `enforce`.
    #[error("{}", inconsistent(.0))]
    Inconsistent(Vec<Violation>),
}

/// Shows the message, as `main` prints the errors that it returns.
impl fmt::Debug for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl PlanError {
    /// Sorts rejections by the overrides' order in the model and selects the error.
    pub(super) fn rejected(host: &Host, mut rejections: Vec<Rejection>) -> Self {
        rejections = in_order(rejections);
        suggest_names(host.description(), &mut rejections);
        // An override of several fields is rejected once for each reason, at its first field.
        rejections.dedup_by(|later, earlier| {
            later.place() == earlier.place() && later.reason.name() == earlier.reason.name()
        });
        let not_writable = |rejection: &Rejection| {
            let Reason::Host { obstacle, .. } = rejection.reason else {
                return false;
            };
            matches!(obstacle, Obstacle::NotWritable | Obstacle::ImplementationId)
        };
        if !host.info().capabilities.writable_masks && rejections.iter().all(not_writable) {
            return Self::NoWritableRegisters {
                kernel: host.info().kernel_release.clone(),
            };
        }
        Self::Rejected(rejections)
    }
}

/// Adds the nearest names to the first unknown properties: a search compares all names, and a model
/// with many unknown ones has another fault than typing errors.
fn suggest_names(description: &Description, rejections: &mut [Rejection]) {
    const SUGGESTIONS: usize = 8;
    let unknown = rejections.iter_mut().filter_map(|rejection| {
        let asked = &rejection.asked;
        match &mut rejection.reason {
            Reason::UnknownProperty { nearest } => Some((asked.property.as_str(), nearest)),
            _ => None,
        }
    });
    for (property, nearest) in unknown.take(SUGGESTIONS) {
        *nearest = Property::nearest(description, property);
    }
}

fn rejected_overrides(rejections: &[Rejection]) -> String {
    const SHOWN: usize = 100;
    let mut of_base = 0;
    for rejection in rejections {
        of_base += usize::from(rejection.base.is_some());
    }
    let of_overrides = rejections.len() - of_base;
    let mut heading = String::new();
    if let Some(base) = rejections.iter().find_map(|first| first.base.as_ref()) {
        heading = format!("{} of {base}", counted(of_base, "value"));
    }
    if of_overrides > 0 {
        let and = if heading.is_empty() { "" } else { " and " };
        heading += and;
        heading += &counted(of_overrides, "override");
    }
    let are = if rejections.len() == 1 { "is" } else { "are" };
    heading += " ";
    heading += are;
    heading += " not possible on this host; nothing was written:";
    let shown = rejections.get(..SHOWN).unwrap_or(rejections);
    let message = under_heading(&heading, shown);
    match rejections.len() - shown.len() {
        0 => message,
        more => format!("{message}\n  and {more} more"),
    }
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn inconsistent(violations: &[Violation]) -> String {
    let heading = "the overrides contradict the architecture, and the model says `enforce`; \
                   change them, or leave `enforce` out:";
    under_heading(heading, violations)
}
