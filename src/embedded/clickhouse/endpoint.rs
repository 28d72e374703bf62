//! One request of ClickHouse's HTTP interface: from its text to the engine and back.
//!
//! Bodies and answers are held whole in memory, bodies as they came over the wire: a demo's
//! engine, not one for exports of many gigabytes. External tables are refused: a temporary table in
//! a session does the same.

use std::io::Read;

use bytes::Bytes;

use super::compression::{self, Packing};
use super::connections::{self, Connections, Purpose};
use super::exception::Exception;
use super::insert::{self, Shape};
use super::library::{Connection, Kind, Outcome};
use super::native;
use super::request::Request;
use super::response::{self, About, Answer};
use super::running::Running;
use super::sessions::{Session, Sessions};
use super::tokens::{self, Tokens};

/// Format of answers to queries that name none.
const DEFAULT_FORMAT: &str = "TabSeparated";

/// The engine, its connections and its sessions.
#[derive(Debug)]
pub struct Endpoint {
    /// Connections without a session.
    pub connections: Connections,
    /// Connections of sessions.
    pub sessions: Sessions,
}

/// A statement and the data that goes with it.
enum Statement {
    /// An INSERT whose data is streamed into the engine.
    Insert {
        sql: Vec<u8>,
        format: String,
        data: Box<dyn Read + Send>,
    },
    /// Any other statement, whole.
    Query(Vec<u8>),
}

impl Endpoint {
    /// Answers a request. Blocks while the engine works. `may_write` is false for GET, which must
    /// leave no trace: any web page can make a browser send one.
    pub fn answer(
        &self,
        request: Request,
        body: Bytes,
        may_write: bool,
        running: &Running,
    ) -> Answer {
        let mut about = About {
            query_id: request.query_id.clone(),
            timezone: self.connections.timezone.clone(),
            format: request.format.clone().unwrap_or(DEFAULT_FORMAT.into()),
        };
        let packing = packing(&request);
        self.run(request, body, may_write, running, &mut about)
            .and_then(|outcome| response::success(&about, outcome, packing))
            .unwrap_or_else(|exception| {
                tracing::debug!(code = exception.code, %exception, "query failed");
                response::failure(&about, &exception)
            })
    }

    /// Asks the engine to end the queries of which `condition` holds in `system.processes`, and
    /// does not wait for it.
    pub fn kill_queries(&self, condition: &str) {
        let sql = format!("KILL QUERY WHERE {condition} ASYNC");
        let purpose = Purpose::default();
        let killed = self.connections.take(&purpose).and_then(|mut connection| {
            connection.query(sql.as_bytes(), "Null", &[])?;
            self.connections.give_back(purpose, connection);
            Ok(())
        });
        if let Err(error) = killed {
            tracing::warn!(%error, "can't kill queries");
        }
    }

    fn run(
        &self,
        mut request: Request,
        body: Bytes,
        may_write: bool,
        running: &Running,
        about: &mut About,
    ) -> Result<Outcome, Exception> {
        let mut statement = statement(&mut request, body)?;
        let may_write = may_write && !request.wants_readonly();
        if let Statement::Query(sql) = &statement {
            about.format = tokens::output_format(sql).unwrap_or(about.format.clone());
        }
        let outcome = match &request.session {
            Some(session) => self.in_session(session, &request, &mut statement, may_write, running),
            None => self.alone(&request, &mut statement, may_write, running),
        }?;
        if about.format == "Native" && request.protocol >= native::REVISION {
            let body = native::with_revision(&outcome.body)?.into();
            return Ok(Outcome { body, ..outcome });
        }
        Ok(outcome)
    }

