//! Whether all names in the generated code are different.

use super::field;
use super::layout_type::{Alias, Block, Emitted, Role, View};
use crate::names::{self, Reserved, Scope};
use proc_macro2::{Ident, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use sysreg::{Diagnostic, Layout, Register};

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
    /// Nothing but what the generated code needs, which refers to the runtime by this path.
    pub(crate) fn new(krate: &TokenStream) -> Self {
        let mut items = Scope::with(&OWN_ITEMS);
        // A module of the same name beside the call would make the call itself ambiguous.
        let root = krate.clone().into_iter().find_map(|token| match token {
            TokenTree::Ident(root) => Some(root),
            _ => None,
        });
        if let Some(root) = root {
            items.reserve(root, "the name of the runtime");
        }
        Self {
            items,
            properties: Scope::new(),
            methods: BTreeMap::new(),
        }
    }

    /// Takes every name that a block needs; gives an error for each place with one that another has.
    pub(crate) fn claim(&mut self, block: &[Emitted<'_>]) -> Vec<Diagnostic> {
        let mut collisions = Vec::new();
        for emitted in block {
            match emitted {
                Emitted::View(view) => self.claim_view(view, &mut collisions),
                Emitted::Alias(alias) => self.claim_alias(alias, &mut collisions),
            }
        }
        let mut places = BTreeSet::new();
        collisions.retain(|collision| places.insert((collision.span.start, collision.span.end)));
        collisions
    }

    fn claim_alias(&mut self, alias: &Alias<'_>, collisions: &mut Vec<Diagnostic>) {
        let register = alias.place.register;
        let (name, span) = (register.name(), register.span());
        collisions.extend(self.items.claim(&alias.type_name, name, span));
        self.claim_properties(register, alias.layout, collisions);
    }

    fn claim_view(&mut self, view: &View<'_>, collisions: &mut Vec<Diagnostic>) {
        collisions.extend(self.items.claim(&view.type_name, &view.name, view.span));
        if let Role::Further(block) = &view.role {
            self.claim_conversions(view, block, collisions);
        }
        let Some(layout) = view.layout_with_fields() else {
            return;
        };
        collisions.extend(self.items.claim(&view.module, &view.name, view.span));
        if let Role::Own(place) = &view.role {
            self.claim_properties(place.register, layout, collisions);
        }
        let methods = self.methods(&view.type_name);
        let mut types = Scope::new();
        for field in layout.fields() {
            let (subject, span) = (format!("{}.{}", view.name, field.name()), field.span());
            collisions.extend(methods.claim(names::lower_name(field.name()), &subject, span));
            collisions.extend(methods.claim(field::setter_name(field), &subject, span));
            collisions.extend(types.claim(names::type_name(field.name()), &subject, span));
            let mut constants = Scope::with(&OWN_CONSTANTS);
            collisions.extend(field.enumerators().iter().filter_map(|value| {
                let subject = format!("{subject}.{}", value.name());
                constants.claim(names::const_name(value.name()), &subject, value.span())
            }));
        }
    }

    /// The way from a first layout to a further one, and back.
    fn claim_conversions(
        &mut self,
        view: &View<'_>,
        block: &Block,
        collisions: &mut Vec<Diagnostic>,
    ) {
        let there = self.methods(&block.first);
        collisions.extend(there.claim(&view.module, &view.name, view.span));
        let back = self.methods(&view.type_name);
        let name = names::lower_name(&block.name);
        collisions.extend(back.claim(name, &block.name, view.span));
    }

    fn claim_properties(
        &mut self,
        register: &Register,
        layout: &Layout,
        collisions: &mut Vec<Diagnostic>,
    ) {
        collisions.extend(layout.fields().filter_map(|field| {
            let subject = format!("{}.{}", register.name(), field.name());
            let property = register.property(field);
            self.properties.claim(property, &subject, field.span())
        }));
    }

    /// The methods of a layout's values.
    fn methods(&mut self, layout: &Ident) -> &mut Scope {
        let methods = self.methods.entry(layout.to_string());
        methods.or_insert_with(|| Scope::with(&OWN_METHODS))
    }
}
