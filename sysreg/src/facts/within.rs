//! Facts without those of registers and fields that a description does not have.

use super::{AtLeast, Condition, Consistency, EVERY_FIELD, Facts, FieldStatements, Place};
use crate::model::{Field, Layout, Model};
use std::collections::BTreeMap;

impl Facts {
    /// The facts that a description can take: those of its registers and fields, as far as their values
    /// fit them.
    ///
    /// A feature is dropped with its last field, and what holds between fields with any of them.
    #[must_use]
    pub fn for_model(&self, model: &Model) -> Self {
        self.within(|register| model.layout(model.register(register)?))
    }

    /// Does what [`for_model`](Self::for_model) does with part of a description: the layouts of registers by name.
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
        let holds = self
            .consistency
            .iter()
            .filter(|rule| facts.names_known_fields(rule, &field));
        facts.consistency = holds.cloned().collect();
        facts
    }

    /// Whether everything that a rule speaks of is there.
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

/// What is stated of fields that a layout has.
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
