//! ClickHouse SQL cut into tokens, as far as telling statements apart needs it: strings, quoted
//! names, comments and here-documents never hide or feign a keyword.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Keyword, name or number.
    Word,
    /// `'text'` or `$tag$text$tag$`.
    Text,
    /// `` `name` `` or `"name"`.
    Quoted,
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// Any other single byte.
    Symbol,
}

/// A token and its place in the statement, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub at: Range<usize>,
}

/// Walks over the tokens of a statement. Data after it may be any bytes: nothing past the last
/// token asked for is looked at.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    sql: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    /// Tokens of `sql` from its beginning.
    pub fn new(sql: &'a [u8]) -> Self {
        Self { sql, at: 0 }
    }

    /// Where the next token is looked for.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next token if it is the word `word` (upper case), which is then consumed.
    pub fn accept(&mut self, word: &str) -> bool {
        let mut ahead = self.clone();
        match ahead.next() {
            Some(token) if token.is(self.sql, word) => {
                *self = ahead;
                true
            }
            _ => false,
        }
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = &self.sql[self.at.min(self.sql.len())..];
            match rest {
                [b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c, ..] => self.at += 1,
                [b'-', b'-', ..] | [b'#', b' ' | b'!', ..] => {
                    self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
                }
                [b'/', b'*', ..] => self.at += comment(rest),
                _ => return,
            }
        }
    }
}

impl Token {
    /// Whether this is the keyword `word` (upper case).
    pub fn is(&self, sql: &[u8], word: &str) -> bool {
        self.kind == Kind::Word && sql[self.at.clone()].eq_ignore_ascii_case(word.as_bytes())
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_blank();
        let start = self.at;
        let rest = self.sql.get(start..)?;
        let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
        let (kind, length) = match rest.first()? {
            b'\'' => (Kind::Text, quoted(rest, b'\'')),
            b @ (b'`' | b'"') => (Kind::Quoted, quoted(rest, *b)),
            b'(' | b'[' | b'{' => (Kind::Open, 1),
            b')' | b']' | b'}' => (Kind::Close, 1),
            b'$' => here_document(rest).map_or((Kind::Symbol, 1), |n| (Kind::Text, n)),
            b if word(b) => (Kind::Word, rest.iter().take_while(|b| word(b)).count()),
            _ => (Kind::Symbol, 1),
        };
        self.at = start + length;
        Some(Token {
            kind,
            at: start..self.at,
        })
    }
}

/// Length of a quoted token: `\` escapes, a doubled quote stands for itself.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut i = 1;
    while i < rest.len() {
        match rest[i] {
            b'\\' => i += 2,
            b if b == quote && rest.get(i + 1) == Some(&quote) => i += 2,
            b if b == quote => return i + 1,
            _ => i += 1,
        }
    }
    rest.len()
}

/// Length of a `/* comment */`, which may hold others.
fn comment(rest: &[u8]) -> usize {
    let (mut depth, mut i) = (0, 0);
    while i < rest.len() {
        match rest[i..] {
            [b'/', b'*', ..] => (depth, i) = (depth + 1, i + 2),
            [b'*', b'/', ..] => {
                (depth, i) = (depth - 1, i + 2);
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    rest.len()
}

/// Length of `$tag$ … $tag$`.
fn here_document(rest: &[u8]) -> Option<usize> {
    let tag = 2 + rest[1..]
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || *b == b'_'))
        .filter(|n| rest[1 + n] == b'$')?;
    memchr::memmem::find(&rest[tag..], &rest[..tag]).map(|n| n + 2 * tag)
}

/// The format that the FORMAT clause at the end of a query names.
pub fn output_format(sql: &[u8]) -> Option<String> {
    let mut depth = 0usize;
    let mut found = None;
    let mut tokens = Tokens::new(sql);
    while let Some(token) = tokens.next() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Word if depth == 0 && token.is(sql, "FORMAT") => {
                let name = tokens.clone().next().filter(|t| t.kind == Kind::Word);
                found = name.map(|t| String::from_utf8_lossy(&sql[t.at]).into_owned());
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(sql: &str) -> Vec<&str> {
        Tokens::new(sql.as_bytes()).map(|t| &sql[t.at]).collect()
    }

    #[test]
    fn strings_names_and_comments_are_one_token_or_none() {
        assert_eq!(
            words("a /* b /* c */ d */ 'e''f\\'g' -- h\n`i``j` # k\n$x$ l $x$ سلام(1)"),
            [
                "a",
                "'e''f\\'g'",
                "`i``j`",
                "$x$ l $x$",
                "سلام",
                "(",
                "1",
                ")"
            ]
        );
    }

    #[test]
    fn what_is_not_closed_ends_with_the_text() {
        assert_eq!(words("a 'b"), ["a", "'b"]);
        assert_eq!(words("a /* b"), ["a"]);
        assert_eq!(words("'b\\"), ["'b\\"]);
        assert_eq!(words("$x$ a"), ["$", "x", "$", "a"]);
    }

    #[test]
    fn the_output_format_is_the_last_clause_outside_of_brackets() {
        let format = |sql: &str| output_format(sql.as_bytes());
        assert_eq!(format("select 1 format JSON").as_deref(), Some("JSON"));
        assert_eq!(format("select 'x FORMAT CSV' -- FORMAT TSV"), None);
        assert_eq!(format("select format('{}', a)"), None);
        assert_eq!(
            format("select 1 FORMAT Native SETTINGS max_threads = 1").as_deref(),
            Some("Native")
        );
    }
}
