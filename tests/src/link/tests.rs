use super::*;
use crate::init::{Service, serve};
use crate::program::Program;
use std::fs;
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::Path;
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(30);

/// A link to a thread that serves the shell in a directory of its own.
fn shell() -> (Link, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let service = Service {
        programs: [(Program::VmmDemo, "/bin/sh".into())].into(),
        directory: directory.path().into(),
    };
    let (near, far) = UnixStream::pair().unwrap();
    thread::spawn(move || serve(&service, &mut far.try_clone().unwrap(), far));
    (Link::new(near).unwrap(), directory)
}

fn start<'a>(link: &'a Link, script: &str) -> Exchange<'a> {
    let args = vec![b"-c".to_vec(), script.as_bytes().to_vec()];
    link.run(Program::VmmDemo, args).unwrap()
}

/// Standard output, standard error and the last message.
fn finish(exchange: &Exchange<'_>) -> (Vec<u8>, Vec<u8>, Message) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    loop {
        match exchange.next(Instant::now() + LIMIT, LIMIT).unwrap() {
            Message::Stdout(bytes) => stdout.extend(bytes),
            Message::Stderr(bytes) => stderr.extend(bytes),
            end => return (stdout, stderr, end),
        }
    }
}

fn wait_for(file: &Path) {
    let started = Instant::now();
    while !file.exists() {
        assert!(
            started.elapsed() < LIMIT,
            "{} does not appear",
            file.display()
        );
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn output_is_complete_and_separate() {
    let (link, _directory) = shell();
    let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    link.put("in", &bytes, LIMIT).unwrap();
    let script = "cat in & tr '\\0-\\377' '\\1-\\377\\0' < in >&2; wait; exit 7";
    let (stdout, stderr, end) = finish(&start(&link, script));
    assert!(stdout == bytes);
    assert!(
        stderr
            == bytes
                .iter()
                .map(|byte| byte.wrapping_add(1))
                .collect::<Vec<_>>()
    );
    assert_eq!(end, Message::Exited(7));
}

#[test]
fn files_come_back() {
    let (link, _directory) = shell();
    let bytes: Vec<u8> = (0..=255).cycle().take(3 * CHUNK + 1).collect();
    link.put("there", &bytes, LIMIT).unwrap();
    finish(&start(&link, "mv there back"));
    assert!(link.get("back", LIMIT).unwrap() == bytes);
    link.put("empty", &[], LIMIT).unwrap();
    assert_eq!(link.get("empty", LIMIT).unwrap(), b"");
}

#[test]
fn only_files_in_the_directory_are_served() {
    let (link, _directory) = shell();
    for name in ["", ".", "..", "/etc/passwd", "../x", "a/b"] {
        for error in [
            link.put(name, b"x", LIMIT).err(),
            link.get(name, LIMIT).err(),
        ] {
            assert!(
                matches!(error, Some(LinkError::Refused(_))),
                "{name}: {error:?}"
            );
        }
    }
    let missing = link.get("missing", LIMIT).unwrap_err();
    assert!(missing.to_string().contains("No such file"), "{missing}");
}

#[test]
fn commands_run_beside_each_other() {
    let (link, _directory) = shell();
    let first = start(
        &link,
        "until test -e second; do sleep 0.01; done; echo first",
    );
    let second = start(&link, "echo second; touch second");
    assert_eq!(
        finish(&second),
        (b"second\n".to_vec(), vec![], Message::Exited(0))
    );
    assert_eq!(
        finish(&first),
        (b"first\n".to_vec(), vec![], Message::Exited(0))
    );
}

#[test]
fn a_program_that_the_host_lacks_is_refused() {
    let (link, _directory) = shell();
    let exchange = link.run(Program::KvmTests, vec![]).unwrap();
    let (_, _, end) = finish(&exchange);
    assert!(
        matches!(&end, Message::Failed(reason) if reason.contains("not built")),
        "{end:?}"
    );
}

#[test]
fn a_transferred_file_runs() {
    let (link, _directory) = shell();
    link.put("greet", b"#!/bin/sh\necho hello $1; exit 5\n", LIMIT)
        .unwrap();
    let file = |name: &str| Executable::File(name.to_owned());
    let exchange = link.run(file("greet"), vec![b"you".to_vec()]).unwrap();
    let (stdout, _, end) = finish(&exchange);
    assert_eq!((&*stdout, end), (&b"hello you\n"[..], Message::Exited(5)));
    for name in ["missing", "../greet", "/bin/sh"] {
        let (_, _, end) = finish(&link.run(file(name), vec![]).unwrap());
        assert!(matches!(end, Message::Failed(_)), "{name}: {end:?}");
    }
}

#[test]
fn programs_are_told_where_the_vmm_is() {
    let (link, _directory) = shell();
    let (stdout, _, end) = finish(&start(&link, "echo $IDREG_VMM_DEMO"));
    assert_eq!((stdout, end), (b"/bin/sh\n".to_vec(), Message::Exited(0)));
}

#[test]
fn a_command_can_be_ended() {
    let (link, _directory) = shell();
    let exchange = start(&link, "echo begun; exec sleep 1000");
    let begun = exchange.next(Instant::now() + LIMIT, LIMIT).unwrap();
    assert_eq!(begun, Message::Stdout(b"begun\n".to_vec()));
    exchange.send(Message::Kill).unwrap();
    assert_eq!(finish(&exchange), (vec![], vec![], Message::Killed(9)));
}

#[test]
fn a_command_can_be_asked_to_end() {
    let (link, _directory) = shell();
    let script = "trap 'echo bye; exit 5' TERM; echo begun; while :; do sleep 0.01; done";
    let exchange = start(&link, script);
    let begun = exchange.next(Instant::now() + LIMIT, LIMIT).unwrap();
    assert_eq!(begun, Message::Stdout(b"begun\n".to_vec()));
    exchange.send(Message::Terminate).unwrap();
    assert_eq!(
        finish(&exchange),
        (b"bye\n".to_vec(), vec![], Message::Exited(5))
    );
}

fn start_with_input<'a>(link: &'a Link, script: &str) -> Exchange<'a> {
    let args = vec![b"-c".to_vec(), script.as_bytes().to_vec()];
    link.run_with_input(Program::VmmDemo, args).unwrap()
}

