//! The listener: who may ask, what goes to the engine, and an orderly end.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::endpoint::Endpoint;
use super::exception::Exception;
use super::form;
use super::request::Request;
use super::response::{self, About, Answer, plain};
use super::running::Running;

/// Longest body that is taken, as it comes over the wire.
const MAX_BODY: usize = 1 << 30;
/// How long requests that run at the end are waited for, and once more after their queries were
/// killed. Twice this is less than what [`crate::embedded::process`] grants.
const GRACE: Duration = Duration::from_secs(4);
/// How often the query of a client that went away is killed, until it ends.
const KILL_AGAIN: Duration = Duration::from_millis(500);
/// How often sessions whose time is over are closed.
const SWEEP: Duration = Duration::from_secs(5);

/// Serves until `stop` turns true, then lets running requests end, and kills their queries if they
/// take too long. False if some still run even so: the engine must not be closed under them.
///
/// `open` is true if others than this machine may connect: then any `Host` is taken.
pub async fn serve(
    listener: TcpListener,
    endpoint: Arc<Endpoint>,
    open: bool,
    mut stop: watch::Receiver<bool>,
) -> bool {
    // Held by connections and by requests, which may outlive them: closed when all have ended.
    let (held, mut all_ended) = mpsc::channel(1);
    let server = Server {
        endpoint: endpoint.clone(),
        open,
        _held: held,
    };
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            () = ended(&mut stop) => break,
            _ = sweep.tick() => {
                let endpoint = endpoint.clone();
                tokio::task::spawn_blocking(move || endpoint.sessions.sweep(Instant::now()));
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(connection(stream, server.clone(), stop.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "can't accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop((listener, server));
    if in_time(&mut all_ended).await {
        return true;
    }
    tracing::warn!("killing queries that still run");
    tokio::task::spawn_blocking(move || endpoint.kill_queries("1"));
    in_time(&mut all_ended).await
}

/// What every connection and every request needs.
#[derive(Clone)]
struct Server {
    endpoint: Arc<Endpoint>,
    open: bool,
    _held: mpsc::Sender<()>,
}

/// Waits for the end of all connections and requests; false if they take too long.
async fn in_time(all_ended: &mut mpsc::Receiver<()>) -> bool {
    tokio::time::timeout(GRACE, all_ended.recv()).await.is_ok()
}

async fn ended(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which is an end too.
    let _ = stop.wait_for(|s| *s).await;
}

async fn connection(
    stream: tokio::net::TcpStream,
    server: Server,
    mut stop: watch::Receiver<bool>,
) {
    // Answers are written whole: waiting for more only delays them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(answer(request, server).await) }
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .max_buf_size(1 << 20) // queries may stand in the URL
            .serve_connection(TokioIo::new(stream), service)
    );
    let finished = tokio::select! {
        result = connection.as_mut() => Some(result),
        () = ended(&mut stop) => None,
    };
    let result = match finished {
        Some(result) => result,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "connection ended");
    }
}

async fn answer(request: hyper::Request<Incoming>, server: Server) -> Answer {
    if let Err(reason) = admit(request.headers(), server.open) {
        tracing::warn!(reason, "request refused");
        return plain(StatusCode::FORBIDDEN, format!("{reason}\n"));
    }
    let (head, body) = request.into_parts();
    let url_query = head.uri.query().unwrap_or("").to_owned();
    match (head.uri.path(), &head.method) {
        (_, &Method::GET | &Method::POST | &Method::HEAD | &Method::PUT) => {}
        _ => return plain(StatusCode::METHOD_NOT_ALLOWED, "use GET or POST\n"),
    }
    let asks = url_query.split('&').any(|p| p.starts_with("query="));
    match head.uri.path() {
        "/ping" | "/replicas_status" => return plain(StatusCode::OK, "Ok.\n"),
        "/" if head.method != Method::POST && !asks => return plain(StatusCode::OK, "Ok.\n"),
        "/" | "/query" => {}
        _ => return plain(StatusCode::NOT_FOUND, "there is only /, /query and /ping\n"),
    }
    let may_write = matches!(head.method, Method::POST | Method::PUT);
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            return plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("can't take the body (at most {MAX_BODY} bytes): {error}\n"),
            );
        }
    };
    let client = CancellationToken::new();
    let gone = client.clone();
    // hyper drops this future when the connection is closed.
    let _here = client.drop_guard();
    let ended = tokio::spawn(supervise(server, gone, move |endpoint, running| {
        query(
            endpoint,
            &url_query,
            &head.headers,
            body,
            may_write,
            running,
        )
    }));
    match ended.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) | Err(error) => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("the request broke off: {error}\n"),
        ),
    }
}

