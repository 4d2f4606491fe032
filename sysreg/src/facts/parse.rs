//! Parser of facts: collects errors and ignores the statements that contain them.

mod features;

use super::{Condition, Consistency, EVERY_FIELD, Facts, FieldStatements, Safety, words};
use crate::diagnostic::{Diagnostic, Report, Rule};
use crate::lex::{self, Line, Word};
use crate::source::{Source, Span};
use std::collections::{BTreeMap, BTreeSet};

/// Parses a file of facts, or several joined files.
///
/// # Errors
///
/// All mistakes, in the order of their places: invalid words, a repeated statement about a field,
/// and a condition on a feature without a `Feature` statement. The names of registers and fields
/// are not looked up; [`Facts::for_model`] does that.
pub fn load(source: &Source) -> Result<Facts, Vec<Diagnostic>> {
    let mut report = Report::default();
    let mut parser = FactsParser {
        report: &mut report,
        facts: Facts::default(),
        stated_at: BTreeMap::new(),
        named: BTreeSet::new(),
        used_at: BTreeMap::new(),
        looked_up: Vec::new(),
    };
    for (start, file) in source.files() {
        let lines = lex::lines(file, start, parser.report);
        for line in lines.iter() {
            parser.statement(&line);
        }
    }
    parser.look_up_features();
    let facts = parser.facts;
    match report.into_sorted() {
        mistakes if mistakes.is_empty() => Ok(facts),
        mistakes => Err(mistakes),
    }
}

/// The statements: the first word, and the form of the words after it.
const FORMS: [(&str, &str); 15] = [
    ("Safety", "TYPE [VALUE] REGISTER FIELD..."),
    ("Refused", "FIRST[-LAST] REGISTER FIELD..."),
    ("Owned", "OWNER REGISTER FIELD..."),
    ("Needs", "OWNER REGISTER FIELD..."),
    ("Mitigation", "REGISTER FIELD..."),
    ("Audience", "AUDIENCE REGISTER FIELD..."),
    ("Unordered", "FIRST[-LAST] REGISTER FIELD..."),
    ("Feature", "FEAT_NAME RANGE... [with CONDITION...]"),
    ("Mirror", "FEAT_NAME RANGE..."),
    ("Requires", "CONDITION CONDITION..."),
    ("Equal", "REGISTER.FIELD REGISTER.FIELD [with CONDITION]"),
    ("AtMostOne", "REGISTER.FIELD REGISTER.FIELD..."),
    ("AtLeastOne", "CONDITION CONDITION..."),
    ("NotAbove", "REGISTER.FIELD REGISTER.FIELD"),
    ("ZeroWithout", "REGISTER FEAT_NAME..."),
];

/// The word before conditions that a statement depends on.
const WITH: &str = "with";

/// The key of a unique statement: the statement, the register and the field.
type StatementKey<'s> = (&'s str, &'s str, &'s str);

struct FactsParser<'r, 's> {
    report: &'r mut Report,
    facts: Facts,
    /// The place of each unique statement.
    stated_at: BTreeMap<StatementKey<'s>, Span>,
    /// The features that have a `Feature` statement.
    named: BTreeSet<&'s str>,
    /// The first place of each feature after `with`.
    used_at: BTreeMap<&'s str, Span>,
    /// The names of features in other statements.
    looked_up: Vec<Word<'s>>,
}

