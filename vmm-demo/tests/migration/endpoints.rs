//! Addresses, sockets and TLS.

use crate::migrations::Pair;
use graviola::signing::eddsa::Ed25519SigningKey;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, PKCS_ED25519, PublicKeyData,
    SerialNumber, SignatureAlgorithm, SigningKey, date_time_ymd,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::error::Error;
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use vmm_demo::endpoint::Endpoint;
use vmm_demo::migration::control::Control;
use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
use vmm_demo::migration::endpoint::{EndpointError, EndpointListener, Security};
use vmm_demo::migration::hello::MemoryMode;
use vmm_demo::migration::tls::{TlsDirectory, TlsError};
use vmm_demo::migration::transport::Transport;

const TIMEOUT: Duration = Duration::from_secs(20);

/// A key whose signatures need no C library.
struct Key {
    key: Ed25519SigningKey,
    public: [u8; 32],
}

impl Key {
    fn new() -> Self {
        let key = Ed25519SigningKey::generate().expect("random bytes");
        let public = key.public_key().as_bytes();
        Self { key, public }
    }

    fn pem(&self) -> String {
        let mut buffer = [0; 128];
        let der = self.key.to_pkcs8_der(&mut buffer).expect("a short key");
        pem(
            "PRIVATE KEY",
            PrivatePkcs8KeyDer::from(der).secret_pkcs8_der(),
        )
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ED25519
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.key.sign(message).to_vec())
    }
}

type Authority = CertifiedIssuer<'static, Key>;

fn parameters(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let mut parameters = CertificateParams::new(names).expect("names");
    parameters.serial_number = Some(SerialNumber::from(1));
    parameters.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(vec![1; 20]);
    parameters
}

fn authority() -> Authority {
    let mut parameters = parameters(&[]);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, Key::new()).expect("a certificate")
}

/// A directory with the certificates of both sides.
fn directory(trusted: &Authority, issuer: &Authority, names: &[&str], year: i32) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: String| {
        fs::write(directory.path().join(name), text).expect("a file");
    };
    write("ca-cert.pem", trusted.pem());
    for side in ["client", "server"] {
        let key = Key::new();
        let mut parameters = parameters(names);
        parameters.not_after = date_time_ymd(year, 1, 1);
        let certificate = parameters.signed_by(&key, issuer).expect("a certificate");
        write(&format!("{side}-cert.pem"), certificate.pem());
        write(&format!("{side}-key.pem"), key.pem());
    }
    directory
}

