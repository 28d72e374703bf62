//! A proxy in front of ClickHouse's HTTP port that fails on demand, in the ways networks and
//! servers fail: before the engine sees a request, after it has executed it, and too late.
//!
//! Faults are armed for the next requests or for a time and are taken in the order of arming. It
//! lives on a thread of its own, so that it works under any test.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::http::{request, response};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The connection is closed, the request thrown away.
    Refuse,
    /// A gateway answers 500; the engine sees nothing.
    Error500,
    /// A gateway answers 503; the engine sees nothing.
    Error503,
    /// ClickHouse answers TOO_MANY_PARTS (252).
    TooManyParts,
    /// ClickHouse answers MEMORY_LIMIT_EXCEEDED (241).
    MemoryLimit,
    /// ClickHouse answers TIMEOUT_EXCEEDED (159).
    TimeLimit,
    /// No answer ever comes; the engine sees nothing.
    Hang,
    /// No answer ever comes; the engine has executed the request.
    HangAfter,
    /// No answer ever comes; the engine gets the request when the client has given up.
    Late,
    /// The connection breaks when half of the body is through, on both sides.
    Torn,
    /// The connection breaks when the engine has executed the request.
    CutAfter,
    /// The answer takes 0.4 of the client's patience.
    Slow,
}

/// How long an armed fault holds.
#[derive(Debug, Clone, Copy)]
pub enum Extent {
    /// For so many requests.
    Requests(u32),
    /// For so long, from now.
    Time(Duration),
}

/// Which requests a fault is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those with `INSERT` in their address.
    Inserts,
    /// Inserts into this table.
    Into(&'static str),
    /// All.
    All,
}

/// Told of every insert, and of every other request that is struck: its query string, not decoded.
pub type Watch = Box<dyn Fn(&str, Option<Fault>) + Send + Sync>;

/// A running proxy; ends with the value.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    upstream: SocketAddr,
    patience: Duration,
    armed: Mutex<VecDeque<Armed>>,
    struck: Mutex<BTreeMap<Fault, u64>>,
    watch: Watch,
}

struct Armed {
    fault: Fault,
    scope: Scope,
    left: Left,
}

enum Left {
    Requests(u32),
    Until(Instant),
}

impl FaultProxy {
    /// Starts on a free port of 127.0.0.1 and passes everything on to `upstream`. `patience`: how
    /// long the client waits for an answer; faults of time are measured by it.
    pub fn start(upstream: SocketAddr, patience: Duration, watch: Watch) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            patience,
            armed: Mutex::default(),
            struck: Mutex::default(),
            watch,
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let serving = shared.clone();
        let thread = std::thread::Builder::new()
            .name("fault-proxy".into())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        _ = stopped => {}
                        () = serve(listener, serving) => {}
                    }
                });
            })?;
        Ok(Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Arms a fault, behind those that are armed already.
    pub fn arm(&self, fault: Fault, scope: Scope, extent: Extent) {
        let left = match extent {
            Extent::Requests(n) => Left::Requests(n),
            Extent::Time(time) => Left::Until(Instant::now() + time),
        };
        let armed = Armed { fault, scope, left };
        self.shared.armed.lock().unwrap().push_back(armed);
    }

    /// Faults that wait for a request.
    pub fn waiting(&self) -> usize {
        let mut armed = self.shared.armed.lock().unwrap();
        armed.retain(Armed::holds);
        armed.len()
    }

    /// Disarms everything. Requests that hang go on hanging until their client leaves.
    pub fn heal(&self) {
        self.shared.armed.lock().unwrap().clear();
    }

    /// Requests struck so far, by fault.
    pub fn struck(&self) -> BTreeMap<Fault, u64> {
        self.shared.struck.lock().unwrap().clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Scope {
    fn holds(self, query: &str) -> bool {
        let is_insert = query.contains("INSERT");
        match self {
            Scope::All => true,
            Scope::Inserts => is_insert,
            Scope::Into(table) => {
                let decoded = percent_encoding::percent_decode_str(query).decode_utf8_lossy();
                is_insert && decoded.contains(&format!("`.{table}("))
            }
        }
    }
}

impl Armed {
    fn holds(&self) -> bool {
        match self.left {
            Left::Requests(n) => n > 0,
            Left::Until(end) => Instant::now() < end,
        }
    }
}

type Answer = Response<Full<Bytes>>;

async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| shared.answer(request));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            // A fault that closes the connection comes out here as an error.
            let _ = connection.await;
        });
    }
}