/// Does the blocking work of a request, and kills its query if the client is `gone` before its end.
async fn supervise(
    server: Server,
    gone: CancellationToken,
    work: impl FnOnce(&Endpoint, &Running) -> Answer + Send + 'static,
) -> Result<Answer, JoinError> {
    let running = Arc::new(Running::default());
    let mut work = {
        let (endpoint, running) = (server.endpoint.clone(), running.clone());
        tokio::task::spawn_blocking(move || work(&endpoint, &running))
    };
    tokio::select! {
        answer = &mut work => return answer,
        () = gone.cancelled() => tracing::debug!("the client went away"),
    }
    // Again and again: the query may not have begun, or be between two of its statements.
    let mut again = tokio::time::interval(KILL_AGAIN);
    loop {
        tokio::select! {
            answer = &mut work => return answer,
            _ = again.tick() => {
                let (endpoint, running) = (server.endpoint.clone(), running.clone());
                let kill = move || running.kill(|which| endpoint.kill_queries(which));
                tokio::task::spawn_blocking(kill).await?;
            }
        }
    }
}

fn query(
    endpoint: &Endpoint,
    url_query: &str,
    headers: &HeaderMap,
    body: Bytes,
    may_write: bool,
    running: &Running,
) -> Answer {
    let knows = |s: &str| endpoint.connections.knows(s);
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let read = match kind.and_then(form::boundary) {
        None => Request::parse(url_query, Vec::new(), headers, knows).map(|r| (r, body)),
        Some(boundary) => form::fields(boundary, &body)
            .and_then(|form| Request::parse(url_query, form, headers, knows))
            .map(|r| (r, Bytes::new())),
    };
    match read {
        Ok((request, body)) => endpoint.answer(request, body, may_write, running),
        Err(exception) => refuse(endpoint, &exception),
    }
}

fn refuse(endpoint: &Endpoint, exception: &Exception) -> Answer {
    let about = About {
        query_id: uuid::Uuid::new_v4().to_string(),
        timezone: endpoint.connections.timezone.clone(),
        format: String::new(),
    };
    response::failure(&about, exception)
}

/// Whether a request comes from a program on this machine. The engine has no users: any web page
/// that a browser here shows could otherwise send statements (`Origin` tells it) or, after its
/// name was made to point here, read the answers too (`Host` tells it).
fn admit(headers: &HeaderMap, open: bool) -> Result<(), &'static str> {
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    let host = text(HOST.as_str());
    if !open && !host.is_some_and(is_this_machine) {
        return Err("a foreign Host: the embedded engine answers to localhost only");
    }
    if text(ORIGIN.as_str()).is_some_and(|o| o.strip_prefix("http://") != host) {
        return Err("a foreign Origin: web pages may not use the embedded engine");
    }
    if matches!(text("sec-fetch-site"), Some("cross-site" | "same-site")) {
        return Err("a foreign page: web pages may not use the embedded engine");
    }
    Ok(())
}

/// `localhost`, `127.x.x.x` or `[::1]`, with or without a port.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|a| a.is_loopback())
}

/// Whether only this machine can reach the address.
pub fn is_private(address: &SocketAddr) -> bool {
    address.ip().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(n, v)| {
                (
                    hyper::header::HeaderName::from_static(n),
                    v.parse().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn only_this_machine_is_admitted() {
        for host in [
            "127.0.0.1:8123",
            "localhost",
            "LocalHost:1",
            "[::1]:8123",
            "127.0.0.2",
        ] {
            assert!(admit(&headers(&[("host", host)]), false).is_ok(), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:8123",
            "localhost.evil",
            "10.0.0.1",
        ] {
            assert!(admit(&headers(&[("host", host)]), false).is_err(), "{host}");
        }
        assert!(admit(&headers(&[]), false).is_err());
        assert!(admit(&headers(&[("host", "sada.internal:8123")]), true).is_ok());
    }

    #[test]
    fn foreign_pages_are_refused() {
        let from = |origin| {
            admit(
                &headers(&[("host", "localhost:8123"), ("origin", origin)]),
                false,
            )
        };
        assert!(from("http://localhost:8123").is_ok());
        for origin in [
            "http://evil.example",
            "null",
            "https://localhost:8123",
            "http://localhost",
        ] {
            assert!(from(origin).is_err(), "{origin}");
        }
        let site = |s| headers(&[("host", "localhost"), ("sec-fetch-site", s)]);
        assert!(admit(&site("cross-site"), false).is_err());
        assert!(admit(&site("none"), false).is_ok());
    }
}