fn pem(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in der.chunks(3) {
        let bytes = [0, 1, 2].map(|index| group.get(index).copied().unwrap_or(0));
        let bits = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for index in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= group.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn tls(directory: &Path) -> TlsDirectory {
    TlsDirectory(directory.to_owned())
}

fn endpoint(text: &str) -> Endpoint {
    text.parse().expect("an address")
}

fn at_port(listener: &EndpointListener) -> Endpoint {
    endpoint(&format!(
        "tcp:localhost:{}",
        listener.port().expect("a port")
    ))
}

type Connected = Result<Box<dyn Transport>, EndpointError>;

/// Connects a source to a destination; a destination that refuses it goes on listening.
fn connect(source: &Path, destination: &Path) -> (Connected, Connected) {
    let server = tls(destination).server().expect("certificates");
    let listener = endpoint("tcp:localhost:0").listen(Security::Tls(server));
    let listener = listener.expect("a port");
    let client = tls(source).client().expect("certificates");
    let control = Arc::new(Control::default());
    thread::scope(|scope| {
        let accepting = scope.spawn(|| listener.accept(&control, TIMEOUT));
        let mut connected = at_port(&listener).connect(&Security::Tls(client), TIMEOUT);
        // In TLS 1.3 a client hears only then that its certificate is refused.
        if let Ok(transport) = &mut connected
            && let Err(source) = until_closed(&mut **transport)
        {
            connected = Err(EndpointError::Tls {
                endpoint: at_port(&listener),
                source: TlsError::Handshake(source),
            });
        }
        control.cancel();
        (connected, accepting.join().expect("no panic"))
    })
}

/// Reads for a while.
fn until_closed(transport: &mut dyn Transport) -> std::io::Result<()> {
    for _ in 0..10 {
        match transport.read(&mut [0]) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok(()),
        }
    }
    Ok(())
}

fn causes(error: &EndpointError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn refusal(connected: Connected) -> String {
    match connected {
        Ok(_) => panic!("connected"),
        Err(error) => causes(&error),
    }
}

#[test]
fn guest_migrates_through_tls() {
    let authority = authority();
    let directory = directory(&authority, &authority, &["localhost"], 2100);
    let (source, destination) = connect(directory.path(), directory.path());
    let (Ok(source), Ok(destination)) = (source, destination) else {
        panic!("not connected");
    };
    let mut pair = Pair::new(MemoryMode::Copy);
    let ends = pair.migrate_boxed((source, destination));
    assert!(
        matches!(ends, (SourceEnd::Completed, DestinationEnd::Runs)),
        "{ends:?}"
    );
    assert!(pair.source.contents() == pair.destination.contents());
}

#[test]
fn wrong_certificates_of_a_destination_are_refused() {
    let (one, two) = (authority(), authority());
    let source = directory(&one, &one, &["localhost"], 2100);
    for (destination, expected) in [
        (
            directory(&one, &two, &["localhost"], 2100),
            "invalid peer certificate: BadSignature",
        ),
        (
            directory(&one, &one, &["elsewhere"], 2100),
            "not valid for name \"localhost\"",
        ),
        (
            directory(&one, &one, &["localhost"], 2000),
            "certificate expired",
        ),
    ] {
        let (connected, accepted) = connect(source.path(), destination.path());
        let refused = refusal(connected);
        assert!(refused.contains(expected), "{refused}");
        assert!(matches!(accepted, Err(EndpointError::Cancelled)));
    }
}

#[test]
fn wrong_certificates_of_a_source_are_refused() {
    let (one, two) = (authority(), authority());
    let destination = directory(&one, &one, &["localhost"], 2100);
    for source in [
        directory(&one, &two, &["localhost"], 2100),
        directory(&one, &one, &["localhost"], 2000),
    ] {
        let (connected, accepted) = connect(source.path(), destination.path());
        let refused = refusal(connected);
        assert!(refused.contains("alert"), "{refused}");
        assert!(matches!(accepted, Err(EndpointError::Cancelled)));
    }
}

#[test]
fn missing_files_are_named() {
    let authority = authority();
    for (name, expected) in [
        ("ca-cert.pem", "ca-cert.pem`"),
        ("server-cert.pem", "server-cert.pem`"),
        ("server-key.pem", "server-key.pem`"),
    ] {
        let directory = directory(&authority, &authority, &["localhost"], 2100);
        let path = directory.path().join(name);
        fs::write(&path, "nothing").expect("a file");
        let error = tls(directory.path())
            .server()
            .expect_err("no PEM")
            .to_string();
        assert!(
            error.contains(expected) && error.contains("in PEM format"),
            "{error}"
        );
        fs::remove_file(path).expect("a file");
        let error = tls(directory.path())
            .server()
            .expect_err("no file")
            .to_string();
        assert!(
            error.starts_with("cannot read `") && error.contains(expected),
            "{error}"
        );
    }
}

#[test]
fn client_without_tls_does_not_end_the_waiting() {
    let authority = authority();
    let directory = directory(&authority, &authority, &["localhost"], 2100);
    let server = tls(directory.path()).server().expect("certificates");
    let listener = endpoint("tcp:127.0.0.1:0").listen(Security::Tls(server));
    let listener = listener.expect("a port");
    let port = listener.port().expect("a port");
    let client = tls(directory.path()).client().expect("certificates");
    thread::scope(|scope| {
        let accepting = scope.spawn(|| listener.accept(&Control::default(), TIMEOUT));
        let mut stranger = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        std::io::Write::write_all(&mut stranger, b"GET / HTTP/1.1\r\n\r\n").expect("a request");
        drop(stranger);
        let connected = at_port(&listener).connect(&Security::Tls(client), TIMEOUT);
        assert!(connected.is_ok() && accepting.join().expect("no panic").is_ok());
    });
}

#[test]
fn plain_tcp_is_for_this_machine_only() {
    for text in ["tcp:0.0.0.0:0", "tcp:[::]:0", "tcp:192.0.2.1:4444"] {
        let listened = endpoint(text).listen(Security::PlainLoopback);
        let error = listened.expect_err("not on this machine").to_string();
        assert!(
            error.starts_with(&format!("{text} is not on this machine")),
            "{error}"
        );
        let error = refusal(endpoint(text).connect(&Security::PlainLoopback, TIMEOUT));
        assert!(error.contains("give certificates for TLS"), "{error}");
    }
    let listener = endpoint("tcp:127.0.0.1:0").listen(Security::PlainLoopback);
    let listener = listener.expect("a port");
    thread::scope(|scope| {
        let accepting = scope.spawn(|| listener.accept(&Control::default(), TIMEOUT));
        let port = listener.port().expect("a port");
        let address = endpoint(&format!("tcp:127.0.0.1:{port}"));
        assert!(address.connect(&Security::PlainLoopback, TIMEOUT).is_ok());
        assert!(accepting.join().expect("no panic").is_ok());
    });
}

#[test]
fn unix_socket_is_private_and_removed() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("socket");
    let address = endpoint(&format!("unix:{}", path.display()));
    let listener = address
        .clone()
        .listen(Security::PlainLoopback)
        .expect("a socket");
    let mode = fs::metadata(&path)
        .expect("the socket")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let connected = address.connect(&Security::PlainLoopback, TIMEOUT);
    let accepted = listener.accept(&Control::default(), TIMEOUT);
    assert!(connected.is_ok() && accepted.is_ok());
    let control = Control::default();
    control.cancel();
    let cancelled = listener.accept(&control, TIMEOUT);
    assert!(matches!(cancelled, Err(EndpointError::Cancelled)));
    drop(listener);
    assert!(!path.exists());
}

#[test]
fn addresses_are_parsed_and_shown() {
    for text in [
        "unix:/run/vm.sock",
        "tcp:host:4444",
        "tcp:[::1]:1",
        "tcp:10.0.0.1:0",
    ] {
        assert_eq!(endpoint(text).to_string(), text);
    }
    for (text, expected) in [
        ("host:4444", "the form is `unix:PATH` or `tcp:HOST:PORT`"),
        ("tcp:host", "the form is"),
        ("tcp::1", "the form is"),
        ("tcp:::1:1", "the form is"),
        ("tcp:host:99999", "the port is not a number from 0 to 65535"),
        ("unix:", "no path after `unix:`"),
    ] {
        let error = text.parse::<Endpoint>().expect_err(text).to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}