impl Shared {
    /// The fault for a request, if one is armed: counted down and counted.
    fn take(&self, query: &str) -> Option<Fault> {
        let mut armed = self.armed.lock().unwrap();
        armed.retain(Armed::holds);
        let meant = |a: &&mut Armed| a.scope.holds(query);
        let found = armed.iter_mut().find(meant)?;
        if let Left::Requests(n) = &mut found.left {
            *n -= 1;
        }
        let fault = found.fault;
        *self.struck.lock().unwrap().entry(fault).or_default() += 1;
        Some(fault)
    }

    /// An error closes the connection without an answer.
    async fn answer(self: &Arc<Self>, request: Request<Incoming>) -> io::Result<Answer> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let is_insert = query.contains("INSERT");
        let (head, body) = request.into_parts();
        // Whole before the fault is drawn: a request counts as made when it has come.
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let fault = self.take(&query);
        if is_insert || fault.is_some() {
            (self.watch)(&query, fault);
        }
        let broken = || io::Error::from(io::ErrorKind::ConnectionReset);
        match fault {
            None => self.forward(&head, whole(body)).await,
            Some(Fault::Refuse) => Err(broken()),
            Some(Fault::Error500) => Ok(page(StatusCode::INTERNAL_SERVER_ERROR)),
            Some(Fault::Error503) => Ok(page(StatusCode::SERVICE_UNAVAILABLE)),
            Some(Fault::TooManyParts) => Ok(exception(
                252,
                "Too many parts (3001 with average size of 2.00 KiB) in table 'sada.feedback'. \
                 Merges are processing significantly slower than inserts. (TOO_MANY_PARTS)",
            )),
            Some(Fault::MemoryLimit) => Ok(exception(
                241,
                "(total) memory limit exceeded: would use 9.01 GiB (attempt to allocate chunk of \
                 4.00 MiB), maximum: 9.00 GiB. (MEMORY_LIMIT_EXCEEDED)",
            )),
            Some(Fault::TimeLimit) => Ok(exception(
                159,
                "Timeout exceeded: elapsed 600.01 seconds, maximum: 600. (TIMEOUT_EXCEEDED)",
            )),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::HangAfter) => {
                // Its own task: the engine's work does not end when the client leaves.
                let shared = self.clone();
                tokio::spawn(async move { shared.forward(&head, whole(body)).await });
                std::future::pending().await
            }
            Some(Fault::Late) => {
                let shared = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(shared.patience.mul_f64(1.5)).await;
                    shared.forward(&head, whole(body)).await
                });
                std::future::pending().await
            }
            Some(Fault::Torn) => {
                let length = body.len();
                let _ = self.forward(&head, half(body, length)).await;
                Err(broken())
            }
            Some(Fault::CutAfter) => {
                self.forward(&head, whole(body)).await?;
                Err(broken())
            }
            Some(Fault::Slow) => {
                tokio::time::sleep(self.patience.mul_f64(0.4)).await;
                self.forward(&head, whole(body)).await
            }
        }
    }

    /// Sends the request to the engine and reads its answer whole.
    async fn forward(&self, head: &request::Parts, body: Body) -> io::Result<Answer> {
        let stream = TcpStream::connect(self.upstream).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(connection);
        let mut request = Request::new(body.0);
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = head.uri.clone();
        let headers = request.headers_mut();
        *headers = head.headers.clone();
        for name in [CONNECTION, TRANSFER_ENCODING, EXPECT] {
            headers.remove(name);
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.1));
        let host = HeaderValue::from_str(&self.upstream.to_string()).map_err(io::Error::other)?;
        headers.insert(HOST, host);
        let response = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        let (mut head, body): (response::Parts, Incoming) = response.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        for name in [CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH] {
            head.headers.remove(name);
        }
        Ok(Response::from_parts(head, Full::new(body)))
    }
}

/// A body, and the length that is told of it.
struct Body(BoxBody<Bytes, io::Error>, usize);

fn whole(body: Bytes) -> Body {
    let length = body.len();
    let body = Full::new(body).map_err(|never| match never {});
    Body(body.boxed(), length)
}

/// Half of the bytes, then the end of the connection.
fn half(body: Bytes, length: usize) -> Body {
    let part = Frame::data(body.slice(..length / 2));
    let end = io::Error::from(io::ErrorKind::ConnectionReset);
    let frames = futures::stream::iter([Ok(part), Err(end)]);
    Body(BodyExt::boxed(StreamBody::new(frames)), length)
}

