//! The socket: binding, connections with time limits, graceful end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Config, Error};

/// Connections at one time; more wait to be accepted.
const MAX_CONNECTIONS: usize = 1024;
/// A client must send its request's head within this time, also on a kept connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// What runs when the server is told to stop may take this long.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);

/// A bound socket that has not begun to answer.
pub struct Listening {
    listener: TcpListener,
    url: String,
}

impl Listening {
    pub(crate) async fn bind(config: &Config) -> Result<Self, Error> {
        let (host, port) = (config.host.clone(), config.port);
        let failed = |source: io::Error| {
            if source.kind() == io::ErrorKind::AddrInUse {
                Error::PortInUse { host: host.clone(), port }
            } else {
                Error::Listen { host: host.clone(), port, source }
            }
        };
        let addresses: Vec<SocketAddr> =
            tokio::net::lookup_host((host.as_str(), port)).await.map_err(failed)?.collect();
        if !config.insecure_no_auth && addresses.iter().any(|address| !address.ip().is_loopback()) {
            return Err(Error::Open { host });
        }
        let listener = TcpListener::bind(addresses.as_slice()).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, url: format!("http://{address}") })
    }

    /// `http://ADDRESS:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn serve(self, router: Router, stop: impl Future<Output = ()> + Send) {
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = accept(&self.listener, &slots) => accepted,
                () = &mut stop => break,
            };
            match accepted {
                Ok((stream, address, slot)) => spawn(stream, address, slot, router.clone(), &graceful),
                // Too many open files and the like: wait for connections to end instead of spinning.
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(self.listener);
        if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
            tracing::warn!("some connections did not end in time and were cut");
        }
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, address, slot))
}

fn spawn(
    stream: TcpStream,
    address: SocketAddr,
    slot: OwnedSemaphorePermit,
    router: Router,
    graceful: &GracefulShutdown,
) {
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%address, %error, "a connection broke off");
        }
        drop(slot);
    });
}
