//! Selection of the facts about registers and fields that a description defines.

use super::{
    Condition, Consistency, Definition, EVERY_FIELD, Facts, FeatureStatements, FieldRange,
    FieldStatements, Place,
};
use crate::model::{Field, Layout, Model};
use std::collections::BTreeMap;

impl Facts {
    /// Selects the facts about the registers and fields of a model.
    ///
    /// Drops a definition or a rule if one of its fields or features is unknown or one of its
    /// values does not fit, and a feature without definitions.
    #[must_use]
    pub fn for_model(&self, model: &Model) -> Self {
        self.within(|register| model.layout(model.register(register)?))
    }

    /// Selects like [`for_model`](Self::for_model), with a function that finds a register's layout.
    #[must_use]
    pub fn within<'m>(&self, layout: impl Fn(&str) -> Option<&'m Layout>) -> Self {
        let mut stated = BTreeMap::new();
        for (register, fields) in &self.stated {
            let fields = layout(register).map(|layout| stated_within(fields, layout));
            stated.extend(
                fields
                    .filter(|fields| !fields.is_empty())
                    .map(|fields| (register.clone(), fields)),
            );
        }
        let mut known = Known {
            facts: self,
            layout,
            features: self.features.clone(),
        };
        known.drop_features();
        let rules = self.consistency.iter().filter(|rule| known.is_rule(rule));
        let consistency = rules.cloned().collect();
        Self {
            stated,
            consistency,
            features: known.features,
        }
    }
}

/// The registers, fields and features that a description has.
struct Known<'f, L> {
    facts: &'f Facts,
    layout: L,
    features: BTreeMap<String, FeatureStatements>,
}

impl<'m, L: Fn(&str) -> Option<&'m Layout>> Known<'_, L> {
    /// Drops unknown definitions and features without one, then those that depend on them.
    fn drop_features(&mut self) {
        loop {
            let mut features = self.features.clone();
            features.retain(|_, stated| {
                stated.mirrors.retain(|range| self.fits(range));
                stated.definitions.retain(|Definition { fields, with }| {
                    fields.iter().all(|range| self.fits(range))
                        && with.iter().all(|with| self.is_condition(with))
                });
                !stated.definitions.is_empty()
            });
            let has_dropped = features.len() < self.features.len();
            self.features = features;
            if !has_dropped {
                return;
            }
        }
    }

    /// True if all registers, fields and features of a rule are known.
    fn is_rule(&self, rule: &Consistency) -> bool {
        let is_field = |place: &Place| self.field(place).is_some();
        match rule {
            Consistency::Requires { subject, needs } => {
                self.is_condition(subject) && self.is_condition(needs)
            }
            Consistency::Equal { left, right, with } => {
                let with = with.as_ref();
                is_field(left) && is_field(right) && with.is_none_or(|with| self.is_condition(with))
            }
            Consistency::AtMostOne(places) => places.iter().all(is_field),
            Consistency::AtLeastOne(conditions) => {
                let mut conditions = conditions.iter();
                conditions.all(|condition| self.is_condition(condition))
            }
            Consistency::NotAbove { field, most } => is_field(field) && is_field(most),
            Consistency::ZeroWithout { register, features } => {
                let mut features = features.iter();
                (self.layout)(register).is_some()
                    && features.all(|name| self.features.contains_key(name))
            }
        }
    }

    fn is_condition(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Feature(name) => self.features.contains_key(name),
            Condition::Field(range) => self.fits(range),
        }
    }

    fn fits(&self, range: &FieldRange) -> bool {
        let field = self.field(&range.place);
        field.is_some_and(|field| self.facts.value_range(range, field).is_some())
    }

    fn field(&self, place: &Place) -> Option<&'m Field> {
        (self.layout)(&place.register)?.field(&place.field)
    }
}

/// Selects the statements about the fields of a layout.
fn stated_within(
    fields: &BTreeMap<String, FieldStatements>,
    layout: &Layout,
) -> BTreeMap<String, FieldStatements> {
    let is_there = |name: &str| match name {
        EVERY_FIELD => layout.fields().next().is_some(),
        name => layout.field(name).is_some(),
    };
    let fields = fields.iter().filter(|(name, _)| is_there(name));
    fields
        .map(|(name, stated)| (name.clone(), stated.clone()))
        .collect()
}