impl<'s> FactsParser<'_, 's> {
    fn statement(&mut self, line: &Line<'_, 's>) {
        // `None` is a statement with an error, which is in the report already.
        let _: Option<()> = match line.directive.text {
            "Safety" => self.safety(line),
            "Refused" => self.refused(line),
            "Owned" => self.owned(line),
            "Needs" => self.needs(line),
            "Mitigation" => self.mitigation(line),
            "Audience" => self.audience(line),
            "Unordered" => self.unordered(line),
            "Feature" => self.feature(line),
            "Mirror" => self.mirror(line),
            "Requires" => self.requires(line),
            "Equal" => self.equal(line),
            "AtMostOne" => self.at_most_one(line),
            "AtLeastOne" => self.at_least_one(line),
            "NotAbove" => self.not_above(line),
            "ZeroWithout" => self.zero_without(line),
            _ => self.unknown(line),
        };
    }

    fn safety(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let (word, rest) = self.first(line)?;
        let (safety, fields) = if word.text == "Exact" {
            let Some((safe, fields)) = rest.split_first() else {
                return self.word_count(line);
            };
            let safe = words::value(*safe, self.report)?;
            (Safety::Exact { safe }, fields)
        } else {
            (words::safety(word, self.report)?, rest)
        };
        self.fields(line, line.directive, fields, |field| {
            field.safety = Some(safety);
        })
    }

    fn refused(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let (word, fields) = self.first(line)?;
        let range = words::range(word, self.report)?;
        // One field may have several ranges.
        self.fields(line, word, fields, |field| field.refused.push(range))
    }

    fn owned(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let (word, fields) = self.first(line)?;
        let owner = words::owner(word, self.report)?;
        self.fields(line, line.directive, fields, |field| {
            field.owner = Some(owner);
        })
    }

    fn needs(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let (word, fields) = self.first(line)?;
        let owner = words::owner(word, self.report)?;
        self.fields(line, line.directive, fields, |field| {
            field.needs = Some(owner);
        })
    }

    fn audience(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let (word, fields) = self.first(line)?;
        let audience = words::audience(word, self.report)?;
        self.fields(line, line.directive, fields, |field| {
            field.audience = Some(audience);
        })
    }

    fn mitigation(&mut self, line: &Line<'_, 's>) -> Option<()> {
        self.fields(line, line.directive, line.arguments, |field| {
            field.mitigation = true;
        })
    }

    /// Adds a unique statement to each of some fields; `words` are a register and its fields.
    fn fields(
        &mut self,
        line: &Line<'_, 's>,
        subject: Word<'s>,
        words: &[Word<'s>],
        state: impl Fn(&mut FieldStatements),
    ) -> Option<()> {
        let [register, fields @ ..] = words else {
            return self.word_count(line);
        };
        if fields.is_empty() {
            return self.word_count(line);
        }
        let register_name = words::name(*register, "register's name", self.report)?;
        for field in fields {
            let name = match field.text {
                EVERY_FIELD => EVERY_FIELD.to_owned(),
                _ => words::name(*field, "field's name", self.report)?,
            };
            self.once(subject, *register, *field)?;
            let stated = self.facts.stated.entry(register_name.clone()).or_default();
            state(stated.entry(name).or_default());
        }
        Some(())
    }

    fn unordered(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let (word, fields) = self.first(line)?;
        let range = words::range(word, self.report)?;
        self.fields(line, line.directive, fields, |field| {
            field.unordered = Some(range);
        })
    }

    fn requires(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let [subject, needs @ ..] = line.arguments else {
            return self.word_count(line);
        };
        if needs.is_empty() {
            return self.word_count(line);
        }
        let subject = self.condition(*subject)?;
        for needs in needs {
            let (subject, needs) = (subject.clone(), self.condition(*needs)?);
            let requires = Consistency::Requires { subject, needs };
            self.facts.consistency.push(requires);
        }
        Some(())
    }

    fn equal(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let (fields, with) = match line.arguments {
            [fields @ .., with, condition] if with.text == WITH => (fields, Some(*condition)),
            fields => (fields, None),
        };
        let [left, right] = fields else {
            return self.word_count(line);
        };
        let equal = Consistency::Equal {
            left: words::place(*left, self.report)?,
            right: words::place(*right, self.report)?,
            with: match with {
                Some(condition) => Some(self.condition(condition)?),
                None => None,
            },
        };
        self.facts.consistency.push(equal);
        Some(())
    }

    fn at_most_one(&mut self, line: &Line<'_, 's>) -> Option<()> {
        if line.arguments.len() < 2 {
            return self.word_count(line);
        }
        let places = line.arguments.iter();
        let places = places.map(|word| words::place(*word, self.report));
        let places = places.collect::<Option<_>>()?;
        self.facts.consistency.push(Consistency::AtMostOne(places));
        Some(())
    }

    fn at_least_one(&mut self, line: &Line<'_, 's>) -> Option<()> {
        if line.arguments.len() < 2 {
            return self.word_count(line);
        }
        let conditions = line.arguments.iter();
        let conditions = conditions.map(|word| self.condition(*word));
        let at_least_one = Consistency::AtLeastOne(conditions.collect::<Option<_>>()?);
        self.facts.consistency.push(at_least_one);
        Some(())
    }

    fn not_above(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let [field, most] = self.exactly(line)?;
        let not_above = Consistency::NotAbove {
            field: words::place(field, self.report)?,
            most: words::place(most, self.report)?,
        };
        self.facts.consistency.push(not_above);
        Some(())
    }

    fn zero_without(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let (register, features) = self.first(line)?;
        if features.is_empty() {
            return self.word_count(line);
        }
        let register = words::name(register, "register's name", self.report)?;
        let features = features.iter().map(|word| {
            self.looked_up.push(*word);
            words::feature(*word, self.report)
        });
        let features = features.collect::<Option<_>>()?;
        let zero_without = Consistency::ZeroWithout { register, features };
        self.facts.consistency.push(zero_without);
        Some(())
    }

    fn condition(&mut self, word: Word<'s>) -> Option<Condition> {
        let condition = words::condition(word, self.report)?;
        if matches!(condition, Condition::Feature(_)) {
            self.looked_up.push(word);
        }
        Some(condition)
    }

    /// Reports features without a `Feature` statement.
    fn look_up_features(&mut self) {
        for word in &self.looked_up {
            if !self.named.contains(word.text) {
                let message = format!("`{word}` has no `Feature` statement");
                let error = Diagnostic::error(Rule::UnknownTarget, word.span, message);
                self.report.push(error);
            }
        }
    }

    /// Records a unique statement, or reports it as a repetition.
    fn once(&mut self, subject: Word<'s>, register: Word<'s>, field: Word<'s>) -> Option<()> {
        let key = (subject.text, register.text, field.text);
        let Some(before) = self.stated_at.get(&key) else {
            self.stated_at.insert(key, field.span);
            return Some(());
        };
        let message = format!("{register}.{field}: `{subject}` is stated twice");
        let error = Diagnostic::error(Rule::DuplicateField, field.span, message);
        self.report
            .push(error.note_at(*before, "the first one is here"));
        None
    }

    fn first<'w>(&mut self, line: &Line<'w, 's>) -> Option<(Word<'s>, &'w [Word<'s>])> {
        match line.arguments.split_first() {
            Some((first, rest)) => Some((*first, rest)),
            None => self.word_count(line),
        }
    }

    fn exactly<const N: usize>(&mut self, line: &Line<'_, 's>) -> Option<[Word<'s>; N]> {
        match line.arguments.try_into() {
            Ok(words) => Some(words),
            Err(_) => self.word_count(line),
        }
    }

    /// Reports a statement with too few words or too many.
    fn word_count<T>(&mut self, line: &Line<'_, 's>) -> Option<T> {
        let (directive, found) = (line.directive, line.arguments.len());
        let plural = if found == 1 { "" } else { "s" };
        let message = format!("`{directive}` with {found} word{plural} after it is no statement");
        let error = Diagnostic::error(Rule::WordCount, line.span(), message);
        let forms = FORMS.iter().filter(|(word, _)| *word == directive.text);
        self.report.push(forms.fold(error, |error, (word, form)| {
            error.note(format!("the form is `{word} {form}`"))
        }));
        None
    }

    fn unknown(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let word = line.directive;
        let known: Vec<&str> = FORMS.iter().map(|(word, _)| *word).collect();
        let message = format!("`{word}` is not a statement of facts");
        let error = Diagnostic::error(Rule::UnknownStatement, word.span, message);
        let note = format!("allowed: {}", known.join(", "));
        self.report.push(error.note(note));
        None
    }
}