#[test]
fn a_command_reads_what_it_is_told() {
    let (link, _directory) = shell();
    let exchange = start_with_input(&link, "read line; echo \"<$line>\"; cat");
    exchange.send(Message::Data(b"one\n".to_vec())).unwrap();
    let answer = exchange.next(Instant::now() + LIMIT, LIMIT).unwrap();
    assert_eq!(answer, Message::Stdout(b"<one>\n".to_vec()));
    exchange.send(Message::Data(b"rest".to_vec())).unwrap();
    exchange.send(Message::End).unwrap();
    assert_eq!(
        finish(&exchange),
        (b"rest".to_vec(), vec![], Message::Exited(0))
    );
    let (stdout, ..) = finish(&start(&link, "cat"));
    assert_eq!(stdout, b"");
}

#[test]
fn a_command_that_does_not_read_holds_up_nobody() {
    let (link, _directory) = shell();
    let deaf = start_with_input(&link, "exec sleep 1000");
    for _ in 0..40 {
        deaf.send(Message::Data(vec![0; 1 << 20])).unwrap();
    }
    let (stdout, ..) = finish(&start(&link, "echo here"));
    assert_eq!(stdout, b"here\n");
    deaf.send(Message::Kill).unwrap();
    assert_eq!(finish(&deaf).2, Message::Killed(9));
}

/// Serves the first connection on the socket `socket` of a directory.
fn serve_one(
    directory: &TempDir,
    serve: impl FnOnce(UnixStream) + Send + 'static,
) -> thread::JoinHandle<()> {
    let listener = UnixListener::bind(directory.path().join("socket")).unwrap();
    thread::spawn(move || serve(listener.accept().unwrap().0))
}