    /// On a connection that is like new.
    fn alone(
        &self,
        request: &Request,
        statement: &mut Statement,
        may_write: bool,
        running: &Running,
    ) -> Result<Outcome, Exception> {
        let mut purpose = Purpose {
            database: request.database.clone(),
            settings: request.settings.clone(),
        };
        if !may_write && !request.wants_readonly() {
            purpose.settings.retain(|(name, _)| name != "readonly");
            // 2: reading only, but settings may be changed.
            purpose.settings.push(("readonly".into(), "2".into()));
        }
        let mut connection = self.connections.take(&purpose)?;
        let kind = kind(&mut connection, statement)?;
        let outcome = execute(&mut connection, request, statement, kind, running);
        // What is no mere reading may have changed the connection itself: SET, USE, a temporary
        // table. Nobody else must see that.
        if kind == Kind::Read || matches!(statement, Statement::Insert { .. }) {
            self.connections.give_back(purpose, connection);
        }
        outcome
    }

    fn in_session(
        &self,
        session: &Session,
        request: &Request,
        statement: &mut Statement,
        may_write: bool,
        running: &Running,
    ) -> Result<Outcome, Exception> {
        let mut connection = self
            .sessions
            .take(session, || self.connections.take(&Purpose::default()))?;
        let outcome = inside(&mut connection, request, statement, may_write, running);
        self.sessions.give_back(session, Some(connection));
        outcome
    }
}

/// On the connection of a session, whose own settings are the same afterwards: those of the URL
/// hold for one request.
fn inside(
    connection: &mut Connection,
    request: &Request,
    statement: &mut Statement,
    may_write: bool,
    running: &Running,
) -> Result<Outcome, Exception> {
    let kind = kind(connection, statement)?;
    if !may_write && kind != Kind::Read {
        return Err(Exception::new(
            164,
            "GET requests and those with readonly=1 may only read: send statements that change \
             something by POST (READONLY)",
        ));
    }
    if let Some(database) = &request.database {
        let sql = format!("USE {}", connections::name(database));
        connection.query(sql.as_bytes(), "Null", &[])?;
    }
    // `readonly` could not be taken back; that the statement only reads was found out above.
    let mut settings = request.settings.clone();
    settings.retain(|(name, _)| name != "readonly");
    let before = current(connection, &settings)?;
    connections::set(connection, &settings)?;
    let outcome = execute(connection, request, statement, kind, running);
    if !before.is_empty() && connection.is_usable() {
        let sql = format!("SET {}", before.join(", "));
        connection.query(sql.as_bytes(), "Null", &[])?;
    }
    outcome
}

/// Assignments that bring `settings` back to what they are now.
fn current(
    connection: &mut Connection,
    settings: &[(String, String)],
) -> Result<Vec<String>, Exception> {
    if settings.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = settings.iter().map(|(n, _)| connections::text(n)).collect();
    let sql = format!(
        "SELECT name, value, changed FROM system.settings WHERE name IN ({})",
        names.join(", ")
    );
    let outcome = connection.query(sql.as_bytes(), "JSONCompactEachRow", &[])?;
    let rows = serde_json::Deserializer::from_slice(&outcome.body);
    rows.into_iter::<(String, String, u8)>()
        .map(|row| {
            let (name, value, changed) =
                row.map_err(|e| Exception::new(1001, &format!("can't read settings: {e}")))?;
            let name = connections::name(&name);
            Ok(match changed {
                0 => format!("{name} = DEFAULT"),
                _ => format!("{name} = {}", connections::text(&value)),
            })
        })
        .collect()
}

fn execute(
    connection: &mut Connection,
    request: &Request,
    statement: &mut Statement,
    kind: Kind,
    running: &Running,
) -> Result<Outcome, Exception> {
    let _reading = (kind == Kind::Read).then(|| running.read());
    match statement {
        Statement::Insert { sql, format, data } => {
            connection.insert(sql, format, &request.parameters, data)
        }
        Statement::Query(sql) => {
            let format = request.format.as_deref().unwrap_or(DEFAULT_FORMAT);
            connection.query(sql, format, &request.parameters)
        }
    }
}

