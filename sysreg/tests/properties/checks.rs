//! Properties of every description, valid or not; the fuzz target checks them too.

use crate::statements::statements;
use std::collections::BTreeSet;
use sysreg::{
    Alternative, Body, Changes, Diagnostic, Generator, Layout, Loaded, MAX_BYTES, Model, Register,
    Rule, Severity, Source, SourceError, Span, defines, load, load_strict, render,
};

/// Checks any bytes as files, separated by NUL.
pub(crate) fn check_bytes(bytes: &[u8]) {
    let mut files = Vec::new();
    for (index, file) in bytes.split(|byte| *byte == 0).enumerate() {
        match Source::from_bytes(format!("{index}.sysreg"), file.to_vec()) {
            Ok(source) => {
                assert_eq!(source.text().as_bytes(), file);
                files.push(source);
            }
            Err(error) => return check_refusal(file, &error),
        }
    }
    let one = files
        .iter()
        .map(Source::text)
        .collect::<Vec<_>>()
        .join("\n");
    let Ok(source) = Source::join(files) else {
        return assert!(bytes.len() > MAX_BYTES);
    };
    let loaded = check(&source);
    if loaded.diagnostics.is_empty()
        && let Ok(one) = Source::new("one.sysreg", one)
    {
        assert_eq!(statements(&load(&one).model), statements(&loaded.model));
    }
}

fn check_refusal(file: &[u8], error: &SourceError) {
    match error {
        SourceError::TooLarge { bytes } => {
            assert!(*bytes == Some(file.len()) && file.len() > MAX_BYTES);
        }
        SourceError::NotUtf8 { line, column } => {
            let good = std::str::from_utf8(file).map_or_else(|error| error.valid_up_to(), str::len);
            assert!(good < file.len(), "the bytes are UTF-8");
            let good = file.iter().take(good);
            assert_eq!(
                good.clone().filter(|byte| **byte == b'\n').count() + 1,
                *line
            );
            assert_eq!(
                good.rev().take_while(|byte| **byte != b'\n').count() + 1,
                *column
            );
        }
        _ => unreachable!("an error the test does not know"),
    }
}

/// Loads a description, checks all results, and returns the result of [`load`].
pub(crate) fn check(source: &Source) -> Loaded {
    let (loaded, strict) = (load(source), load_strict(source));
    check_diagnostics(source, &loaded.diagnostics);
    check_strict(&loaded, &strict);
    check_model(source, &loaded.model);
    check_printed(&loaded.model);
    assert!(
        Changes::between(&loaded.model, &loaded.model)
            .all()
            .is_empty()
    );
    defines(&loaded.model, Generator::Linux7_3).for_each(drop);
    loaded
}

fn check_diagnostics(source: &Source, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let place = check_span(source, diagnostic.span);
        let shown = render(source, diagnostic);
        assert!(
            shown.starts_with(&format!("{diagnostic}\n  at {place}\n")),
            "{shown}"
        );
        assert!(
            !shown.contains(|c: char| c.is_control() && c != '\n'),
            "{shown:?}"
        );
        for span in diagnostic.notes.iter().filter_map(|note| note.span) {
            let place = check_span(source, span);
            assert!(shown.contains(&format!(", at {place}")), "{shown}");
        }
    }
    assert!(diagnostics.is_sorted_by_key(|diagnostic| diagnostic.span.start));
}

/// Checks that a span is text in one line of one file, and returns its place.
fn check_span(source: &Source, span: Span) -> String {
    let text = source.text().get(span.start as usize..span.end as usize);
    assert!(text.is_some_and(|text| !text.is_empty()), "{span:?}");
    let (first, last) = (source.location(span.start), source.location(span.end - 1));
    assert_eq!((first.file, first.line), (last.file, last.line), "{span:?}");
    let columns = source.line_at(span.start).chars().count();
    assert!(first.column <= columns + 1, "{first} is past {columns}");
    first.to_string()
}

/// Checks that strict loading reports the same, and that its model has no register with an error.
fn check_strict(loaded: &Loaded, strict: &Loaded) {
    let mut expected = loaded.diagnostics.clone();
    for diagnostic in &mut expected {
        if diagnostic.rule == Rule::DuplicateValue {
            diagnostic.severity = Severity::Error;
        }
    }
    assert_eq!(strict.diagnostics, expected);
    for register in strict.model.registers() {
        let same = loaded.model.register(register.name()).expect("it is right");
        assert_eq!(register.to_string(), same.to_string());
    }
    if strict.diagnostics == loaded.diagnostics {
        assert_eq!(statements(&strict.model), statements(&loaded.model));
    }
}

/// Checks the guarantees of every model.
fn check_model(source: &Source, model: &Model) {
    let mut names = BTreeSet::new();
    for register in model.registers() {
        assert_eq!(source.slice(register.span()), register.name());
        assert!(names.insert(("Sysreg", register.name())));
        check_alternatives(source, register.alternatives());
        match register.body() {
            Body::Own(layouts) => check_layout(source, layouts.layout()),
            body => check_reference(model, register, body),
        }
    }
    for shared in model.shared_layouts() {
        assert_eq!(source.slice(shared.span()), shared.name());
        assert!(names.insert(("SysregFields", shared.name())));
        check_alternatives(source, shared.layouts().alternatives());
        check_layout(source, shared.layouts().layout());
    }
}

fn check_reference(model: &Model, register: &Register, body: &Body) {
    let expected = match body {
        Body::Fields { target, .. } => {
            let shared = model.shared_layout(target);
            shared.map(|shared| shared.layouts().layout())
        }
        Body::Mapping { target, .. } => {
            let register = model.register(target);
            register.and_then(|register| model.layout(register))
        }
        _ => unreachable!("a body the test does not know"),
    };
    let found = model.layout(register);
    assert_eq!(
        found.map(std::ptr::from_ref),
        expected.map(std::ptr::from_ref)
    );
}

fn check_alternatives(source: &Source, alternatives: &[Alternative]) {
    let prefixes: BTreeSet<_> = alternatives.iter().map(Alternative::prefix).collect();
    assert_eq!(prefixes.len(), alternatives.len());
    for alternative in alternatives {
        check_layout(source, alternative.layout());
    }
}

/// Checks that the entries cover all bits from 63 down, and that values fit.
fn check_layout(source: &Source, layout: &Layout) {
    let mut next = 64;
    for entry in layout.entries() {
        assert_eq!(entry.bits().msb() + 1, next);
        next = entry.bits().lsb();
    }
    assert_eq!(next, 0);
    let mut names = BTreeSet::new();
    for field in layout.fields() {
        assert_eq!(source.slice(field.span()), field.name());
        assert!(names.insert(field.name()));
        let mut names = BTreeSet::new();
        for value in field.enumerators() {
            assert_eq!(source.slice(value.span()), value.name());
            assert!(names.insert(value.name()));
            assert!(value.value() <= u64::MAX >> (64 - field.bits().width()));
        }
    }
}

/// Checks that a model's text loads to the same model.
fn check_printed(model: &Model) {
    let text = model.to_string();
    let size = text.len();
    let Ok(source) = Source::new("printed.sysreg", text) else {
        return assert!(size > MAX_BYTES, "{size} bytes are refused");
    };
    let again = load(&source);
    assert!(!again.diagnostics.iter().any(Diagnostic::is_error));
    assert_eq!(statements(&again.model), statements(model));
    assert_eq!(again.model.to_string(), source.text());
}
