//! The statements about features.

use super::{FactsParser, WITH};
use crate::diagnostic::{Diagnostic, Rule};
use crate::facts::{Condition, Definition, FieldRange, words};
use crate::lex::{Line, Word};

impl<'s> FactsParser<'_, 's> {
    pub(super) fn feature(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let (feature, rest) = self.first(line)?;
        let name = words::feature(feature, self.report)?;
        // An error in the rest of the line does not make conditions on this feature errors too.
        self.named.insert(feature.text);
        if let Some(used) = self.used_at.get(feature.text) {
            let message = format!("`{feature}` is used before all its definitions are stated");
            let error = Diagnostic::error(Rule::UnknownTarget, feature.span, message);
            self.report.push(error.note_at(*used, "it is used here"));
            return None;
        }
        let (fields, with) = match rest.iter().position(|word| word.text == WITH) {
            Some(at) => (rest.get(..at)?, rest.get(at + 1..)?),
            None => (rest, [].as_slice()),
        };
        if fields.is_empty() && with.is_empty() || rest.last().is_some_and(|it| it.text == WITH) {
            return self.word_count(line);
        }
        let fields = self.ranges(fields)?;
        let with = with
            .iter()
            .map(|word| self.condition_before(feature, *word));
        let with = with.collect::<Option<_>>()?;
        let definition = Definition { fields, with };
        let stated = self.facts.features.entry(name).or_default();
        if stated.definitions.contains(&definition) {
            return self.twice(feature, feature.text, "the same words");
        }
        stated.definitions.push(definition);
        Some(())
    }

    pub(super) fn mirror(&mut self, line: &Line<'_, 's>) -> Option<()> {
        let (feature, ranges) = self.first(line)?;
        if ranges.is_empty() {
            return self.word_count(line);
        }
        let name = words::feature(feature, self.report)?;
        self.looked_up.push(feature);
        let ranges = self.ranges(ranges)?;
        let stated = self.facts.features.entry(name).or_default();
        if stated.mirrors.iter().any(|mirror| ranges.contains(mirror)) {
            return self.twice(feature, feature.text, "the same words");
        }
        stated.mirrors.extend(ranges);
        Some(())
    }

    /// Parses the ranges of a line, each of another field.
    fn ranges(&mut self, words: &[Word<'s>]) -> Option<Vec<FieldRange>> {
        let mut ranges: Vec<FieldRange> = Vec::new();
        for word in words {
            let range = words::field_range(*word, self.report)?;
            if ranges.iter().any(|before| before.place == range.place) {
                return self.twice(*word, &range.place.to_string(), "the line");
            }
            ranges.push(range);
        }
        Some(ranges)
    }

    fn twice<T>(&mut self, word: Word<'s>, subject: &str, place: &str) -> Option<T> {
        let message = format!("{subject}: stated twice in {place}");
        let error = Diagnostic::error(Rule::DuplicateField, word.span, message);
        self.report.push(error);
        None
    }

    /// Parses a condition after `with`: its feature is complete, so no feature depends on itself.
    fn condition_before(&mut self, feature: Word<'s>, word: Word<'s>) -> Option<Condition> {
        let condition = words::condition(word, self.report)?;
        if matches!(condition, Condition::Field(_)) {
            return Some(condition);
        }
        if word.text == feature.text || !self.named.contains(word.text) {
            let message = format!("`{word}` has no `Feature` statement before this one");
            let error = Diagnostic::error(Rule::UnknownTarget, word.span, message);
            self.report.push(error);
            return None;
        }
        self.used_at.entry(word.text).or_insert(word.span);
        Some(condition)
    }
}