#[test]
fn a_connection_carries_both_directions() {
    let (link, directory) = shell();
    let server = serve_one(&directory, |mut stream| {
        stream.write_all(b"hello ").unwrap();
        let mut read = Vec::new();
        stream.read_to_end(&mut read).unwrap();
        stream.write_all(&read).unwrap();
    });
    let mut stream = link.connect("socket", LIMIT).unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(3 << 20).collect();
    stream.write_all(&bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut read = Vec::new();
    stream.read_to_end(&mut read).unwrap();
    assert!(read == [b"hello ".to_vec(), bytes].concat());
    server.join().unwrap();
}

#[test]
fn a_server_sees_that_its_client_is_gone() {
    let (link, directory) = shell();
    let server = serve_one(&directory, |mut stream| {
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    });
    drop(link.connect("socket", LIMIT).unwrap());
    server.join().unwrap();
}

#[test]
fn a_client_sees_that_its_server_or_the_host_is_gone() {
    let (link, directory) = shell();
    let server = serve_one(&directory, drop);
    let mut stream = link.connect("socket", LIMIT).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    server.join().unwrap();
    let refused = (0..1000).find_map(|_| {
        thread::sleep(Duration::from_millis(1));
        stream.write_all(b"more").err()
    });
    assert_eq!(refused.unwrap().kind(), io::ErrorKind::BrokenPipe);
    fs::remove_file(directory.path().join("socket")).unwrap();
    let _server = serve_one(&directory, |mut stream| drop(stream.read(&mut [0])));
    let mut stream = link.connect("socket", LIMIT).unwrap();
    drop(link);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn only_sockets_in_the_directory_are_connected_to() {
    let (link, directory) = shell();
    fs::write(directory.path().join("file"), "").unwrap();
    for name in ["missing", "file", "../x", "/dev/log"] {
        let error = link.connect(name, LIMIT).unwrap_err();
        assert!(matches!(error, LinkError::Refused(_)), "{name}: {error:?}");
    }
}

/// Writes until the connection is cut. Data and the notice of a full queue have different threads,
/// so that the amount of data before the cut depends on the load.
fn write_until_cut(stream: &mut UnixStream) -> io::Error {
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    let started = Instant::now();
    let piece = vec![0; 1 << 20];
    loop {
        if let Err(error) = stream.write_all(&piece) {
            return error;
        }
        assert!(started.elapsed() < LIMIT, "the connection is not cut");
    }
}

#[test]
fn a_server_that_does_not_read_loses_its_connection() {
    let (link, directory) = shell();
    let (done, wait) = mpsc::channel::<()>();
    let _server = serve_one(&directory, move |stream| {
        let _done = wait.recv();
        drop(stream);
    });
    let mut stream = link.connect("socket", LIMIT).unwrap();
    let error = write_until_cut(&mut stream);
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    let (stdout, ..) = finish(&start(&link, "echo here"));
    assert_eq!(stdout, b"here\n");
    drop(done);
}

#[test]
fn a_client_that_does_not_read_loses_its_connection() {
    let (link, directory) = shell();
    let server = serve_one(&directory, |mut stream| {
        let error = write_until_cut(&mut stream);
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    });
    let _stream = link.connect("socket", LIMIT).unwrap();
    server.join().unwrap();
    let (stdout, ..) = finish(&start(&link, "echo here"));
    assert_eq!(stdout, b"here\n");
}

#[test]
fn a_silent_host_is_noticed() {
    let (link, _directory) = shell();
    let exchange = start(&link, "exec sleep 1000");
    let limit = Duration::from_millis(20);
    let answer = exchange.next(Instant::now() + limit, limit);
    assert!(
        matches!(answer, Err(LinkError::TimeLimit { .. })),
        "{answer:?}"
    );
    assert!(matches!(
        link.ready(limit),
        Err(LinkError::TimeLimit { .. })
    ));
}

#[test]
fn hanging_up_ends_what_runs() {
    let (link, directory) = shell();
    let exchange = start(&link, "echo $$ > pid.new; mv pid.new pid; exec sleep 1000");
    let file = directory.path().join("pid");
    wait_for(&file);
    let pid = std::fs::read_to_string(file).unwrap();
    drop(exchange);
    drop(link);
    let process = format!("/proc/{}/cmdline", pid.trim());
    let started = Instant::now();
    while std::fs::read(&process).is_ok_and(|line| line.starts_with(b"sleep")) {
        assert!(started.elapsed() < LIMIT, "{process} is still there");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_host_that_is_gone_is_noticed() {
    let (near, far) = UnixStream::pair().unwrap();
    let link = Link::new(near).unwrap();
    drop(far);
    assert!(matches!(link.ready(LIMIT), Err(LinkError::Lost)));
    assert!(matches!(link.get("file", LIMIT), Err(LinkError::Lost)));
}

#[test]
fn nonsense_from_the_host_ends_the_link() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let link = Link::new(near).unwrap();
    std::io::Write::write_all(&mut far, &[0xff; 64]).unwrap();
    assert!(matches!(link.ready(LIMIT), Err(LinkError::Lost)));
}
