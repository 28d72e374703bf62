//! What a request asks for: URL parameters and headers of ClickHouse's HTTP interface.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use percent_encoding::percent_decode_str;

use super::exception::Exception;
use super::library::Parameter;
use super::sessions::{DEFAULT_TIMEOUT, MAX_TIMEOUT, Session};

/// Everything about a request but its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `query`, which comes before the body.
    pub query: String,
    /// `database` or `X-ClickHouse-Database`.
    pub database: Option<String>,
    /// `default_format` or `X-ClickHouse-Format`.
    pub format: Option<String>,
    /// `query_id`, or one made here.
    pub query_id: String,
    /// `session_id` and what belongs to it.
    pub session: Option<Session>,
    /// `param_x=…`, for `{x:Type}`.
    pub parameters: Vec<Parameter>,
    /// Settings of the engine, in the order of their names.
    pub settings: Vec<(String, String)>,
    /// `client_protocol_version`: what the client can read in Native.
    pub protocol: u32,
    /// `decompress=1`: the body comes in ClickHouse's own frames.
    pub framed: bool,
    /// `compress=1`: the answer is to go in them.
    pub compress: bool,
    /// `Content-Encoding`
    pub content_encoding: String,
    /// `Accept-Encoding`
    pub accept_encoding: String,
    /// `enable_http_compression`, if it is given.
    pub http_compression: Option<bool>,
}

impl Request {
    /// Reads the part of the URL after `?`, the fields of a form and the headers. `knows` tells
    /// the engine's settings.
    ///
    /// # Errors
    /// A parameter that is no setting of the engine (115, as servers do); text that is not UTF-8.
    pub fn parse(
        url_query: &str,
        form: Vec<(String, String)>,
        headers: &HeaderMap,
        knows: impl Fn(&str) -> bool,
    ) -> Result<Self, Exception> {
        let header = |name: &str| {
            headers
                .get(name)
                .and_then(|v| v.to_str().ok())
                .filter(|v| !v.is_empty())
                .map(str::to_owned)
        };
        let mut request = Self {
            query: String::new(),
            database: header("x-clickhouse-database"),
            format: header("x-clickhouse-format"),
            query_id: header("x-clickhouse-query-id").unwrap_or_default(),
            session: None,
            parameters: Vec::new(),
            settings: Vec::new(),
            protocol: 0,
            framed: false,
            compress: false,
            content_encoding: header(CONTENT_ENCODING.as_str()).unwrap_or_default(),
            accept_encoding: header(ACCEPT_ENCODING.as_str()).unwrap_or_default(),
            http_compression: None,
        };
        let mut session = None;
        let (mut timeout, mut must_exist, mut closes) = (DEFAULT_TIMEOUT, false, false);
        let pairs = url_query.split('&').filter(|p| !p.is_empty()).map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decode(name)?, decode(value)?))
        });
        for pair in pairs.chain(form.into_iter().map(Ok)) {
            let (name, value) = pair?;
            match name.as_str() {
                "query" => request.query.push_str(&value),
                "database" => request.database = Some(value).filter(|v| !v.is_empty()),
                "default_format" => request.format = Some(value).filter(|v| !v.is_empty()),
                "query_id" => request.query_id = value,
                "client_protocol_version" => request.protocol = number(&name, &value)?,
                "decompress" => request.framed = flag(&value),
                "compress" => request.compress = flag(&value),
                "session_id" => session = Some(value).filter(|v| !v.is_empty()),
                "session_timeout" => {
                    timeout = Duration::from_secs(number(&name, &value)?.into());
                    if timeout > MAX_TIMEOUT {
                        return Err(Exception::new(
                            36,
                            "session_timeout may be 3600 seconds at most",
                        ));
                    }
                }
                "session_check" => must_exist = flag(&value),
                "close_session" => closes = flag(&value),
                // The engine has no users; every answer is written when it is whole.
                "user" | "password" | "quota_key" | "role" | "stacktrace" | "buffer_size"
                | "wait_end_of_query" => {}
                name if name.starts_with("param_") => {
                    request
                        .parameters
                        .push((name["param_".len()..].into(), value));
                }
                name if knows(name) => {
                    if name == "enable_http_compression" {
                        request.http_compression = Some(flag(&value));
                    }
                    request.settings.push((name.to_owned(), value));
                }
                name => {
                    return Err(Exception::new(
                        115,
                        &format!(
                            "Setting {name} is neither a builtin setting nor started with the prefix 'SQL_' registered for user-defined settings"
                        ),
                    ));
                }
            }
        }
        request.settings.sort();
        request.session = session.map(|id| Session {
            id,
            timeout,
            must_exist,
            closes,
        });
        // It goes into a header of the answer.
        if request.query_id.is_empty() || request.query_id.contains(|c: char| c.is_control()) {
            request.query_id = uuid::Uuid::new_v4().to_string();
        }
        Ok(request)
    }

    /// Whether the request itself asks for reading only.
    pub fn wants_readonly(&self) -> bool {
        self.settings
            .iter()
            .any(|(name, value)| name == "readonly" && matches!(value.as_str(), "1" | "2"))
    }
}

