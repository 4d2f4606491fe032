//! Selection of the facts about registers and fields that a description defines.

use super::{AtLeast, Condition, Consistency, EVERY_FIELD, Facts, FieldStatements, Place};
use crate::model::{Field, Layout, Model};
use std::collections::BTreeMap;

impl Facts {
    /// Selects the facts about the registers and fields of a model.
    ///
    /// Drops a value that does not fit its field, a feature without any field left, and a rule
    /// between fields if one of its fields or features is unknown.
    #[must_use]
    pub fn for_model(&self, model: &Model) -> Self {
        self.within(|register| model.layout(model.register(register)?))
    }

    /// Selects like [`for_model`](Self::for_model), with a function that finds a register's layout.
    #[must_use]
    pub fn within<'m>(&self, layout: impl Fn(&str) -> Option<&'m Layout>) -> Self {
        let mut facts = Self::default();
        for (register, fields) in &self.stated {
            let fields = layout(register).map(|layout| stated_within(fields, layout));
            facts.stated.extend(
                fields
                    .filter(|fields| !fields.is_empty())
                    .map(|fields| (register.clone(), fields)),
            );
        }
        let field = |place: &Place| layout(&place.register)?.field(&place.field);
        for (name, values) in &self.features {
            let values = values.iter().filter(|value| fits(value, &field));
            let values: Vec<_> = values.cloned().collect();
            if !values.is_empty() {
                facts.features.insert(name.clone(), values);
            }
        }
        let rules = self
            .consistency
            .iter()
            .filter(|rule| facts.names_known_fields(rule, &field));
        facts.consistency = rules.cloned().collect();
        facts
    }

    /// True if all fields and features of a rule are known.
    fn names_known_fields<'m>(
        &self,
        rule: &Consistency,
        field: &impl Fn(&Place) -> Option<&'m Field>,
    ) -> bool {
        let is_field = |place: &Place| field(place).is_some();
        let is_condition = |condition: &Condition| match condition {
            Condition::Feature(name) => self.features.contains_key(name),
            Condition::Field(value) => fits(value, field),
        };
        match rule {
            Consistency::Requires { subject, needs } => {
                is_condition(subject) && is_condition(needs)
            }
            Consistency::Equal { left, right, with } => {
                is_field(left) && is_field(right) && with.as_ref().is_none_or(is_condition)
            }
            Consistency::AtMostOne(places) => places.iter().all(is_field),
            Consistency::NotAbove { field, most } => is_field(field) && is_field(most),
        }
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

fn fits<'m>(least: &AtLeast, field: &impl Fn(&Place) -> Option<&'m Field>) -> bool {
    field(&least.place).is_some_and(|field| {
        let unused = 64 - u32::from(field.bits().width());
        least.value <= u64::MAX >> unused
    })
}
