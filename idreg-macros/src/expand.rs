//! A model to Rust.

mod field;
mod register;

use crate::input::Input;
use crate::names::{self, Reserved, Scope};
use crate::report;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use sysreg::{Diagnostic, Layout, Model, Register};

/// Statics beside the registers' types.
const OWN_STATICS: Reserved = Reserved {
    names: &["DESCRIPTION"],
    what: "the static table of all registers",
};

/// Everything that one call of the macro emits.
pub(crate) fn expand(input: &Input) -> TokenStream {
    let source = match input.read() {
        Ok(source) => source,
        Err(error) => return error.into_compile_error(),
    };
    let sysreg::Loaded {
        model,
        mut diagnostics,
    } = sysreg::load(&source);
    let views = views(&model, &mut diagnostics);
    let registers = views.iter().map(register::register);
    let table = table(&views);
    let errors = report::compile_errors(&source, &diagnostics, input.path.span());
    let path = &input.path;
    quote! {
        const _: &[::core::primitive::u8] = ::core::include_bytes!(#path);
        #errors
        #(#registers)*
        #table
    }
}

/// A type to be emitted: a register, or a further layout of one.
pub(crate) struct View<'m> {
    pub(crate) register: &'m Register,
    /// The kernel's name: the register's, with the prefix in front for a further layout.
    pub(crate) name: String,
    pub(crate) type_name: Ident,
    pub(crate) module: Ident,
    /// Nothing if the description does not say.
    pub(crate) layout: Option<&'m Layout>,
    pub(crate) place: Place,
}

pub(crate) enum Place {
    /// A register, at this index of the table.
    Table(usize),
    /// A further layout of the register with this type.
    AlternativeTo(Ident),
}

/// What to emit for each register; those whose names collide are left out and reported.
fn views<'m>(model: &'m Model, diagnostics: &mut Vec<Diagnostic>) -> Vec<View<'m>> {
    let mut types = Scope::with(&OWN_STATICS);
    let mut modules = Scope::new();
    let mut properties = Scope::new();
    let mut views = Vec::new();
    let mut index = 0;
    for register in model.registers() {
        let of_register = views_of(model, register, index);
        let claimed = of_register.iter().try_for_each(|view| {
            types.claim(&view.type_name, &view.name, register.span())?;
            modules.claim(&view.module, &view.name, register.span())?;
            check_identifiers(view, &of_register, &mut properties)
        });
        match claimed {
            Ok(()) => {
                views.extend(of_register);
                index += 1;
            }
            Err(collision) => diagnostics.push(collision),
        }
    }
    views
}

/// The types of one register: its own, and one for each further layout.
fn views_of<'m>(model: &'m Model, register: &'m Register, index: usize) -> Vec<View<'m>> {
    let main = names::type_name(register.name());
    let view = |name: String, layout, place| View {
        register,
        type_name: names::type_name(&name),
        module: names::lower_name(&name),
        name,
        layout,
        place,
    };
    let own = view(
        register.name().to_owned(),
        model.layout(register),
        Place::Table(index),
    );
    let alternatives = register.alternatives().iter().map(|alternative| {
        let name = format!("{}_{}", alternative.prefix(), register.name());
        view(
            name,
            Some(alternative.layout()),
            Place::AlternativeTo(main.clone()),
        )
    });
    std::iter::once(own).chain(alternatives).collect()
}

/// Checks that the names inside a register's types are all different; `views` are all those types.
fn check_identifiers(
    view: &View<'_>,
    views: &[View<'_>],
    properties: &mut Scope,
) -> Result<(), Diagnostic> {
    let mut methods = Scope::with(&register::OWN_METHODS);
    for other in views.iter().filter(|other| other.has_conversion_with(view)) {
        methods.claim(&other.module, &other.name, view.register.span())?;
    }
    let mut types = Scope::with(&field::OWN_STATICS);
    for field in view.layout.into_iter().flat_map(Layout::fields) {
        let (subject, span) = (format!("{}.{}", view.name, field.name()), field.span());
        methods.claim(names::lower_name(field.name()), &subject, span)?;
        methods.claim(register::setter_name(field), &subject, span)?;
        types.claim(names::type_name(field.name()), &subject, span)?;
        properties.claim(field::property(view, field), &subject, span)?;
        let mut constants = Scope::with(&field::OWN_CONSTANTS);
        for value in field.enumerators() {
            let subject = format!("{subject}.{}", value.name());
            constants.claim(names::const_name(value.name()), &subject, value.span())?;
        }
    }
    Ok(())
}

impl View<'_> {
    /// Whether the two are the register and a further layout of it.
    fn has_conversion_with(&self, other: &Self) -> bool {
        matches!(
            (&self.place, &other.place),
            (Place::Table(_), Place::AlternativeTo(_)) | (Place::AlternativeTo(_), Place::Table(_))
        )
    }
}

/// What registers and fields derive; equality lets their constants stand in patterns.
fn derives() -> TokenStream {
    quote! {
        #[derive(
            ::core::clone::Clone,
            ::core::marker::Copy,
            ::core::cmp::PartialEq,
            ::core::cmp::Eq,
            ::core::hash::Hash,
        )]
        #[repr(transparent)]
    }
}

/// The static table of all registers.
fn table(views: &[View<'_>]) -> TokenStream {
    let modules = views.iter().filter_map(|view| match view.place {
        Place::Table(_) => Some(&view.module),
        Place::AlternativeTo(_) => None,
    });
    quote! {
        /// Every register of the description, in file order.
        pub static DESCRIPTION: ::idreg_runtime::description::Description =
            ::idreg_runtime::description::Description {
                registers: &[#(&#modules::REGISTER),*],
            };
    }
}
