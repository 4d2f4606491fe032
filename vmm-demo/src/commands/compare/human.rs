//! The text of a comparison.

use super::verdict::verdict;
use super::{Compared, NAMES, values};
use crate::output::escaped;
use crate::output::list::lines;
use crate::output::table;
use idreg_runtime::fleet::{Difference, MachineDifference, Relation};
use idreg_runtime::view::Incompatible;

/// The relation, the facts of the machines, the fields, and the common model.
pub(super) fn text(compared: &Compared) -> String {
    let comparison = &compared.comparison;
    let mut parts = vec![format!("{}\n{}", hosts(compared), relation(compared))];
    parts.extend(facts(comparison.machine()));
    let is_tolerable = |difference: &Difference| {
        let mut tolerable = comparison.tolerable();
        tolerable.any(|other| other == difference)
    };
    let differences = comparison.differences().iter();
    let (tolerable, others): (Vec<_>, Vec<_>) =
        differences.partition(|difference| is_tolerable(difference));
    parts.extend(fields(compared, &others));
    if let Some(fields) = fields(compared, &tolerable) {
        let end = if compared.fits_with_el2_tolerated {
            "with `--tolerate el2` the hosts have a model in common"
        } else {
            "`--tolerate el2` lets them differ, but there are other obstacles"
        };
        parts.push(format!(
            "Only EL2 can act on these fields; {end}:\n{fields}"
        ));
    }
    parts.push(match comparison.models() {
        Some([a, b]) => format!("Guests are equal with these models:\nA: --cpu {a}\nB: --cpu {b}"),
        None => "The hosts have no model in common.".to_owned(),
    });
    parts.join("\n\n")
}

fn hosts(compared: &Compared) -> String {
    let hosts = NAMES.iter().zip(&compared.hosts);
    lines(hosts.map(|(letter, (name, host))| {
        let kernel = escaped(&host.info().kernel_release);
        format!("{letter}: {}, kernel {kernel}", escaped(name))
    }))
}

/// The relation in words for both directions.
fn relation(compared: &Compared) -> String {
    let comparison = &compared.comparison;
    let word = comparison.relation();
    let meaning = match word {
        Relation::Identical => "each host can run the other's guests",
        Relation::Superset => "A can run the guests of B, and B cannot run those of A",
        Relation::Subset => "B can run the guests of A, and A cannot run those of B",
        Relation::Incompatible => "neither host can run the other's guests",
    };
    let reasons = [
        ("A", "B", comparison.reasons_on_b()),
        ("B", "A", comparison.reasons_on_a()),
    ];
    let reasons = reasons.into_iter().filter_map(|(from, to, error)| {
        let reasons = count_of_reasons(error?);
        Some(format!(
            "\nA guest of {from} does not fit on {to}, for {reasons}."
        ))
    });
    let reasons: String = reasons.collect();
    format!("{word}: without overrides, {meaning}{reasons}")
}

fn count_of_reasons(error: &Incompatible) -> String {
    match error.reasons.len() {
        1 => "1 reason".to_owned(),
        count => format!("{count} reasons"),
    }
}

/// A row for each fact of the machines, or `None` without differences.
fn facts(differences: &[MachineDifference]) -> Option<String> {
    let mut table = table::new(&["machine", "a", "b", "verdict"]);
    for difference in differences {
        let [a, b] = values(difference).map(|value| value.unwrap_or("unknown").to_owned());
        let verdict = match &difference.remedy {
            Some(remedy) => remedy.to_string(),
            None => "impossible: no VMM can change it".to_owned(),
        };
        table.add_row([difference.fact.to_string(), a, b, verdict]);
    }
    (!differences.is_empty()).then(|| table::show(table))
}

/// A row for each field, or `None` without fields.
fn fields(compared: &Compared, differences: &[&Difference]) -> Option<String> {
    let mut table = table::new(&["property", "a", "b", "verdict"]);
    for difference in differences {
        let field = difference.field.field;
        let show = |value: Option<u64>| {
            value.map_or_else(
                || "absent".to_owned(),
                |value| field.show(value).to_string(),
            )
        };
        table.add_row([
            difference.field.to_string(),
            show(difference.a),
            show(difference.b),
            verdict(compared, difference),
        ]);
    }
    (!differences.is_empty()).then(|| table::show(table))
}
