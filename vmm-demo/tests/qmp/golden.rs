//! Replies compared with QEMU's, byte for byte (`qemu-10.0.2.txt`).

use crate::server::{Client, Server, connect};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/qmp/qemu-10.0.2.txt");

/// Environment variable with the QEMU program that makes the golden file anew.
const UPDATE: &str = "UPDATE_QMP_GOLDEN";

/// Ends any text that an input may have begun, and asks for a reply that no input has.
const END: &[u8] = b"\xff\n{\"execute\":\"end\",\"id\":\"end of case\"}";

/// The reply to the first byte of [`END`], unless it falls into a token.
const RESET: &str =
    r#"{"error": {"class": "GenericError", "desc": "JSON parse error, stray '\uFFFD'"}}"#;

/// A QEMU without a machine, killed at drop.
struct Qemu(Child);

impl Qemu {
    fn start(program: &str, socket: &Path) -> Self {
        let qmp = format!("unix:{},server=on,wait=off", socket.display());
        let child = Command::new(program)
            .args(["-M", "none", "-S", "-nodefaults", "-display", "none"])
            .args(["-qmp", &qmp])
            .stdin(Stdio::null())
            .spawn();
        Self(child.expect("QEMU starts"))
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// The bytes of an input in the golden file.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            bytes.push(u8::try_from(character).expect("ASCII"));
            continue;
        }
        bytes.push(match rest.next().expect("an escape") {
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            '\\' => b'\\',
            'x' => {
                let digits: String = rest.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16).expect("two digits")
            }
            other => panic!("`\\{other}` is no escape"),
        });
    }
    bytes
}

/// The replies to an input, without CRLF.
fn replies(client: &mut Client, input: &[u8]) -> Vec<String> {
    client.write(&[input, END].concat());
    let mut replies = Vec::new();
    loop {
        let line = client.line();
        let line = line.strip_suffix("\r\n").expect("CRLF");
        assert!(!line.contains('\n') && line.is_ascii(), "{line:?}");
        if line.starts_with(r#"{"id": "end of case""#) {
            break;
        }
        replies.push(line.to_owned());
    }
    replies.pop_if(|last| last == RESET);
    replies
}

#[test]
fn golden_replies_are_qemu_s() {
    let golden = fs::read_to_string(GOLDEN).expect("the golden file");
    let update = std::env::var(UPDATE).ok();
    let server = Server::start();
    let qemu_socket = server.directory.path().join("qemu.sock");
    let qemu = update.map(|program| Qemu::start(&program, &qemu_socket));
    let mut client = match &qemu {
        Some(_) => Client::negotiated(connect(&qemu_socket)),
        None => server.client(),
    };
    let (mut found, mut cases) = (String::new(), 0);
    for line in golden.lines().filter(|line| !line.starts_with('<')) {
        writeln!(found, "{line}").expect("memory");
        if let Some(input) = line.strip_prefix("> ") {
            cases += 1;
            for reply in replies(&mut client, &unescaped(input)) {
                writeln!(found, "< {reply}").expect("memory");
            }
        }
    }
    if qemu.is_some() {
        fs::write(GOLDEN, found).expect("the golden file");
        return;
    }
    assert!(cases > 500, "{cases} cases");
    let differs = golden.lines().zip(found.lines());
    let mut input = "";
    for (expected, found) in differs {
        if expected.starts_with('>') {
            input = expected;
        }
        assert_eq!(found, expected, "{input}");
    }
    assert_eq!(found.len(), golden.len());
}
