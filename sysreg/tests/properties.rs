//! What holds for every text and for every valid model.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sysreg::{AARCH64_ID, Loaded, Source, Span, load, render};

/// Words of the grammar, and some that look like them.
const WORDS: [&str; 30] = [
    "Sysreg",
    "EndSysreg",
    "SysregFields",
    "EndSysregFields",
    "Prefix",
    "EndPrefix",
    "Enum",
    "SignedEnum",
    "UnsignedEnum",
    "EndEnum",
    "Field",
    "Fields",
    "Mapping",
    "Res0",
    "Res1",
    "Unkn",
    "Raz",
    "A",
    "B",
    "3",
    "0",
    "63:0",
    "63:32",
    "31:0",
    "0b0",
    "0b1",
    "# c",
    "é",
    "\u{feff}",
    "",
];

fn source(text: String) -> Source {
    Source::new("test.sysreg", text).expect("a test's text is small")
}

/// Loads a text and checks every diagnostic's places.
fn load_text(text: String) -> Result<Loaded, TestCaseError> {
    let source = source(text);
    let loaded = load(&source);
    for diagnostic in &loaded.diagnostics {
        check_span(&source, diagnostic.span)?;
        for note in &diagnostic.notes {
            note.span.map_or(Ok(()), |span| check_span(&source, span))?;
        }
        let shown = render(&source, diagnostic);
        prop_assert!(shown.starts_with(&diagnostic.message));
        prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'));
    }
    let in_order = |pair: &[sysreg::Diagnostic]| match pair {
        [first, second] => first.span.start <= second.span.start,
        _ => true,
    };
    prop_assert!(loaded.diagnostics.windows(2).all(in_order));
    Ok(loaded)
}

fn check_span(source: &Source, span: Span) -> Result<(), TestCaseError> {
    let text = source.text().get(span.start as usize..span.end as usize);
    prop_assert!(text.is_some(), "{span:?} is no part of the text");
    prop_assert!(
        !text.unwrap_or("\n").contains('\n'),
        "{span:?} is not on one line"
    );
    let place = source.location(span.start);
    let line = source.line(place.line);
    prop_assert!(place.column <= line.chars().count() + 1);
    Ok(())
}

/// Checks that a model's text is a description of it, and gives that text.
fn check_printed(loaded: &Loaded) -> Result<String, TestCaseError> {
    for register in loaded.model.registers() {
        let _ = loaded.model.layout(register);
    }
    let printed = loaded.model.to_string();
    let again = load_text(printed.clone())?;
    prop_assert!(!again.diagnostics.iter().any(sysreg::Diagnostic::is_error));
    prop_assert_eq!(&again.model.to_string(), &printed);
    Ok(printed)
}

/// Some registers of our own description.
fn real_text() -> impl Strategy<Value = String> {
    let blocks: Vec<&'static str> = AARCH64_ID.split_inclusive("EndSysreg\n").collect();
    vec(select(blocks), 1..4).prop_map(|blocks| blocks.concat())
}

