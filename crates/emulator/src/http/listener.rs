//! Connections that a fault can close without a response.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A listener whose connections carry a [`Switch`].
pub(crate) struct SwitchableListener {
    listener: TcpListener,
}

impl SwitchableListener {
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self { listener }
    }
}

/// Closes one connection: after it, nothing more is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switch(Arc<AtomicBool>);

impl Switch {
    pub(crate) fn close(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Returns the switch of the connection a request came by; `None` for one made in-process.
pub(crate) fn switch_of(request: &Request) -> Option<Switch> {
    request
        .extensions()
        .get::<ConnectInfo<Switch>>()
        .map(|ConnectInfo(switch)| switch.clone())
}

impl Listener for SwitchableListener {
    type Io = SwitchableStream;
    type Addr = Switch;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, _) = Listener::accept(&mut self.listener).await;
        // A failure only costs latency.
        let _ = stream.set_nodelay(true);
        let switch = Switch::default();
        (
            SwitchableStream {
                stream,
                switch: switch.clone(),
            },
            switch,
        )
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(Switch::default())
    }
}

impl Connected<IncomingStream<'_, SwitchableListener>> for Switch {
    fn connect_info(stream: IncomingStream<'_, SwitchableListener>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A connection that can be closed from within a request.
pub(crate) struct SwitchableStream {
    stream: TcpStream,
    switch: Switch,
}

impl SwitchableStream {
    fn check(&self) -> io::Result<()> {
        if self.switch.0.load(Ordering::Acquire) {
            return Err(io::Error::new(
                io::ErrorKind::ConnectionReset,
                "closed by a fault of the scenario",
            ));
        }
        Ok(())
    }
}

impl AsyncRead for SwitchableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for SwitchableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
