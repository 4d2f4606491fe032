//! The bytes of version 1 of the protocol, which later versions read.

use expect_test::{Expect, expect};
use std::fmt::Write;
use vmm_demo::migration::hello::{HelloAnswer, HelloOffer, MemoryMode, StreamGreeting};
use vmm_demo::migration::inquiry::{AttemptEnd, DoubtDecision, EndAnswer, Question};
use vmm_demo::migration::memory_map::{MemoryMap, RamSlot};
use vmm_demo::migration::message::{self, MessageKind};
use vmm_demo::migration::objection::{Objection, PeerError};
use vmm_demo::migration::pages::{PageEncoding, PageRun, ZeroRuns};
use vmm_demo::migration::payload::to_json;
use vmm_demo::migration::token::Token;

fn check(kind: MessageKind, payload: &[u8], expected: &Expect) {
    let mut bytes = Vec::new();
    message::append(&mut bytes, kind, 7, payload).expect("a message");
    let mut text = String::new();
    for line in bytes.chunks(16) {
        let hexadecimal = line.iter().map(|byte| format!("{byte:02x}"));
        let characters = line.iter().map(|byte| match byte {
            0x20..=0x7e => char::from(*byte),
            _ => '.',
        });
        let (hexadecimal, characters) = (
            hexadecimal.collect::<Vec<_>>().join(" "),
            characters.collect::<String>(),
        );
        writeln!(text, "{hexadecimal:<47}  {characters}").expect("a String");
    }
    expected.assert_eq(&text);
}

fn json(kind: MessageKind, value: &impl serde::Serialize) -> Vec<u8> {
    to_json(kind, value).expect("JSON")
}

