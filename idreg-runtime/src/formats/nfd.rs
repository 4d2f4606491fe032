//! Kubernetes: a feature file for node-feature-discovery.
//!
//! The file belongs in `/etc/kubernetes/node-feature-discovery/features.d`; one whose name begins
//! with a dot is ignored, so that it can be written there and renamed. Lines are `NAME` or
//! `NAME=VALUE`. The directive `# +expiry-time=` holds until the next one, `# +no-label` for the
//! next line alone, and a file of more than 64 kB is ignored (node-feature-discovery 0.15 and
//! newer, `source/local/local.go`, `parseFeatureFile`).
//!
//! Features of the architecture are features for rules (`local.feature`) and no labels: KubeVirt
//! copies a node's labels of features into the selector of a guest's pod, which then fits no other
//! node. Labels are the [models](crate::model::named) that the node can give, and hashes: the value
//! of a model's label is the hash of its guests' view, so that a guest can move between nodes with
//! the same value, and a new guest starts on any node with the label.

use super::identity::{masks_hash, model_views, view_hash};
use super::{Exported, ExportedGuest, Unsaid};
use crate::model::named::Models;
use core::fmt::{self, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

/// The namespace of the names: node-feature-discovery takes sub-namespaces of its own.
pub const NAMESPACE: &str = "idreg.feature.node.kubernetes.io";

/// The maximum length of a file in bytes.
pub const MOST_BYTES: usize = 64 << 10;

/// The maximum length of a name or a value of a label.
const MOST_NAME: usize = 63;

/// The maximum length of a comment in characters; a model's text can have more.
const MOST_COMMENT: usize = 200;
/// The part of the file that directives and comments after the names need.
const RESERVED: usize = 4 << 10;

/// Writes the features of a guest, and the models that its host can give, until `expiry` if it is
/// given.
///
/// ```
/// # let host: idreg_runtime::Host =
/// #     serde_json::from_str(include_str!("../../data/hosts/neoverse-n1-latest.json"))?;
/// use idreg_runtime::formats::{ExportedGuest, nfd};
/// use idreg_runtime::model::named::Models;
/// use idreg_runtime::plan::Plan;
///
/// let plan = Plan::new(&host, &"host".parse()?)?;
/// let guest = ExportedGuest { host: &host, plan: &plan };
/// let file = nfd::feature_file(guest, &Models::built_in(), None);
/// assert!(file.text.contains("\nidreg.feature.node.kubernetes.io/model.neoverse-n1-v1="));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn feature_file(
    guest: ExportedGuest<'_>,
    models: &Models,
    expiry: Option<SystemTime>,
) -> Exported {
    let mut file = FeatureFile::default();
    file.comment(format_args!(
        "{} on kernel {}, by idreg",
        guest.plan.model(),
        guest.host.info().kernel_release
    ));
    if let Some(expiry) = expiry {
        file.comment(format_args!("+expiry-time={}", Rfc3339(expiry)));
    }
    file.labels(guest, models);
    let values = guest.plan.in_guest();
    for feature in values.description().features.iter() {
        if values.has(feature) {
            file.feature(feature.name());
        }
    }
    let FeatureFile { text, unsaid } = file;
    Exported { text, unsaid }
}

#[derive(Default)]
struct FeatureFile {
    text: String,
    unsaid: Vec<Unsaid>,
}

impl FeatureFile {
    fn comment(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# {}", printable(&text.to_string()));
    }

    fn labels(&mut self, guest: ExportedGuest<'_>, models: &Models) {
        self.label("view", &view_hash(guest).to_string());
        let masks = masks_hash(guest.host);
        let masks = masks.map_or("none".to_owned(), |hash| hash.to_string());
        self.label("kernel-masks", &masks);
        match guest.host.info().timer_frequency {
            0 => self.unsaid("cntfrq-hz", "the host's file does not have the frequency"),
            frequency => self.label("cntfrq-hz", &frequency.to_string()),
        }
        for (model, view) in model_views(guest.host, models) {
            self.label(&format!("model.{model}"), &view.to_string());
        }
    }

    fn unsaid(&mut self, name: &str, reason: &'static str) {
        let unsaid = Unsaid::new(format_args!("label {name}"), reason);
        self.comment(format_args!("not exported: {unsaid}"));
        self.unsaid.push(unsaid);
    }

    fn label(&mut self, name: &str, value: &str) {
        self.lines(name, &format!("{NAMESPACE}/{name}={value}\n"));
    }

    /// Adds a feature that is `true`, for rules only.
    fn feature(&mut self, name: &str) {
        self.lines(name, &format!("# +no-label\n{NAMESPACE}/{name}\n"));
    }

    /// Adds the lines of a name if there is room for them.
    fn lines(&mut self, name: &str, lines: &str) {
        if name.len() > MOST_NAME {
            self.unsaid(name, "a name has 63 characters at most");
        } else if self.text.len() + lines.len() > MOST_BYTES - RESERVED {
            let reason = "the file has 64 kB at most";
            self.unsaid.push(Unsaid::new(name, reason));
        } else {
            self.text.push_str(lines);
        }
    }
}

/// Text that stays on its line, of at most [`MOST_COMMENT`] characters.
fn printable(text: &str) -> String {
    let visible = |character: char| !character.is_control();
    let text = text.chars().take(MOST_COMMENT);
    text.filter(|character| visible(*character)).collect()
}

/// A time as RFC 3339 writes it, in UTC and in whole seconds.
struct Rfc3339(SystemTime);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
        let (year, month, day) = date(days);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// The year, month and day of a number of days after 1970-01-01, in the Gregorian calendar.
const fn date(days: u64) -> (u64, u64, u64) {
    // Days after 0000-03-01, so that a leap day ends a year, in eras of 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (400 * era + year_of_era + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_795_780_800, "2026-11-27T12:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(Rfc3339(time).to_string(), text);
        }
    }
}
