//! INSERT statements that carry data: where the statement ends and the data begins.

use super::tokens::{Kind, Token, Tokens};

/// How the text of an INSERT divides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// `INSERT INTO … FORMAT format` and then data, in any bytes.
    Data {
        /// The statement without its FORMAT clause, with all its settings.
        statement: Vec<u8>,
        /// Format of the data.
        format: String,
        /// Where the data begins in the text.
        begins: usize,
    },
    /// An INSERT that names no source at all: the data is in the request's default format.
    Bare,
    /// Everything else: `VALUES (…)`, `SELECT …`, other statements. The engine reads it whole.
    Whole,
}

/// Finds out what `sql` is. Reads no further than the FORMAT clause.
pub fn shape(sql: &[u8]) -> Shape {
    let mut tokens = Tokens::new(sql);
    if !tokens.accept("INSERT") {
        return Shape::Whole;
    }
    tokens.accept("INTO");
    tokens.accept("TABLE");
    // The table's name may be any word (`format`, `values`), so it is stepped over first.
    let mut last = if tokens.accept("FUNCTION") {
        tokens.next()
    } else {
        skip_name(sql, &mut tokens)
    };
    let mut depth = 0usize;
    loop {
        let Some(token) = tokens.next() else {
            return match last {
                Some(_) => Shape::Bare,
                None => Shape::Whole,
            };
        };
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Word => {
                let ends = ["VALUES", "SELECT", "WITH", "FROM", "WATCH"];
                if ends.iter().any(|w| token.is(sql, w)) {
                    // Also in brackets: `INSERT INTO t (SELECT …)`. A column of such a name is
                    // quoted, or the statement goes to the engine whole, which reads it right.
                    return Shape::Whole;
                }
                if depth == 0 && token.is(sql, "FORMAT") {
                    return data(sql, &token, tokens);
                }
            }
            _ => {}
        }
        last = Some(token);
    }
}

/// Steps over `database.table`.
fn skip_name(sql: &[u8], tokens: &mut Tokens<'_>) -> Option<Token> {
    let mut name = tokens.next()?;
    loop {
        let mut ahead = tokens.clone();
        match ahead.next() {
            Some(t) if t.kind == Kind::Symbol && sql[t.at.clone()] == *b"." => {
                name = ahead.next()?;
                *tokens = ahead;
            }
            _ => return Some(name),
        }
    }
}

/// `FORMAT name [SETTINGS a = 1, …] data`.
fn data(sql: &[u8], clause: &Token, mut tokens: Tokens<'_>) -> Shape {
    let Some(name) = tokens.next().filter(|t| t.kind == Kind::Word) else {
        return Shape::Whole;
    };
    let format = String::from_utf8_lossy(&sql[name.at.clone()]).into_owned();
    let mut statement = sql[..clause.at.start].to_vec();
    let mut ends = name.at.end;
    if let Some(after) = settings(sql, tokens) {
        statement.extend_from_slice(&sql[ends..after]);
        ends = after;
    }
    Shape::Data {
        statement,
        format,
        begins: ends + blank(&sql[ends..]),
    }
}

/// Where a SETTINGS clause ends, if one begins here.
fn settings(sql: &[u8], mut tokens: Tokens<'_>) -> Option<usize> {
    if !tokens.accept("SETTINGS") {
        return None;
    }
    loop {
        tokens.next().filter(|t| t.kind == Kind::Word)?;
        tokens.next().filter(|t| sql[t.at.clone()] == *b"=")?;
        let value = tokens.next()?;
        if value.kind == Kind::Symbol {
            tokens.next()?; // the sign of a number
        }
        let ends = tokens.position();
        match tokens.next() {
            Some(t) if sql[t.at.clone()] == *b"," => {}
            _ => return Some(ends),
        }
    }
}