fn flag(value: &str) -> bool {
    matches!(value, "1" | "true")
}

fn number(name: &str, value: &str) -> Result<u32, Exception> {
    value
        .parse()
        .map_err(|_| Exception::new(72, &format!("{name} is no number: {value}")))
}

fn decode(part: &str) -> Result<String, Exception> {
    percent_decode_str(&part.replace('+', " "))
        .decode_utf8()
        .map(|s| s.into_owned())
        .map_err(|_| Exception::new(36, "the URL holds text that is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Request, Exception> {
        Request::parse(query, vec![], &HeaderMap::new(), |s| {
            s == "max_threads" || s == "async_insert"
        })
    }

    #[test]
    fn parameters_settings_and_the_rest_are_told_apart() {
        let r = parse(
            "query=SELECT+%7Bx%3AString%7D%2B1&param_x=it%27s&max_threads=2&async_insert=0\
             &session_id=s&session_timeout=5&compress=1&database=d&default_format=JSON&user=u",
        )
        .unwrap();
        assert_eq!(r.query, "SELECT {x:String}+1");
        assert_eq!(r.parameters, [("x".to_owned(), "it's".to_owned())]);
        assert_eq!(r.settings[0], ("async_insert".to_owned(), "0".to_owned()));
        assert_eq!(r.settings.len(), 2);
        assert_eq!(r.session.unwrap().timeout, Duration::from_secs(5));
        assert_eq!(
            (r.database.as_deref(), r.format.as_deref()),
            (Some("d"), Some("JSON"))
        );
        assert!(r.compress && !r.framed);
        assert_eq!(r.query_id.len(), 36);
    }

    #[test]
    fn headers_give_database_and_format() {
        let mut headers = HeaderMap::new();
        headers.insert("X-ClickHouse-Database", "h".parse().unwrap());
        headers.insert("X-ClickHouse-Format", "CSV".parse().unwrap());
        headers.insert("X-ClickHouse-User", "anyone".parse().unwrap());
        let r = Request::parse("", vec![], &headers, |_| false).unwrap();
        assert_eq!(
            (r.database.as_deref(), r.format.as_deref()),
            (Some("h"), Some("CSV"))
        );
        let r = Request::parse("database=u", vec![], &headers, |_| false).unwrap();
        assert_eq!(r.database.as_deref(), Some("u"));
    }

    #[test]
    fn a_form_gives_more_parameters_as_they_are() {
        let form = vec![
            ("query".into(), "SELECT+1".into()),
            ("param_x".into(), "100%".into()),
        ];
        let r = Request::parse("max_threads=1", form, &HeaderMap::new(), |_| true).unwrap();
        assert_eq!((r.query.as_str(), r.settings.len()), ("SELECT+1", 1));
        assert_eq!(r.parameters, [("x".to_owned(), "100%".to_owned())]);
    }

    #[test]
    fn wrong_parameters_are_refused() {
        let code = |q: &str| parse(q).unwrap_err().code;
        assert_eq!(code("max_thread=1"), 115);
        assert_eq!(code("query=%ff"), 36);
        assert_eq!(code("session_id=a&session_timeout=4000"), 36);
        assert_eq!(code("client_protocol_version=new"), 72);
    }
}
