//! Connections: a bound on how many are served at once, counts of them, and a way to cut one.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::records::ConnectionCounts;

/// A TCP listener that lets only so many connections in at once.
pub(crate) struct BoundedListener {
    inner: TcpListener,
    slots: Option<Arc<Semaphore>>,
    counters: Arc<Counters>,
}

/// Counts of connections.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    open: AtomicUsize,
    peak: AtomicUsize,
    total: AtomicUsize,
}

/// A connection that can be cut.
pub(crate) struct Connection {
    stream: TcpStream,
    cutter: Cutter,
    counters: Arc<Counters>,
    _slot: Option<OwnedSemaphorePermit>,
}

/// Cuts its connection: from then on each read and write of it fails, so that the server closes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cutter(Arc<AtomicBool>);

impl BoundedListener {
    pub(crate) fn new(inner: TcpListener, max_connections: Option<usize>, counters: Arc<Counters>) -> Self {
        let slots = max_connections.map(|count| Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS))));
        Self { inner, slots, counters }
    }
}

impl Counters {
    pub(crate) fn read(&self) -> ConnectionCounts {
        ConnectionCounts {
            open: self.open.load(Ordering::Relaxed),
            peak: self.peak.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
        }
    }

    fn opened(&self) {
        self.total.fetch_add(1, Ordering::Relaxed);
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(open, Ordering::Relaxed);
    }
}

impl Cutter {
    pub(crate) fn cut(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Acquire) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Listener for BoundedListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let slot = match &self.slots {
            Some(slots) => Arc::clone(slots).acquire_owned().await.ok(),
            None => None,
        };
        let (stream, address) = Listener::accept(&mut self.inner).await;
        // Small answers must not wait for an acknowledgement; without the option there is only more latency.
        let _ = stream.set_nodelay(true);
        self.counters.opened();
        let counters = Arc::clone(&self.counters);
        (Connection { stream, cutter: Cutter::default(), counters, _slot: slot }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}

impl Connected<IncomingStream<'_, BoundedListener>> for Cutter {
    fn connect_info(stream: IncomingStream<'_, BoundedListener>) -> Self {
        stream.io().cutter.clone()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.counters.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.cutter.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.cutter.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.cutter.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cutter.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
