//! Whether all names in the generated code are different.

use super::field;
use super::view::{Alias, Block, Emitted, Role, View};
use crate::names::{self, Reserved, Scope};
use proc_macro2::Ident;
use std::collections::BTreeMap;
use sysreg::{Diagnostic, Layout, PROPERTY_PREFIX};

/// Modules beside those of the description.
const OWN_ITEMS: Reserved = Reserved {
    names: &["names", "values"],
    what: "a module beside the registers",
};

/// Methods that a field's getter must not be called as.
const OWN_METHODS: Reserved = Reserved {
    names: &["from_bits", "bits"],
    what: "a method of every register type",
};

/// Constants that a value must not be called as.
const OWN_CONSTANTS: Reserved = Reserved {
    names: &["PROPERTY", "SHIFT", "WIDTH", "MASK", "KIND"],
    what: "a constant of every field type",
};

/// The names taken so far.
pub(crate) struct Claims {
    /// Of registers, layouts and modules, which Rust keeps in one place.
    items: Scope,
    properties: Scope,
    /// Of each layout, by the type that names it.
    methods: BTreeMap<String, Scope>,
}

impl Claims {
    pub(crate) fn new() -> Self {
        Self {
            items: Scope::with(&OWN_ITEMS),
            properties: Scope::new(),
            methods: BTreeMap::new(),
        }
    }

    /// Takes every name that a block needs, or says who has one of them.
    pub(crate) fn claim(&mut self, block: &[Emitted<'_>]) -> Result<(), Diagnostic> {
        block.iter().try_for_each(|emitted| match emitted {
            Emitted::View(view) => self.claim_view(view),
            Emitted::Alias(alias) => self.claim_alias(alias),
        })
    }

    fn claim_alias(&mut self, alias: &Alias<'_>) -> Result<(), Diagnostic> {
        let register = alias.place.register;
        let (name, span) = (register.name(), register.span());
        self.items.claim(&alias.type_name, name, span)?;
        self.claim_properties(name, alias.layout)
    }

    fn claim_view(&mut self, view: &View<'_>) -> Result<(), Diagnostic> {
        self.items.claim(&view.type_name, &view.name, view.span)?;
        self.items.claim(&view.module, &view.name, view.span)?;
        if let Role::Further(block) = &view.role {
            self.claim_conversions(view, block)?;
        }
        let Some(layout) = view.layout else {
            return Ok(());
        };
        if let Role::Own(_) = view.role {
            self.claim_properties(&view.name, layout)?;
        }
        let methods = self.methods(&view.type_name);
        let mut types = Scope::new();
        for field in layout.fields() {
            let (subject, span) = (format!("{}.{}", view.name, field.name()), field.span());
            methods.claim(names::lower_name(field.name()), &subject, span)?;
            methods.claim(field::setter_name(field), &subject, span)?;
            types.claim(names::type_name(field.name()), &subject, span)?;
            let mut constants = Scope::with(&OWN_CONSTANTS);
            for value in field.enumerators() {
                let subject = format!("{subject}.{}", value.name());
                constants.claim(names::const_name(value.name()), &subject, value.span())?;
            }
        }
        Ok(())
    }

    /// The way from a first layout to a further one, and back.
    fn claim_conversions(&mut self, view: &View<'_>, block: &Block) -> Result<(), Diagnostic> {
        let there = self.methods(&block.first);
        there.claim(&view.module, &view.name, view.span)?;
        let back = self.methods(&view.type_name);
        back.claim(names::lower_name(&block.name), &block.name, view.span)
    }

    fn claim_properties(&mut self, register: &str, layout: &Layout) -> Result<(), Diagnostic> {
        layout.fields().try_for_each(|field| {
            let subject = format!("{register}.{}", field.name());
            let property = format!("{PROPERTY_PREFIX}{register}_{}", field.name());
            self.properties.claim(property, &subject, field.span())
        })
    }

    /// The methods of a layout's values.
    fn methods(&mut self, layout: &Ident) -> &mut Scope {
        let methods = self.methods.entry(layout.to_string());
        methods.or_insert_with(|| Scope::with(&OWN_METHODS))
    }
}
