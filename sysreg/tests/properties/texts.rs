//! Generators of texts: real texts with slips, words in any order, and valid descriptions.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sysreg::AARCH64_ID;

/// Words of the grammar, and words that resemble them.
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

/// Generates a text of some registers of the shipped description.
pub(crate) fn real_text() -> impl Strategy<Value = String> {
    let blocks: Vec<&'static str> = AARCH64_ID.split_inclusive("EndSysreg\n").collect();
    vec(select(blocks), 1..4).prop_map(|blocks| blocks.concat())
}

/// A slip in editing a text.
#[derive(Clone, Debug)]
pub(crate) enum Slip {
    DeleteLine(Index),
    DeleteWord(Index),
    ReplaceWord(Index, &'static str),
    SwapLines(Index, Index),
    CopyLine(Index, Index),
    ReplaceByte(Index, u8),
}

pub(crate) fn slip() -> impl Strategy<Value = Slip> {
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

pub(crate) fn apply(text: &str, slip: &Slip) -> String {
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

/// Generates a text of the grammar's words in any order.
pub(crate) fn word_salad() -> impl Strategy<Value = String> {
    let line = vec(select(&WORDS), 0..4).prop_map(|words| words.join(" "));
    let first = select(vec!["", "Sysreg A 3 0 0 0 0\n", "SysregFields A\n"]);
    let lines = vec(line, 0..20).prop_map(|lines| lines.join("\n"));
    (first, lines).prop_map(|(first, lines)| format!("{first}{lines}"))
}

/// Writes a valid layout: entries from bit 63 down, with widths and kinds from the numbers.
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

/// Generates a layout, possibly after layouts under a prefix.
fn layouts() -> impl Strategy<Value = String> {
    (vec(layout(), 0..3), layout()).prop_map(|(prefixed, layout)| {
        let prefixes = prefixed.iter().enumerate();
        let prefixes = prefixes.map(|(n, layout)| format!("Prefix P{n}\n{layout}EndPrefix\n"));
        prefixes.chain([layout]).collect()
    })
}

/// Generates a valid description; every target comes before the block that refers to it.
pub(crate) fn valid_text() -> impl Strategy<Value = String> {
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