/// One slip of an editor.
#[derive(Clone, Debug)]
enum Slip {
    DeleteLine(Index),
    DeleteWord(Index),
    ReplaceWord(Index, &'static str),
    SwapLines(Index, Index),
    CopyLine(Index, Index),
    ReplaceByte(Index, u8),
}

fn slip() -> impl Strategy<Value = Slip> {
    let at = any::<Index>;
    prop_oneof![
        at().prop_map(Slip::DeleteLine),
        at().prop_map(Slip::DeleteWord),
        (at(), select(&WORDS)).prop_map(|(at, word)| Slip::ReplaceWord(at, word)),
        (at(), at()).prop_map(|(one, other)| Slip::SwapLines(one, other)),
        (at(), at()).prop_map(|(from, to)| Slip::CopyLine(from, to)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Slip::ReplaceByte(at, byte)),
    ]
}

fn apply(text: &str, slip: &Slip) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut words: Vec<&str> = text.split_inclusive([' ', '\t', '\n']).collect();
    if lines.is_empty() {
        return String::new();
    }
    match slip {
        Slip::DeleteLine(at) => drop(lines.remove(at.index(lines.len()))),
        Slip::SwapLines(one, other) => {
            let count = lines.len();
            lines.swap(one.index(count), other.index(count));
        }
        Slip::CopyLine(from, to) => {
            let line = *from.get(&lines);
            lines.insert(to.index(lines.len()), line);
        }
        Slip::DeleteWord(at) => {
            words.remove(at.index(words.len()));
            return words.concat();
        }
        Slip::ReplaceWord(at, word) => {
            let at = at.index(words.len());
            words.splice(at..=at, [*word, "\t"]);
            return words.concat();
        }
        Slip::ReplaceByte(at, byte) => {
            let mut bytes = text.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes.splice(at..=at, [*byte]);
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    lines.concat()
}

/// A text of the grammar's words in any order.
fn word_salad() -> impl Strategy<Value = String> {
    let line = vec(select(&WORDS), 0..4).prop_map(|words| words.join(" "));
    let first = select(vec!["", "Sysreg A 3 0 0 0 0\n", "SysregFields A\n"]);
    let lines = vec(line, 0..20).prop_map(|lines| lines.join("\n"));
    (first, lines).prop_map(|(first, lines)| format!("{first}{lines}"))
}

/// A valid layout: entries from bit 63 down, whose widths and kinds the numbers choose.
fn layout_text(choices: &[(u8, u8, u8)]) -> String {
    let mut out = String::new();
    let mut next = 64_u8;
    for (index, (width, kind, values)) in choices.iter().enumerate() {
        let last = index + 1 == choices.len();
        let lsb = if last {
            0
        } else {
            next.saturating_sub(width % 16 + 1)
        };
        if next > 0 {
            let bits = format!("{}:{lsb}", next - 1);
            out.push_str(&entry_text(index, &bits, next - lsb, *kind, *values));
        }
        next = lsb;
    }
    out
}

fn entry_text(index: usize, bits: &str, width: u8, kind: u8, values: u8) -> String {
    let directive = match kind % 9 {
        0 => return format!("Res0 {bits}\n"),
        1 => return format!("Res1 {bits}\n"),
        2 => return format!("Unkn {bits}\n"),
        3 => return format!("Raz {bits}\n"),
        4 | 5 => return format!("Field {bits} F{index}\n"),
        6 => "Enum",
        7 => "SignedEnum",
        _ => "UnsignedEnum",
    };
    let highest = u64::MAX >> (64 - width);
    let values = (0..=u64::from(values % 8)).take_while(|value| *value <= highest);
    let values: Vec<String> = values
        .map(|value| format!("0b{value:b} {value}V\n"))
        .collect();
    let values = values.concat();
    format!("{directive} {bits} F{index}\n{values}EndEnum\n")
}

fn layout() -> impl Strategy<Value = String> {
    vec(any::<(u8, u8, u8)>(), 1..12).prop_map(|choices| layout_text(&choices))
}

/// A layout, possibly after others under a prefix.
fn layouts() -> impl Strategy<Value = String> {
    (vec(layout(), 0..3), layout()).prop_map(|(prefixed, layout)| {
        let prefixes = prefixed.iter().enumerate();
        let prefixes = prefixes.map(|(n, layout)| format!("Prefix P{n}\n{layout}EndPrefix\n"));
        prefixes.chain([layout]).collect()
    })
}

/// A description without mistakes: every target stands before the block that names it.
fn valid_text() -> impl Strategy<Value = String> {
    let block = (0..4_u8, any::<Index>(), layouts());
    vec(block, 1..8).prop_map(|blocks| {
        let mut out = String::new();
        let mut shared = Vec::new();
        for (n, (kind, at, layouts)) in blocks.iter().enumerate() {
            let head = format!("Sysreg R{n} 3 0 {} 0 {}\n", n / 8, n % 8);
            let block = match kind {
                0 => {
                    shared.push(n);
                    format!("SysregFields R{n}\n{layouts}EndSysregFields\n")
                }
                1 if !shared.is_empty() => {
                    format!("{head}Fields R{}\nEndSysreg\n", at.get(&shared))
                }
                2 if n > shared.len() => {
                    let registers: Vec<usize> = (0..n).filter(|n| !shared.contains(n)).collect();
                    format!("{head}Mapping R{}\nEndSysreg\n", at.get(&registers))
                }
                _ => format!("{head}{layouts}EndSysreg\n"),
            };
            out.push_str(&block);
        }
        out
    })
}

/// A model's text as the generators above write it: blanks for tabs, short values, all ranges long.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| {
            match word
                .strip_prefix("0b")
                .map(|digits| u64::from_str_radix(digits, 2))
            {
                Some(Ok(value)) => format!("0b{value:b}"),
                _ => word.to_owned(),
            }
        })
        .collect()
}

fn with_short_ranges(words: Vec<String>) -> Vec<String> {
    let short = |word: String| match word.split_once(':') {
        Some((msb, lsb)) if msb == lsb => lsb.to_owned(),
        _ => word,
    };
    words.into_iter().map(short).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_loads(text in any::<String>()) {
        check_printed(&load_text(text)?)?;
    }

    #[test]
    fn any_words_load(text in word_salad()) {
        check_printed(&load_text(text)?)?;
    }

    #[test]
    fn any_slips_load(text in real_text(), slips in vec(slip(), 1..6)) {
        let text = slips.iter().fold(text, |text, slip| apply(&text, slip));
        check_printed(&load_text(text)?)?;
    }

    /// A swap of two lines is up to four mistakes; no slip is told line by line.
    #[test]
    fn a_slip_is_not_a_landslide(text in real_text(), slip in slip()) {
        let before = load_text(text.clone())?;
        let after = load_text(apply(&text, &slip))?;
        let errors = |loaded: &Loaded| loaded.diagnostics.iter().filter(|d| d.is_error()).count();
        prop_assert!(errors(&after) <= errors(&before) + 6, "{:#?}", after.diagnostics);
    }

    #[test]
    fn any_bytes_are_a_source_or_not(bytes in vec(any::<u8>(), 0..64)) {
        match Source::from_bytes("test.sysreg", bytes.clone()) {
            Ok(source) => prop_assert_eq!(source.text().as_bytes(), &bytes),
            Err(_) => prop_assert!(String::from_utf8(bytes).is_err()),
        }
    }

    #[test]
    fn any_valid_description_is_kept_and_printed(text in valid_text()) {
        let loaded = load_text(text.clone())?;
        prop_assert!(loaded.diagnostics.is_empty(), "{:#?}", loaded.diagnostics);
        let printed = check_printed(&loaded)?;
        prop_assert_eq!(words(&printed), with_short_ranges(words(&text)));
    }

    #[test]
    fn any_place_has_a_line(text in any::<String>(), offset in any::<u32>()) {
        let source = source(text);
        for offset in [offset, offset % (u32::try_from(source.text().len()).unwrap_or(0) + 2)] {
            let place = source.location(offset);
            prop_assert!(source.line(place.line).len() <= source.text().len());
        }
    }
}
