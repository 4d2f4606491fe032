//! TLS 1.3 with certificates on both sides.
//!
//! The cryptography is Graviola's, which needs no C compiler for the target, but a CPU with
//! instructions for AES and SHA-256.

use super::transport::{TICK, Transport};
use crate::output::escaped_path;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, RootCertStore, ServerConfig,
    ServerConnection, SideData, StreamOwned,
};
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;

/// A TLS connection that cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The CPU lacks instructions.
    #[error(
        "TLS needs a CPU with instructions for AES and SHA-256; this one has none: use a Unix \
         socket and a tunnel such as ssh's"
    )]
    Cpu,
    /// A file cannot be read.
    #[error("cannot read `{}`", escaped_path(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file has no certificate or key in PEM format.
    #[error("`{}` has no {content} in PEM format", escaped_path(path))]
    Pem {
        /// The file.
        path: PathBuf,
        /// The expected content.
        content: &'static str,
        /// The cause.
        source: pem::Error,
    },
    /// The authority, the certificate or the key cannot be used.
    #[error("the certificates in `{}` cannot be used", escaped_path(path))]
    Certificates {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: rustls::Error,
    },
    /// No certificate of an authority can be used.
    #[error("`{}` has no authority that can be used", escaped_path(path))]
    Authority {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: VerifierBuilderError,
    },
    /// The host is no name that a certificate can have.
    #[error("`{host}` is no host name")]
    Name {
        /// The host.
        host: String,
        /// The cause.
        source: InvalidDnsNameError,
    },
    /// The handshake failed.
    #[error("the TLS handshake failed")]
    Handshake(#[source] io::Error),
    /// The handshake takes too long.
    #[error("the TLS handshake was not complete in {:.0} s", after.as_secs_f64())]
    Stalled {
        /// The time that was waited.
        after: Duration,
    },
}

/// A directory with the certificates of a side in PEM format, named as for QEMU's `tls-creds-x509`:
/// `ca-cert.pem`, and `client-cert.pem` and `client-key.pem` on the source, `server-cert.pem` and
/// `server-key.pem` on the destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsDirectory(pub PathBuf);

/// The TLS settings of a source.
#[derive(Clone, Debug)]
pub struct TlsClient(Arc<ClientConfig>);

/// The TLS settings of a destination.
#[derive(Clone, Debug)]
pub struct TlsServer(Arc<ServerConfig>);

struct Identity {
    authorities: RootCertStore,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl TlsDirectory {
    /// Reads the settings of a source.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if the CPU or a file cannot be used.
    pub fn client(&self) -> Result<TlsClient, TlsError> {
        let identity = self.identity("client")?;
        let config = ClientConfig::builder_with_provider(provider()?)
            .with_protocol_versions(&[&TLS13])
            .map_err(|source| self.unusable(source))?
            .with_root_certificates(identity.authorities)
            .with_client_auth_cert(identity.chain, identity.key);
        let config = config.map_err(|source| self.unusable(source))?;
        Ok(TlsClient(config.into()))
    }

    /// Reads the settings of a destination.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if the CPU or a file cannot be used.
    pub fn server(&self) -> Result<TlsServer, TlsError> {
        let identity = self.identity("server")?;
        let provider = provider()?;
        let authorities = identity.authorities.into();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(authorities, Arc::clone(&provider));
        let verifier = verifier.build().map_err(|source| TlsError::Authority {
            path: self.0.clone(),
            source,
        })?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(|source| self.unusable(source))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(identity.chain, identity.key);
        let config = config.map_err(|source| self.unusable(source))?;
        Ok(TlsServer(config.into()))
    }

    fn identity(&self, side: &str) -> Result<Identity, TlsError> {
        let mut authorities = RootCertStore::empty();
        for authority in certificates(&self.0.join("ca-cert.pem"))? {
            authorities
                .add(authority)
                .map_err(|source| self.unusable(source))?;
        }
        let path = self.0.join(format!("{side}-key.pem"));
        let key = PrivateKeyDer::from_pem_slice(&read(&path)?);
        Ok(Identity {
            authorities,
            chain: certificates(&self.0.join(format!("{side}-cert.pem")))?,
            key: key.map_err(|source| TlsError::Pem {
                path,
                content: "private key",
                source,
            })?,
        })
    }

    fn unusable(&self, source: rustls::Error) -> TlsError {
        let path = self.0.clone();
        TlsError::Certificates { path, source }
    }
}

impl TlsClient {
    /// Makes a transport of a connection to this host, whose certificate must have its name.
    ///
    /// # Errors
    ///
    /// [`TlsError`] of the host's name, or of a handshake that is not complete in this time.
    pub fn connect(
        &self,
        stream: TcpStream,
        host: &str,
        timeout: Duration,
    ) -> Result<Box<dyn Transport>, TlsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|source| TlsError::Name {
            host: host.to_owned(),
            source,
        })?;
        let connection = ClientConnection::new(Arc::clone(&self.0), name);
        let connection =
            connection.map_err(|error| TlsError::Handshake(io::Error::other(error)))?;
        TlsTransport::handshake(connection, stream, timeout)
    }
}

