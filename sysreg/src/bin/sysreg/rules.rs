//! Command `rules`: prints the rule of every field for programs in other languages.

mod c_header;
mod json;

use crate::cli::Rules;
use crate::description::{self, with_registers};
use crate::failure::Failure;
use crate::output::Stream;
use sysreg::facts::{self, Facts, FieldRule};
use sysreg::{AARCH64_FACTS, AARCH64_ID, Field, FieldKind, Loaded, Model, Register, Source};

pub(crate) fn rules(arguments: &Rules) -> Result<(), Failure> {
    let source = match &arguments.files {
        files if files.is_empty() => {
            Source::new("the built-in description", AARCH64_ID).map_err(Failure::TooLarge)?
        }
        files => description::read_all(files)?,
    };
    let loaded = description::valid(&source, sysreg::load(&source))?;
    Stream::Stderr.diagnostics(&source, &loaded.diagnostics)?;
    let Loaded { model, .. } = with_registers(&source, loaded)?;
    let facts = shipped_facts()?.for_model(&model);
    let rules = FieldRules::of(&model, &facts);
    Stream::Stdout.write(&if arguments.json {
        json::text(&rules)?
    } else {
        c_header::text(&rules)
    })
}

/// The facts of this project; a mistake in them is found by the tests.
fn shipped_facts() -> Result<Facts, Failure> {
    let source = Source::new("aarch64-id.facts", AARCH64_FACTS).map_err(Failure::TooLarge)?;
    facts::load(&source).map_err(|mistakes| {
        let mistakes = mistakes.iter().map(|one| sysreg::render(&source, one));
        Failure::Invalid(mistakes.collect::<Vec<_>>().join("\n"))
    })
}

/// The fields of a description with their rules, and the features that they define.
struct FieldRules<'m> {
    fields: Vec<RuledField<'m>>,
    facts: &'m Facts,
}

/// A field of a register, with its rule.
struct RuledField<'m> {
    register: &'m Register,
    field: &'m Field,
    rule: FieldRule,
}

impl<'m> FieldRules<'m> {
    fn of(model: &'m Model, facts: &'m Facts) -> Self {
        let fields = model.registers().flat_map(|register| {
            let fields = model.layout(register).into_iter();
            let fields = fields.flat_map(sysreg::Layout::fields);
            fields.map(move |field| RuledField {
                register,
                field,
                rule: facts.rule(register.name(), field),
            })
        });
        Self {
            fields: fields.collect(),
            facts,
        }
    }

    /// The field of these names, and its position.
    fn position(&self, place: &facts::Place) -> Option<(usize, &RuledField<'m>)> {
        let mut fields = self.fields.iter().enumerate();
        fields.find(|(_, one)| {
            one.register.name() == place.register && one.field.name() == place.field
        })
    }

    /// The names of the features that a field defines, alone or with others.
    fn features_of(&self, field: &RuledField<'_>) -> Vec<&str> {
        let is_of = |range: &facts::FieldRange| {
            range.place.register == field.register.name() && range.place.field == field.field.name()
        };
        let features = self.facts.features().filter(|feature| {
            let defining = feature.definitions.iter().flat_map(|one| &one.fields);
            defining.chain(feature.mirrors).any(is_of)
        });
        features.map(|feature| feature.name).collect()
    }
}

impl RuledField<'_> {
    /// True if values compare as signed numbers.
    fn is_signed(&self) -> bool {
        self.rule.safety == facts::Safety::SignedLower || self.field.kind() == FieldKind::SignedEnum
    }
}

/// The name of a safety type in other languages, the same as `Safety::name` of `idreg-runtime`.
fn safety_name(safety: facts::Safety) -> &'static str {
    match safety {
        facts::Safety::Lower => "lower",
        facts::Safety::SignedLower => "signed-lower",
        facts::Safety::Higher => "higher",
        facts::Safety::HigherOrZero => "higher-or-zero",
        facts::Safety::Exact { .. } => "exact",
        facts::Safety::Any => "any",
    }
}
