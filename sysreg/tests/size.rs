//! Large and hostile descriptions: with quadratic work, no test here ends in reasonable time.

use std::fmt::Write;
use sysreg::{Changes, Generator, Loaded, MAX_BYTES, Source, defines, import, load, render};

const MANY: usize = 50_000;

fn load_text(text: String) -> (Source, Loaded) {
    let source = Source::new("test.sysreg", text).expect("the text is within the limit");
    let loaded = load(&source);
    (source, loaded)
}

/// Loads a text, renders its diagnostics, and checks their number and the size of their text.
fn check(text: String, diagnostics: usize) {
    let (source, loaded) = load_text(text);
    assert_eq!(loaded.diagnostics.len(), diagnostics);
    let shown: usize = loaded
        .diagnostics
        .iter()
        .map(|diagnostic| render(&source, diagnostic).len())
        .sum();
    assert!(shown < (diagnostics + 1) * 1000);
}

fn numbered(line: impl Fn(usize) -> String) -> String {
    let lines: Vec<String> = (0..MANY).map(line).collect();
    lines.concat()
}

/// Writes a register for each encoding, with a `Mapping` to the register that `target` returns.
fn mappings(target: impl Fn(usize) -> usize) -> String {
    let mut out = String::new();
    for n in 0..1 << 16 {
        let [op0, op1] = [n >> 14, (n >> 11) & 7];
        let [crn, crm, op2] = [(n >> 7) & 15, (n >> 3) & 15, n & 7];
        let target = target(n);
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "Sysreg R{n} {op0} {op1} {crn} {crm} {op2}\nMapping R{target}\nEndSysreg\n"
        );
    }
    out
}

#[test]
fn empty_lines_up_to_the_limit() {
    check("\n".repeat(MAX_BYTES), 0);
}

#[test]
fn many_bad_lines() {
    let lines = "x\n".repeat(MANY);
    check(format!("Sysreg A 3 0 0 0 0\n{lines}EndSysreg\n"), MANY);
}

#[test]
fn many_bad_entries() {
    let lines = "Res0 0\n".repeat(MANY);
    check(format!("Sysreg A 3 0 0 0 0\n{lines}EndSysreg\n"), MANY - 1);
}

#[test]
fn many_bad_values() {
    let lines = numbered(|n| format!("0b2 V{n}\n"));
    let text = format!("Sysreg A 3 0 0 0 0\nEnum 63:0 X\n{lines}EndEnum\nEndSysreg\n");
    check(text, MANY);
}

#[test]
fn many_bad_blocks() {
    let blocks = numbered(|n| format!("SysregFields F{n}\nEndSysregFields\n"));
    check(blocks, MANY);
}

#[test]
fn a_huge_name_is_not_repeated_in_every_message() {
    let name = "A".repeat(MAX_BYTES / 2);
    let lines = "Res0 x\n".repeat(MANY);
    check(
        format!("Sysreg {name} 3 0 0 0 0\n{lines}EndSysreg\n"),
        MANY + 1,
    );
}

#[test]
fn a_long_chain_of_mappings_is_followed_to_its_end() {
    let mut text = mappings(|n| n + 1);
    let cut = text.rfind("Mapping").expect("there are mappings");
    text.replace_range(cut.., "Field 63:0 X\nEndSysreg\n");
    let (_, loaded) = load_text(text);
    assert_eq!(loaded.diagnostics, []);
    let first = loaded.model.register("R0").unwrap();
    let layout = loaded.model.layout(first).unwrap();
    assert!(layout.field("X").is_some());
}

#[test]
fn a_long_chain_of_mappings_is_followed_once() {
    let mut text = mappings(|n| n + 1);
    let cut = text.rfind("Mapping").expect("there are mappings");
    text.replace_range(cut.., "Field 63:0 X\nEndSysreg\n");
    let (_, Loaded { model, .. }) = load_text(text);
    assert!(
        model
            .registers()
            .all(|register| model.layout(register).is_some())
    );
    assert!(Changes::between(&model, &model).all().is_empty());
    assert_eq!(
        defines(&model, Generator::Linux7_3).count(),
        10 * (1 << 16) + 4
    );
    let imported = import(&model, &model, "");
    assert_eq!(imported.matches("EndSysreg\n").count(), 3 * 8 * 8);
}

#[test]
fn names_do_not_multiply_what_is_defined() {
    let name = "A".repeat(MAX_BYTES / 4);
    let values = numbered(|n| format!("0b{n:b} V{n}\n"));
    let text = format!("Sysreg {name} 3 0 0 0 0\nEnum 63:0 X\n{values}EndEnum\nEndSysreg\n");
    let (_, loaded) = load_text(text);
    let defined: usize = defines(&loaded.model, Generator::Linux7_3)
        .map(|define| define.name.len())
        .sum();
    assert_eq!((loaded.diagnostics.len(), defined), (1, 0));
}

#[test]
fn a_long_circle_of_mappings_is_one_mistake() {
    let (_, loaded) = load_text(mappings(|n| (n + 1) % (1 << 16)));
    assert_eq!(loaded.diagnostics.len(), 1);
    assert_eq!(loaded.model.registers().count(), 0);
}