/// What a gateway says.
fn page(status: StatusCode) -> Answer {
    let text = format!("<html><head><title>{status}</title></head></html>");
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    answer
}

/// What ClickHouse says.
fn exception(code: u16, message: &str) -> Answer {
    let text = format!("Code: {code}. DB::Exception: {message}\n");
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let headers = answer.headers_mut();
    headers.insert("x-clickhouse-exception-code", HeaderValue::from(code));
    answer
}

#[cfg(test)]
mod tests {
    use clickhouse::Client;
    use clickhouse::error::Error;

    use super::*;
    use crate::support::engine;

    const PATIENCE: Duration = Duration::from_millis(500);

    /// One row through the proxy; the fault that is armed strikes it.
    async fn insert(through: &Client, number: u8) -> Result<(), Error> {
        let mut insert = through
            .insert_formatted_with("INSERT INTO fault_proxy.t FORMAT TSV")
            .with_timeouts(None, Some(PATIENCE));
        insert.send(format!("{number}\n").into()).await?;
        insert.end().await
    }

    #[tokio::test]
    async fn each_fault_shows_its_own_face_and_executes_or_not() {
        let direct = Client::default().with_url(engine().url());
        for sql in [
            "CREATE DATABASE fault_proxy",
            "CREATE TABLE fault_proxy.t (x UInt8) ENGINE = MergeTree ORDER BY x",
        ] {
            direct.query(sql).execute().await.unwrap();
        }
        let count = async |number: u8| -> u64 {
            let sql = "SELECT count() FROM fault_proxy.t WHERE x = ?";
            direct.query(sql).bind(number).fetch_one().await.unwrap()
        };
        let proxy = FaultProxy::start(engine().address(), PATIENCE, Box::new(|_, _| {})).unwrap();
        let through = Client::default().with_url(proxy.url());
        // Fault, what the client sees of it, rows that it leaves.
        let all = [
            (Fault::Refuse, "network", 0),
            (Fault::Error500, "500", 0),
            (Fault::Error503, "503", 0),
            (Fault::TooManyParts, "Code: 252", 0),
            (Fault::MemoryLimit, "Code: 241", 0),
            (Fault::TimeLimit, "Code: 159", 0),
            (Fault::Hang, "timeout", 0),
            (Fault::HangAfter, "timeout", 1),
            (Fault::Late, "timeout", 1),
            (Fault::Torn, "network", 0),
            (Fault::CutAfter, "network", 1),
            (Fault::Slow, "", 1),
        ];
        for (number, (fault, seen, rows)) in (1..).zip(all) {
            proxy.arm(fault, Scope::Inserts, Extent::Requests(1));
            // Other requests pass by it.
            let one = through.query("SELECT 1").fetch_one::<u8>().await.unwrap();
            assert_eq!((one, proxy.waiting()), (1, 1), "{fault:?}");
            match insert(&through, number).await {
                Ok(()) => assert_eq!(seen, "", "{fault:?}"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(
                        !seen.is_empty() && error.contains(seen),
                        "{fault:?}: {error}"
                    );
                }
            }
            assert_eq!(proxy.waiting(), 0, "{fault:?}");
            if fault == Fault::Late {
                assert_eq!(count(number).await, 0, "before the client has given up");
            }
            let until = Instant::now() + 20 * PATIENCE;
            while count(number).await < rows && Instant::now() < until {}
            assert_eq!(count(number).await, rows, "{fault:?}");
            assert_eq!(proxy.struck()[&fault], 1);
        }
        insert(&through, 100).await.unwrap();
        assert_eq!(count(100).await, 1);
        assert_eq!(count(1).await, 0, "what was refused came later");
    }

    #[tokio::test]
    async fn a_fault_of_time_strikes_all_and_ends_by_itself_or_by_healing() {
        let proxy = FaultProxy::start(engine().address(), PATIENCE, Box::new(|_, _| {})).unwrap();
        let through = Client::default().with_url(proxy.url());
        let one = async || through.query("SELECT 1").fetch_one::<u8>().await;
        proxy.arm(Fault::Error503, Scope::All, Extent::Time(PATIENCE));
        assert!(one().await.is_err());
        let until = Instant::now() + 20 * PATIENCE;
        while one().await.is_err() && Instant::now() < until {}
        assert_eq!(one().await.unwrap(), 1);
        let long = Extent::Time(Duration::from_secs(600));
        proxy.arm(Fault::Refuse, Scope::All, long);
        assert!(one().await.is_err());
        proxy.heal();
        assert_eq!(one().await.unwrap(), 1);
    }
}
