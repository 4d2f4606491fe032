//! Malformed views and lists of hosts: each has its own message and exit code 2; none panics.

use super::program::{Directory, Output, host_file};
use serde_json::Value;

const HOST: &str = "neoverse-n1-latest";

/// The place of a member in a valid view file, its replacement, and a part of the message.
type BadMember = (&'static str, &'static str, &'static str);

const MEMBERS: &[BadMember] = &[
    ("/schema", r#""idreg-view/2""#, "newer than `idreg-view/1`"),
    ("/schema", r#""idreg-host/1""#, "not a view file"),
    ("/schema", "1", "`schema`: invalid type: integer `1`"),
    ("/kernel_release", "7", "`kernel_release`: invalid type"),
    ("/kernel_release", r#""7.2\n""#, r"the kernel's release is "),
    (
        "/cpu",
        r#""neoverse-n9""#,
        "`cpu`: no CPU model `neoverse-n9`",
    ),
    (
        "/cpu",
        "null",
        "`cpu`: invalid type: null, expected a string",
    ),
    (
        "/vcpu",
        "[]",
        "`vcpu`: invalid type: sequence, expected an object",
    ),
    ("/vcpu/gic", r#""v4""#, "`vcpu.gic`: unknown variant `v4`"),
    ("/vcpu/sve", "1", "`vcpu.sve`: invalid type: integer `1`"),
    (
        "/sve_vector_lengths",
        "[256]",
        "the SVE vector lengths are 256, expected none, since `sve` is false",
    ),
    (
        "/sve_vector_lengths",
        r#"["128"]"#,
        "`sve_vector_lengths[0]`",
    ),
    ("/timer_frequency", "-1", "`timer_frequency`: invalid value"),
    ("/timer_frequency", "1e9", "`timer_frequency`: invalid type"),
    ("/registers", "[]", "`registers`: invalid type: sequence"),
    ("/registers/MIDR_EL1", "1", "`registers.MIDR_EL1`: "),
    ("/registers/MIDR_EL1", r#""01""#, "`01` has a leading zero"),
    ("/registers/MIDR_EL1", r#""0xg""#, "is not a number"),
    (
        "/registers/MIDR_EL1",
        r#""0x10000000000000000""#,
        "is not a number",
    ),
    ("/vcpus", "[]", "0 vCPUs, expected 1 to 512"),
    ("/vcpus", "{}", "`vcpus`: invalid type: map"),
    ("/vcpus/0", "7", "`vcpus[0]`: invalid type: integer `7`"),
    (
        "/vcpus/0/registers",
        r#"{"MIDR_EL1": "0x1"}"#,
        "`vcpus[0]`: register MIDR_EL1 is in `registers` as well; keep one",
    ),
    (
        "/vcpus/0/registers",
        r#"{"NO_EL1": "0x1"}"#,
        "`vcpus[0]`: register NO_EL1",
    ),
    ("/caches", r#"["0x100000000"]"#, "has more than 32 bits"),
];

fn is_error(output: &Output, part: &str, case: &str) {
    let error = &output.stderr;
    assert_eq!(output.code, Some(2), "{case}: {error}");
    assert!(output.stdout.is_empty(), "{case}");
    assert!(error.starts_with("error: "), "{case}: {error}");
    assert!(error.contains(part), "{case}: `{part}` is not in: {error}");
}

fn with_guest() -> Directory {
    let directory = Directory::new();
    directory.hosts("hosts", &[HOST]);
    directory.view("guest.json", HOST, "host");
    directory
}

#[test]
fn malformed_views() {
    let directory = with_guest();
    let view = std::fs::read_to_string(directory.path("guest.json")).expect("a view");
    for (place, member, part) in MEMBERS {
        let mut view: Value = serde_json::from_str(&view).expect("JSON");
        let (object, name) = place.rsplit_once('/').expect("a place");
        let object = view.pointer_mut(object).expect(place);
        let member: Value = serde_json::from_str(member).expect(place);
        match name.parse::<usize>() {
            Ok(index) => object[index] = member,
            Err(_) => object[name] = member,
        }
        directory.write("bad.json", view.to_string());
        let output = directory.idreg(&["where", "bad.json", "hosts"]);
        is_error(&output, part, place);
        is_error(&output, "cannot use the view file `bad.json`: ", place);
    }
}

#[test]
fn files_that_are_no_views() {
    let directory = with_guest();
    let view = std::fs::read_to_string(directory.path("guest.json")).expect("a view");
    let half = view.split_at(view.len() / 2).0;
    let host = host_file(HOST);
    for (bytes, part) in [
        (&b""[..], "EOF while parsing a value at line 1 column 0"),
        (b"\xef\xbb\xbf{}", "begins with a byte order mark"),
        (b"\xff\xfe{\0}\0", "the file is UTF-16"),
        (b"{}", "missing field `schema`"),
        (b"{} {}", "missing field `schema`"),
        (b"null", "invalid type: null, expected an object"),
        (b"{\"schema\": \"\x1b[2J\"}", "control character"),
        (half.as_bytes(), "EOF while parsing"),
        (host.as_bytes(), "not a view file"),
        (&b"[".repeat(1 << 20), "invalid type: sequence"),
        (&b" ".repeat(5 << 20), "longer than 4 MiB: not a view file"),
    ] {
        directory.write("bad.json", bytes);
        is_error(
            &directory.idreg(&["where", "bad.json", "hosts"]),
            part,
            part,
        );
    }
    for (path, part) in [
        (
            "none.json",
            "cannot use the view file `none.json`: No such file",
        ),
        ("hosts", "cannot use the view file `hosts`: Is a directory"),
    ] {
        is_error(&directory.idreg(&["where", path, "hosts"]), part, path);
    }
}

#[test]
fn malformed_lists_of_hosts() {
    let directory = with_guest();
    std::fs::create_dir(directory.path("empty")).expect("a directory");
    let good = host_file(HOST);
    let host: Value = serde_json::from_str(&good).expect("JSON");
    let wrong = host.to_string().replace("\"gic\":\"v3\"", "\"gic\":\"v9\"");
    let long = format!("{}{host}", " ".repeat(5 << 20));
    for (input, part) in [
        (
            String::new(),
            "cannot use the host file `-`: EOF while parsing",
        ),
        (
            "\n\n".to_owned(),
            "cannot use the host file `-`: EOF while parsing",
        ),
        (
            "hosts".to_owned(),
            "cannot use the host file `-`: expected value",
        ),
        (
            "[]\n[]\n".to_owned(),
            "cannot use the host file `-:1`: invalid type: sequence",
        ),
        (
            format!("[{host}]"),
            "cannot use the host file `-`: invalid type: sequence",
        ),
        (
            format!("{host}\n{wrong}\n"),
            "`-:2`: vcpu.gic: unknown variant `v9`",
        ),
        (format!("{host}\n{wrong}\n"), " at line 2 column "),
        (
            format!("{host}\n\n{{\n"),
            "`-:3`: EOF while parsing an object at line 3 column 1",
        ),
        (
            format!("{host}\n{host}{host}\n"),
            "`-:2`: trailing characters at line 2",
        ),
        (
            format!("{host}\n{long}\n"),
            "`-:2`: the line is longer than 4 MiB: not a host; the lines after it are not read",
        ),
        (long.clone(), "`-`: longer than 4 MiB: not a host file"),
        (good.replace("\"midr\"", "\"mdir\""), "missing field `midr`"),
        (format!("{good}{good}"), "`-`: trailing characters at line"),
        (format!("\u{feff}{host}\n{host}\n"), "byte order mark"),
    ] {
        let output =
            directory.idreg_with(&["where", "--json", "guest.json", "-"], input.as_bytes());
        let output = Output {
            stdout: String::new(),
            ..output
        };
        is_error(&output, part, part);
    }
    for (hosts, part) in [
        (
            &["empty"][..],
            "`empty`: the directory has no file `*.json`",
        ),
        (
            &["none.json"],
            "cannot use the host file `none.json`: No such file",
        ),
        (
            &["guest.json"],
            "`guest.json`: schema: schema `idreg-view/1` is not `idreg-host/1`: not a host file",
        ),
        (&["no\nsuch"], r"`no\nsuch`: No such file"),
    ] {
        let output = directory.idreg(&[&["where", "guest.json"], hosts].concat());
        is_error(&output, part, part);
    }
}

#[test]
fn usage_names_the_argument() {
    let directory = with_guest();
    for (arguments, part) in [
        (&["where"][..], "<VIEW>"),
        (&["where", "guest.json"], "<HOST>..."),
        (
            &["where", "--tolerate", "el1", "guest.json", "hosts"],
            "`el1` cannot be tolerated; write `el2`, `mitigations`, or the names of fields",
        ),
        (
            &["where", "--tolerate=", "guest.json", "hosts"],
            "--tolerate",
        ),
        (
            &["where", "--tolerate=el2,SYSREG_NO", "guest.json", "hosts"],
            "`SYSREG_NO` cannot be tolerated",
        ),
    ] {
        is_error(&directory.idreg(arguments), part, part);
    }
}

/// A file without an end is given up at the maximum length, also with `--keep-going`.
#[test]
#[cfg(target_os = "linux")]
fn endless_files() {
    let directory = with_guest();
    let output = directory.idreg(&["where", "/dev/zero", "hosts"]);
    is_error(&output, "`/dev/zero`: longer than 4 MiB", "a view");
    let output = directory.idreg(&["where", "--keep-going", "guest.json", "/dev/zero", "hosts"]);
    assert_eq!(output.code, Some(2));
    assert!(
        output.stderr.contains("`/dev/zero`: longer than 4 MiB"),
        "{}",
        output.stderr
    );
    assert!(
        output.stdout.ends_with("the guest fits 1 of 1 hosts\n"),
        "{}",
        output.stdout
    );
}