#[test]
fn hello_of_both_sides() {
    let offer = HelloOffer {
        program: "vmm-demo 0.1.0".into(),
        versions: vec![1],
        token: Token::new([0xab; 16]),
        memory: MemoryMode::Copy,
        lease: true,
        streams: 1,
        zstd: false,
    };
    let kind = MessageKind::Hello;
    check(
        kind,
        &json(kind, &offer),
        &expect![[r#"
        69 64 6d 67 01 00 00 00 07 00 00 00 00 00 00 00  idmg............
        8c 00 00 00 7f 0f 9c f8 91 b6 dd 5f 7b 22 70 72  ..........._{"pr
        6f 67 72 61 6d 22 3a 22 76 6d 6d 2d 64 65 6d 6f  ogram":"vmm-demo
        20 30 2e 31 2e 30 22 2c 22 76 65 72 73 69 6f 6e   0.1.0","version
        73 22 3a 5b 31 5d 2c 22 74 6f 6b 65 6e 22 3a 22  s":[1],"token":"
        61 62 61 62 61 62 61 62 61 62 61 62 61 62 61 62  abababababababab
        61 62 61 62 61 62 61 62 61 62 61 62 61 62 61 62  abababababababab
        22 2c 22 6d 65 6d 6f 72 79 22 3a 22 63 6f 70 79  ","memory":"copy
        22 2c 22 6c 65 61 73 65 22 3a 74 72 75 65 2c 22  ","lease":true,"
        73 74 72 65 61 6d 73 22 3a 31 2c 22 7a 73 74 64  streams":1,"zstd
        22 3a 66 61 6c 73 65 7d                          ":false}
    "#]],
    );
    let answer = HelloAnswer {
        program: "vmm-demo 0.1.0".into(),
        version: 1,
        streams: 1,
        zstd: false,
    };
    check(
        kind,
        &json(kind, &answer),
        &expect![[r#"
            69 64 6d 67 01 00 00 00 07 00 00 00 00 00 00 00  idmg............
            41 00 00 00 6b b1 c5 4d bb 56 b7 7e 7b 22 70 72  A...k..M.V.~{"pr
            6f 67 72 61 6d 22 3a 22 76 6d 6d 2d 64 65 6d 6f  ogram":"vmm-demo
            20 30 2e 31 2e 30 22 2c 22 76 65 72 73 69 6f 6e   0.1.0","version
            22 3a 31 2c 22 73 74 72 65 61 6d 73 22 3a 31 2c  ":1,"streams":1,
            22 7a 73 74 64 22 3a 66 61 6c 73 65 7d           "zstd":false}
        "#]],
    );
}

#[test]
fn greeting_of_a_further_connection() {
    let greeting = StreamGreeting {
        token: Token::new([0xab; 16]),
        number: 3,
    };
    let kind = MessageKind::Stream;
    check(
        kind,
        &json(kind, &greeting),
        &expect![[r#"
        69 64 6d 67 11 00 00 00 07 00 00 00 00 00 00 00  idmg............
        37 00 00 00 d3 7b d9 ef f3 8f 1f 6e 7b 22 74 6f  7....{.....n{"to
        6b 65 6e 22 3a 22 61 62 61 62 61 62 61 62 61 62  ken":"ababababab
        61 62 61 62 61 62 61 62 61 62 61 62 61 62 61 62  abababababababab
        61 62 61 62 61 62 22 2c 22 6e 75 6d 62 65 72 22  ababab","number"
        3a 33 7d                                         :3}
    "#]],
    );
    check(
        MessageKind::RoundBegin,
        &7_u64.to_le_bytes(),
        &expect![[r#"
            69 64 6d 67 12 00 00 00 07 00 00 00 00 00 00 00  idmg............
            08 00 00 00 70 d6 e7 6f 6d 63 58 bf 07 00 00 00  ....p..omcX.....
            00 00 00 00                                      ....
        "#]],
    );
}

#[test]
fn question_and_answer() {
    let question = Question {
        token: Token::new([0xab; 16]),
        decision: DoubtDecision::Run,
    };
    let kind = MessageKind::Question;
    check(
        kind,
        &json(kind, &question),
        &expect![[r#"
        69 64 6d 67 13 00 00 00 07 00 00 00 00 00 00 00  idmg............
        3d 00 00 00 3e b7 66 8b 40 04 33 a0 7b 22 74 6f  =...>.f.@.3.{"to
        6b 65 6e 22 3a 22 61 62 61 62 61 62 61 62 61 62  ken":"ababababab
        61 62 61 62 61 62 61 62 61 62 61 62 61 62 61 62  abababababababab
        61 62 61 62 61 62 22 2c 22 64 65 63 69 73 69 6f  ababab","decisio
        6e 22 3a 22 72 75 6e 22 7d                       n":"run"}
    "#]],
    );
    let kind = MessageKind::End;
    check(
        kind,
        &json(
            kind,
            &EndAnswer {
                end: AttemptEnd::InDoubt,
            },
        ),
        &expect![[r#"
            69 64 6d 67 14 00 00 00 07 00 00 00 00 00 00 00  idmg............
            12 00 00 00 c6 9d 4b 04 09 eb 04 4a 7b 22 65 6e  ......K....J{"en
            64 22 3a 22 69 6e 2d 64 6f 75 62 74 22 7d        d":"in-doubt"}
        "#]],
    );
}

#[test]
fn refusal() {
    let reasons = vec![Objection::new("no").but("host")];
    let kind = MessageKind::Refuse;
    check(
        kind,
        &json(kind, &PeerError { reasons }),
        &expect![[r#"
        69 64 6d 67 04 00 00 00 07 00 00 00 00 00 00 00  idmg............
        31 00 00 00 8c d8 a2 85 f8 29 c0 4a 7b 22 72 65  1........).J{"re
        61 73 6f 6e 73 22 3a 5b 7b 22 72 65 61 73 6f 6e  asons":[{"reason
        22 3a 22 6e 6f 22 2c 22 77 6f 75 6c 64 5f 77 6f  ":"no","would_wo
        72 6b 22 3a 22 68 6f 73 74 22 7d 5d 7d           rk":"host"}]}
    "#]],
    );
}

#[test]
fn memory_map() {
    let slots = vec![RamSlot {
        address: 0x8000_0000,
        size: 4096,
        offset: 0,
    }];
    let kind = MessageKind::Memory;
    check(
        kind,
        &json(kind, &MemoryMap { slots }),
        &expect![[r#"
        69 64 6d 67 05 00 00 00 07 00 00 00 00 00 00 00  idmg............
        39 00 00 00 cd 6f 7c b8 46 7a 28 58 7b 22 73 6c  9....o|.Fz(X{"sl
        6f 74 73 22 3a 5b 7b 22 61 64 64 72 65 73 73 22  ots":[{"address"
        3a 32 31 34 37 34 38 33 36 34 38 2c 22 73 69 7a  :2147483648,"siz
        65 22 3a 34 30 39 36 2c 22 6f 66 66 73 65 74 22  e":4096,"offset"
        3a 30 7d 5d 7d                                   :0}]}
    "#]],
    );
}

#[test]
fn memory_contents() {
    let run = PageRun {
        address: 0x8000_1000,
        length: 4096,
        encoding: PageEncoding::Zstd,
        data: b"data",
    };
    check(
        MessageKind::Pages,
        &run.bytes(),
        &expect![[r#"
        69 64 6d 67 07 00 00 00 07 00 00 00 00 00 00 00  idmg............
        15 00 00 00 1c 60 66 b2 d7 f1 73 f9 00 10 00 80  .....`f...s.....
        00 00 00 00 00 10 00 00 00 00 00 00 01 64 61 74  .............dat
        61                                               a
    "#]],
    );
    let zeros = ZeroRuns(vec![(0x8000_0000, 4096)]);
    check(
        MessageKind::Zeros,
        &zeros.bytes(),
        &expect![[r#"
        69 64 6d 67 08 00 00 00 07 00 00 00 00 00 00 00  idmg............
        10 00 00 00 8c f2 0f 2b a6 f9 37 b3 00 00 00 80  .......+..7.....
        00 00 00 00 00 10 00 00 00 00 00 00              ............
    "#]],
    );
}

#[test]
fn messages_without_content_before_memory() {
    for (kind, expected) in [
        (
            MessageKind::View,
            expect![[r#"
            69 64 6d 67 02 00 00 00 07 00 00 00 00 00 00 00  idmg............
            00 00 00 00 00 00 00 00 01 23 72 a2              .........#r.
        "#]],
        ),
        (
            MessageKind::Accept,
            expect![[r#"
            69 64 6d 67 03 00 00 00 07 00 00 00 00 00 00 00  idmg............
            00 00 00 00 00 00 00 00 47 18 15 c7              ........G...
        "#]],
        ),
        (
            MessageKind::Allocated,
            expect![[r#"
            69 64 6d 67 06 00 00 00 07 00 00 00 00 00 00 00  idmg............
            00 00 00 00 00 00 00 00 58 c8 9f ec              ........X...
        "#]],
        ),
    ] {
        check(kind, &[], &expected);
    }
}

#[test]
fn messages_without_content_after_memory() {
    for (kind, expected) in [
        (
            MessageKind::RoundEnd,
            expect![[r#"
            69 64 6d 67 09 00 00 00 07 00 00 00 00 00 00 00  idmg............
            00 00 00 00 00 00 00 00 79 b8 00 90              ........y...
        "#]],
        ),
        (
            MessageKind::RoundDone,
            expect![[r#"
            69 64 6d 67 0a 00 00 00 07 00 00 00 00 00 00 00  idmg............
            00 00 00 00 00 00 00 00 b3 f5 a9 3f              ...........?
        "#]],
        ),
        (
            MessageKind::State,
            expect![[r#"
            69 64 6d 67 0b 00 00 00 07 00 00 00 00 00 00 00  idmg............
            00 00 00 00 00 00 00 00 f5 ce ce 5a              ...........Z
        "#]],
        ),
        (
            MessageKind::Ready,
            expect![[r#"
            69 64 6d 67 0c 00 00 00 07 00 00 00 00 00 00 00  idmg............
            00 00 00 00 00 00 00 00 66 68 8a bb              ........fh..
        "#]],
        ),
        (
            MessageKind::HandOver,
            expect![[r#"
            69 64 6d 67 0d 00 00 00 07 00 00 00 00 00 00 00  idmg............
            00 00 00 00 00 00 00 00 20 53 ed de              ........ S..
        "#]],
        ),
        (
            MessageKind::Running,
            expect![[r#"
            69 64 6d 67 0e 00 00 00 07 00 00 00 00 00 00 00  idmg............
            00 00 00 00 00 00 00 00 ea 1e 44 71              ..........Dq
        "#]],
        ),
        (
            MessageKind::KeepAlive,
            expect![[r#"
            69 64 6d 67 0f 00 00 00 07 00 00 00 00 00 00 00  idmg............
            00 00 00 00 00 00 00 00 ac 25 23 14              .........%#.
        "#]],
        ),
        (
            MessageKind::Error,
            expect![[r#"
            69 64 6d 67 10 00 00 00 07 00 00 00 00 00 00 00  idmg............
            00 00 00 00 00 00 00 00 a8 fe 7a 88              ..........z.
        "#]],
        ),
    ] {
        check(kind, &[], &expected);
    }
}
