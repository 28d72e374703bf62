//! `/metrics`, `/health/live` and `/health/ready` over HTTP/1.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, info, warn};

use super::Health;
use crate::config::{ConfigError, listen_address};

/// How often recorded values are put into their buckets when nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);
/// Media type of Prometheus' text.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// Listens at `listen` (`health.listen`) and answers until the process ends. Returns the address,
/// whose port differs if 0 was asked for.
///
/// # Errors
/// The address is none, is taken, or may not be listened at.
pub async fn start(
    listen: &str,
    health: Arc<Health>,
    metrics: PrometheusHandle,
) -> Result<SocketAddr, ConfigError> {
    let (host, port) = listen_address(listen).ok_or_else(|| ConfigError {
        place: String::new(),
        field: "health.listen".into(),
        message: format!("{listen:?} is no address to listen at"),
        mend: "write a port (9100) for this machine alone, or host:port (0.0.0.0:9100)".into(),
    })?;
    let bound = TcpListener::bind((host.as_str(), port)).await;
    let (listener, address) = bound
        .and_then(|listener| listener.local_addr().map(|address| (listener, address)))
        .map_err(|error| refusal(listen, &error))?;
    info!(%address, "metrics and health");
    tokio::spawn(serve(listener, health, metrics));
    Ok(address)
}

fn refusal(listen: &str, error: &io::Error) -> ConfigError {
    let mend = match error.kind() {
        io::ErrorKind::AddrInUse => "end what listens there, or take another port",
        io::ErrorKind::PermissionDenied => "take a port above 1023",
        _ => "name an address of this machine, as in 0.0.0.0:9100",
    };
    ConfigError {
        place: String::new(),
        field: "health.listen".into(),
        message: format!("can't listen at {listen}: {error}"),
        mend: format!("{mend} (--listen, SADA_HEALTH_LISTEN)"),
    }
}

async fn serve(listener: TcpListener, health: Arc<Health>, metrics: PrometheusHandle) {
    let mut upkeep = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            _ = upkeep.tick() => metrics.run_upkeep(),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(connection(stream, health.clone(), metrics.clone()));
                }
                Err(error) => {
                    warn!(%error, "can't accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
}

async fn connection(stream: TcpStream, health: Arc<Health>, metrics: PrometheusHandle) {
    let service = service_fn(|request: Request<Incoming>| {
        let answer = answer(request.method(), request.uri().path(), &health, &metrics);
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        debug!(%error, "connection ended");
    }
}

type Answer = Response<Full<Bytes>>;

fn answer(method: &Method, path: &str, health: &Health, metrics: &PrometheusHandle) -> Answer {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut refused = text(
            StatusCode::METHOD_NOT_ALLOWED,
            PLAIN,
            "GET or HEAD\n".into(),
        );
        refused
            .headers_mut()
            .insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match path {
        "/metrics" => {
            health.publish();
            text(StatusCode::OK, PROMETHEUS, metrics.render())
        }
        "/health/live" => verdict("live", &health.live()),
        "/health/ready" => verdict("ready", &health.ready()),
        _ => {
            let paths = "/metrics, /health/live, /health/ready\n";
            text(StatusCode::NOT_FOUND, PLAIN, paths.into())
        }
    }
}

fn verdict(what: &str, reasons: &[String]) -> Answer {
    if reasons.is_empty() {
        return text(StatusCode::OK, PLAIN, format!("{what}\n"));
    }
    let body = format!("not {what}: {}\n", reasons.join("; "));
    text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, body)
}

fn text(status: StatusCode, media_type: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let media_type = hyper::header::HeaderValue::from_static(media_type);
    answer.headers_mut().insert(CONTENT_TYPE, media_type);
    answer
}