/// Length of what may stand between the format's name and the data: blanks, a semicolon, one end
/// of line.
fn blank(rest: &[u8]) -> usize {
    let mut i = rest
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t' | b'\x0c' | b';'))
        .count();
    if rest.get(i) == Some(&b'\r') {
        i += 1;
    }
    if rest.get(i) == Some(&b'\n') {
        i += 1;
    }
    i
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn splits(sql: &str, statement: &str, format: &str, data: &str) {
        match shape(sql.as_bytes()) {
            Shape::Data {
                statement: s,
                format: f,
                begins,
            } => {
                assert_eq!(String::from_utf8(s).unwrap().trim_end(), statement);
                assert_eq!((f.as_str(), &sql[begins..]), (format, data));
            }
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[test]
    fn the_data_begins_after_the_format() {
        splits(
            "INSERT INTO t FORMAT CSV\n1\n",
            "INSERT INTO t",
            "CSV",
            "1\n",
        );
        splits(
            "insert into t(a,b) format CSV 1,2",
            "insert into t(a,b)",
            "CSV",
            "1,2",
        );
        splits(
            "INSERT INTO t FORMAT CSV\n\n1",
            "INSERT INTO t",
            "CSV",
            "\n1",
        );
        splits(
            "INSERT INTO t FORMAT TSV;\r\nx",
            "INSERT INTO t",
            "TSV",
            "x",
        );
        splits(
            "INSERT INTO t FORMAT RowBinary",
            "INSERT INTO t",
            "RowBinary",
            "",
        );
        splits(
            "INSERT INTO t FORMAT Values (1),(2)",
            "INSERT INTO t",
            "Values",
            "(1),(2)",
        );
    }

    #[test]
    fn comments_names_and_strings_are_no_format() {
        splits(
            "INSERT /* FORMAT x */ INTO `FORMAT y` (`a FORMAT b`, c) -- FORMAT z\n FORMAT CSV\n1",
            "INSERT /* FORMAT x */ INTO `FORMAT y` (`a FORMAT b`, c) -- FORMAT z",
            "CSV",
            "1",
        );
        splits(
            "INSERT INTO db.format FORMAT CSV 1",
            "INSERT INTO db.format",
            "CSV",
            "1",
        );
        splits(
            "INSERT INTO TABLE values FORMAT CSV 1",
            "INSERT INTO TABLE values",
            "CSV",
            "1",
        );
        splits(
            "INSERT INTO FUNCTION file('a FORMAT b') FORMAT CSV 1",
            "INSERT INTO FUNCTION file('a FORMAT b')",
            "CSV",
            "1",
        );
        splits(
            "INSERT INTO t (format, b) FORMAT CSV 1",
            "INSERT INTO t (format, b)",
            "CSV",
            "1",
        );
    }

    #[test]
    fn settings_belong_to_the_statement() {
        splits(
            "INSERT INTO t SETTINGS async_insert=1, x='FORMAT' FORMAT CSV 1",
            "INSERT INTO t SETTINGS async_insert=1, x='FORMAT'",
            "CSV",
            "1",
        );
        splits(
            "INSERT INTO t FORMAT CSV SETTINGS a = 1, b = -2\nSETTINGS",
            "INSERT INTO t  SETTINGS a = 1, b = -2",
            "CSV",
            "SETTINGS",
        );
        splits(
            "INSERT INTO t FORMAT TSV settings\t1",
            "INSERT INTO t",
            "TSV",
            "settings\t1",
        );
    }

    #[test]
    fn other_statements_go_whole() {
        for sql in [
            "SELECT 1 FORMAT CSV",
            "INSERT INTO t VALUES (1, 'FORMAT CSV')",
            "INSERT INTO t (a) SELECT 1 FORMAT Null",
            "INSERT INTO t (SELECT 'FORMAT CSV')",
            "INSERT INTO t WITH 1 AS x SELECT x",
            "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
            "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
            "INSERT INTO t FORMAT",
            "INSERT",
            "",
        ] {
            assert_eq!(shape(sql.as_bytes()), Shape::Whole, "{sql}");
        }
        assert_eq!(shape(b"INSERT INTO t (a)"), Shape::Bare);
        assert_eq!(shape(b"INSERT INTO t SETTINGS a=1"), Shape::Bare);
    }

    #[test]
    fn any_bytes_may_follow() {
        let mut sql = b"INSERT INTO t FORMAT RowBinary\n".to_vec();
        sql.extend([0xff, 0x27, 0x60, 0, 0x80]);
        assert!(matches!(shape(&sql), Shape::Data { begins: 31, .. }));
    }
}
