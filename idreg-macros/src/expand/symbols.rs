//! The symbol tables of the generated code, which find names that two things would have.

use super::field;
use super::layout_type::{Alias, Block, EmittedType, LayoutType, Role};
use crate::names::{self, Reserved, Scope};
use proc_macro2::{Ident, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use sysreg::{Diagnostic, Layout, Register};

/// Modules beside those of the description.
const OWN_ITEMS: Reserved = Reserved {
    names: &["names", "values"],
    purpose: "a module beside the registers",
};

/// Methods that a field's getter must not hide.
const OWN_METHODS: Reserved = Reserved {
    names: &["from_bits", "bits"],
    purpose: "a method of every register type",
};

/// Constants that a value must not hide.
const OWN_CONSTANTS: Reserved = Reserved {
    names: &["PROPERTY", "SHIFT", "WIDTH", "MASK", "KIND"],
    purpose: "a constant of every field type",
};

/// The names defined so far.
pub(crate) struct Symbols {
    /// Registers, layouts and modules: one namespace in Rust.
    items: Scope,
    properties: Scope,
    /// The methods of each layout, by its marker type.
    methods: BTreeMap<String, Scope>,
}

impl Symbols {
    /// The names that the generated code reserves; `krate` is its path to the runtime.
    pub(crate) fn new(krate: &TokenStream) -> Self {
        let mut items = Scope::with(&OWN_ITEMS);
        // A module of the same name beside the call would make the call itself ambiguous.
        let root = krate.clone().into_iter().find_map(|token| match token {
            TokenTree::Ident(root) => Some(root),
            _ => None,
        });
        if let Some(root) = root {
            items.reserve(root, "the runtime crate");
        }
        Self {
            items,
            properties: Scope::new(),
            methods: BTreeMap::new(),
        }
    }

    /// Defines every name of a block; returns one error for each place whose name is taken.
    pub(crate) fn define(&mut self, block: &[EmittedType<'_>]) -> Vec<Diagnostic> {
        let mut collisions = Vec::new();
        for emitted in block {
            match emitted {
                EmittedType::Layout(layout_type) => {
                    self.define_layout(layout_type, &mut collisions);
                }
                EmittedType::Alias(alias) => self.define_alias(alias, &mut collisions),
            }
        }
        let mut places = BTreeSet::new();
        collisions.retain(|collision| places.insert((collision.span.start, collision.span.end)));
        collisions
    }

    fn define_alias(&mut self, alias: &Alias<'_>, collisions: &mut Vec<Diagnostic>) {
        let register = alias.row.register;
        let (name, span) = (register.name(), register.span());
        if let Some(collision) = self.items.define(&alias.type_name, name, span) {
            collisions.push(collision);
            return;
        }
        self.define_properties(register, alias.layout, collisions);
    }

    fn define_layout(&mut self, layout_type: &LayoutType<'_>, collisions: &mut Vec<Diagnostic>) {
        let LayoutType {
            name,
            type_name,
            module,
            span,
            ..
        } = layout_type;
        // The fields of a type of this name would meet those of the first, one by one.
        if let Some(collision) = self.items.define(type_name, name, *span) {
            collisions.push(collision);
            return;
        }
        if let Role::Alternative(block) = &layout_type.role {
            self.define_conversions(layout_type, block, collisions);
        }
        let Some(layout) = layout_type.layout_with_fields() else {
            return;
        };
        collisions.extend(self.items.define(module, name, *span));
        if let Role::Register(row) = &layout_type.role {
            self.define_properties(row.register, layout, collisions);
        }
        let methods = self.methods(type_name);
        let mut types = Scope::new();
        for field in layout.fields() {
            let (subject, span) = (format!("{name}.{}", field.name()), field.span());
            collisions.extend(methods.define(names::lower_name(field.name()), &subject, span));
            collisions.extend(methods.define(field::setter_name(field), &subject, span));
            collisions.extend(types.define(names::type_name(field.name()), &subject, span));
            let mut constants = Scope::with(&OWN_CONSTANTS);
            collisions.extend(field.enumerators().iter().filter_map(|value| {
                let subject = format!("{subject}.{}", value.name());
                constants.define(names::const_name(value.name()), &subject, value.span())
            }));
        }
    }

    /// Defines the methods that lead from a block's first layout to an alternative, and back.
    fn define_conversions(
        &mut self,
        alternative: &LayoutType<'_>,
        block: &Block,
        collisions: &mut Vec<Diagnostic>,
    ) {
        let LayoutType { name, span, .. } = alternative;
        let methods = self.methods(&block.first_layout);
        collisions.extend(methods.define(&alternative.module, name, *span));
        let methods = self.methods(&alternative.type_name);
        let back = names::lower_name(&block.name);
        collisions.extend(methods.define(back, &block.name, *span));
    }

    fn define_properties(
        &mut self,
        register: &Register,
        layout: &Layout,
        collisions: &mut Vec<Diagnostic>,
    ) {
        collisions.extend(layout.fields().filter_map(|field| {
            let subject = format!("{}.{}", register.name(), field.name());
            let property = register.property(field);
            self.properties.define(property, &subject, field.span())
        }));
    }

    /// The methods of a layout's values.
    fn methods(&mut self, layout_name: &Ident) -> &mut Scope {
        let methods = self.methods.entry(layout_name.to_string());
        methods.or_insert_with(|| Scope::with(&OWN_METHODS))
    }
}
