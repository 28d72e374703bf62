//! Answers as ClickHouse's HTTP interface gives them.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use super::compression::Packing;
use super::exception::Exception;
use super::library::Outcome;

/// What hyper sends.
pub type Answer = Response<Full<Bytes>>;

/// What the headers of every answer to a query tell.
#[derive(Debug, Clone)]
pub struct About {
    /// `X-ClickHouse-Query-Id`
    pub query_id: String,
    /// `X-ClickHouse-Timezone`
    pub timezone: String,
    /// Format of the body.
    pub format: String,
}

/// The answer to a query that succeeded.
///
/// # Errors
/// The body can't be packed.
pub fn success(about: &About, outcome: Outcome, packing: Packing) -> Result<Answer, Exception> {
    let summary = summary(&outcome);
    let body = packing.pack(outcome.body)?;
    let mut response = Response::new(Full::new(body));
    describe(&mut response, about);
    put(&mut response, CONTENT_TYPE, content_type(&about.format));
    put(
        &mut response,
        HeaderName::from_static("x-clickhouse-format"),
        &about.format,
    );
    put(
        &mut response,
        HeaderName::from_static("x-clickhouse-summary"),
        &summary,
    );
    if let Some(encoding) = packing.header() {
        put(&mut response, CONTENT_ENCODING, encoding);
    }
    Ok(response)
}

/// The answer to a query that failed: the text of the exception, never packed.
pub fn failure(about: &About, exception: &Exception) -> Answer {
    let mut text = exception.message.clone();
    text.push('\n');
    let mut response = plain(exception.status(), text);
    describe(&mut response, about);
    put(
        &mut response,
        HeaderName::from_static("x-clickhouse-exception-code"),
        &exception.code.to_string(),
    );
    response
}

/// A short text.
pub fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    put(&mut response, CONTENT_TYPE, "text/plain; charset=UTF-8");
    response
}

fn describe(response: &mut Answer, about: &About) {
    for (name, value) in [
        ("x-clickhouse-server-display-name", "sada-embedded"),
        ("x-clickhouse-query-id", &about.query_id),
        ("x-clickhouse-timezone", &about.timezone),
    ] {
        put(response, HeaderName::from_static(name), value);
    }
}

fn put(response: &mut Answer, name: HeaderName, value: &str) {
    // A value that no header can hold is left out.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn summary(o: &Outcome) -> String {
    format!(
        r#"{{"read_rows":"{}","read_bytes":"{}","written_rows":"{}","written_bytes":"{}","total_rows_to_read":"{}","result_rows":"{}","result_bytes":"{}","elapsed_ns":"{}"}}"#,
        o.read_rows,
        o.read_bytes,
        o.written_rows,
        o.written_bytes,
        o.read_rows,
        o.result_rows,
        o.result_bytes,
        o.elapsed_ns,
    )
}

/// `Content-Type` by format, as servers give it.
fn content_type(format: &str) -> &'static str {
    match format {
        f if f.starts_with("JSON") && f.contains("EachRow") => {
            "application/x-ndjson; charset=UTF-8"
        }
        f if f.starts_with("JSON") => "application/json; charset=UTF-8",
        f if f.starts_with("CSVWithNames") => "text/csv; charset=UTF-8; header=present",
        f if f.starts_with("CSV") => "text/csv; charset=UTF-8; header=absent",
        f if f.starts_with("TabSeparated") || f.starts_with("TSV") => {
            "text/tab-separated-values; charset=UTF-8"
        }
        "XML" => "application/xml; charset=UTF-8",
        "Native" | "Parquet" | "Arrow" | "ArrowStream" | "ORC" | "Avro" | "MsgPack" | "Npy" => {
            "application/octet-stream"
        }
        f if f.starts_with("RowBinary") => "application/octet-stream",
        _ => "text/plain; charset=UTF-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about() -> About {
        About {
            query_id: "q1".into(),
            timezone: "UTC".into(),
            format: "JSONEachRow".into(),
        }
    }

    #[test]
    fn an_answer_tells_its_format_and_its_cost() {
        let outcome = Outcome {
            body: "{}".into(),
            read_rows: 7,
            ..Outcome::default()
        };
        let r = success(&about(), outcome, Packing::Gzip).unwrap();
        let header = |n: &str| r.headers()[n].to_str().unwrap().to_owned();
        assert_eq!(header("x-clickhouse-format"), "JSONEachRow");
        assert_eq!(header("content-encoding"), "gzip");
        assert_eq!(header("x-clickhouse-query-id"), "q1");
        assert!(header("x-clickhouse-summary").starts_with(r#"{"read_rows":"7","#));
    }

    #[test]
    fn an_exception_has_status_and_code() {
        let r = failure(&about(), &Exception::new(115, "Setting x is unknown"));
        assert_eq!(r.status(), StatusCode::NOT_FOUND);
        assert_eq!(r.headers()["x-clickhouse-exception-code"], "115");
    }
}