impl TlsServer {
    /// Makes a transport of an accepted connection, whose source must have a certificate of the
    /// authority.
    ///
    /// # Errors
    ///
    /// [`TlsError`] of a handshake that is not complete in this time.
    pub fn accept(
        &self,
        stream: TcpStream,
        timeout: Duration,
    ) -> Result<Box<dyn Transport>, TlsError> {
        let connection = ServerConnection::new(Arc::clone(&self.0));
        let connection =
            connection.map_err(|error| TlsError::Handshake(io::Error::other(error)))?;
        TlsTransport::handshake(connection, stream, timeout)
    }
}

struct TlsTransport<C>(StreamOwned<C, TcpStream>)
where
    C: Sized;

impl<C, S> TlsTransport<C>
where
    C: DerefMut + Deref<Target = ConnectionCommon<S>> + Send + 'static,
    S: SideData + 'static,
{
    fn handshake(
        mut connection: C,
        mut stream: TcpStream,
        timeout: Duration,
    ) -> Result<Box<dyn Transport>, TlsError> {
        let deadline = Instant::now() + timeout;
        let set = stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_nodelay(true))
            .and_then(|()| stream.set_read_timeout(Some(TICK)))
            .and_then(|()| stream.set_write_timeout(Some(TICK)));
        set.map_err(TlsError::Handshake)?;
        while connection.is_handshaking() {
            match connection.complete_io(&mut stream) {
                Err(error)
                    if !matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) =>
                {
                    return Err(TlsError::Handshake(error));
                }
                _ if Instant::now() >= deadline => {
                    return Err(TlsError::Stalled { after: timeout });
                }
                _ => {}
            }
        }
        Ok(Box::new(Self(StreamOwned::new(connection, stream))))
    }
}

impl<C, S> Read for TlsTransport<C>
where
    C: DerefMut + Deref<Target = ConnectionCommon<S>>,
    S: SideData,
{
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<C, S> Write for TlsTransport<C>
where
    C: DerefMut + Deref<Target = ConnectionCommon<S>>,
    S: SideData,
{
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<C, S> Transport for TlsTransport<C>
where
    C: DerefMut + Deref<Target = ConnectionCommon<S>> + Send,
    S: SideData,
{
}

/// Graviola panics on a CPU without the instructions that it uses.
fn provider() -> Result<Arc<rustls::crypto::CryptoProvider>, TlsError> {
    if !graviola::util::is_cpu_supported() {
        return Err(TlsError::Cpu);
    }
    Ok(Arc::new(rustls_graviola::default_provider()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Pem {
        path: path.to_owned(),
        content: "certificate",
        source,
    };
    let contents = read(path)?;
    let certificates = CertificateDer::pem_slice_iter(&contents);
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(failed)?;
    if certificates.is_empty() {
        return Err(failed(pem::Error::NoItemsFound));
    }
    Ok(certificates)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })
}