/// What a statement does, by the engine's own parser.
fn kind(connection: &mut Connection, statement: &Statement) -> Result<Kind, Exception> {
    let Statement::Query(sql) = statement else {
        return Ok(Kind::Other);
    };
    if Tokens::new(sql).next().is_none() {
        return Err(Exception::new(62, "Syntax error: empty query"));
    }
    if Tokens::new(sql).accept("INSERT") {
        return Ok(Kind::Other); // with all its VALUES it may be long
    }
    match connection.classify(sql) {
        (kind, 0 | 1) => Ok(kind),
        _ => Err(Exception::new(
            62,
            "Syntax error (Multi-statements are not allowed)",
        )),
    }
}

/// Puts the query of the URL and the body together, as servers do: the query, an end of line, the
/// body.
fn statement(request: &mut Request, body: Bytes) -> Result<Statement, Exception> {
    let has_body = !body.is_empty();
    let mut data = compression::decoded(&request.content_encoding, request.framed, body)?;
    let mut sql = std::mem::take(&mut request.query).into_bytes();
    let in_url = !sql.is_empty();
    match insert::shape(&sql) {
        Shape::Data {
            statement,
            format,
            begins,
        } => {
            sql.drain(..begins);
            Ok(Statement::Insert {
                sql: statement,
                format,
                data: Box::new(std::io::Cursor::new(sql).chain(data)),
            })
        }
        Shape::Bare if has_body && request.format.is_some() => Ok(Statement::Insert {
            sql,
            format: request.format.clone().unwrap_or_default(),
            data,
        }),
        _ if !has_body => Ok(Statement::Query(sql)),
        _ => {
            if in_url {
                sql.push(b'\n');
            }
            data.read_to_end(&mut sql)
                .map_err(|e| Exception::new(33, &format!("can't read the body: {e}")))?;
            match insert::shape(&sql) {
                Shape::Data {
                    statement,
                    format,
                    begins,
                } => {
                    let mut data = std::io::Cursor::new(sql);
                    data.set_position(begins as u64);
                    Ok(Statement::Insert {
                        sql: statement,
                        format,
                        data: Box::new(data),
                    })
                }
                _ => Ok(Statement::Query(sql)),
            }
        }
    }
}

fn packing(request: &Request) -> Packing {
    if request.compress {
        Packing::Frames
    } else if request.http_compression.unwrap_or(true) {
        Packing::accepted(&request.accept_encoding)
    } else {
        Packing::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(query: &str) -> Request {
        let query = format!("query={}", query.replace(' ', "+"));
        Request::parse(&query, vec![], &hyper::HeaderMap::new(), |_| false).unwrap()
    }

    fn insert(query: &str, body: &'static str) -> (String, String, String) {
        match statement(&mut request(query), Bytes::from_static(body.as_bytes())).unwrap() {
            Statement::Insert {
                sql,
                format,
                mut data,
            } => {
                let mut text = String::new();
                data.read_to_string(&mut text).unwrap();
                (String::from_utf8(sql).unwrap(), format, text)
            }
            Statement::Query(sql) => panic!("{}", String::from_utf8_lossy(&sql)),
        }
    }

    #[test]
    fn url_and_body_make_one_statement() {
        let csv = (
            "INSERT INTO t ".to_owned(),
            "CSV".to_owned(),
            "1\n".to_owned(),
        );
        assert_eq!(insert("INSERT INTO t FORMAT CSV", "1\n"), csv);
        assert_eq!(insert("", "INSERT INTO t FORMAT CSV\n1\n"), csv);
        assert_eq!(insert("INSERT INTO t", "FORMAT CSV\n1\n").1, "CSV");
        let Statement::Query(sql) = statement(
            &mut request("INSERT INTO t VALUES"),
            Bytes::from_static(b"(1)"),
        )
        .unwrap() else {
            panic!("not whole");
        };
        assert_eq!(sql, b"INSERT INTO t VALUES\n(1)");
    }
}
