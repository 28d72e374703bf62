//! Blocks of the Native format as clients of a newer protocol read them.
//!
//! The engine writes Native for revision 0: columns, rows, then name, type and data of each
//! column. A client that tells `client_protocol_version` of at least [`REVISION`] reads block
//! information before each block and a byte about the serialization before each column's data.
//! To put them there, every column must be stepped over, so the layout of its type must be known.

use super::exception::Exception;

/// From here on a column has a serialization byte (DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION).
pub const REVISION: u32 = 54454;

/// Block information: not an overflow block (field 1), no bucket (field 2), the end.
const BLOCK_INFO: [u8; 8] = [1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0];

/// Adds what a client of [`REVISION`] expects.
///
/// # Errors
/// A column of a type whose layout is not known here (48), or a block that is cut.
pub fn with_revision(body: &[u8]) -> Result<Vec<u8>, Exception> {
    let mut out = Vec::with_capacity(body.len() + 64);
    let mut reader = Reader { body, at: 0 };
    while reader.at < body.len() {
        out.extend(BLOCK_INFO);
        let start = reader.at;
        let columns = reader.number()?;
        let rows = reader.number()?;
        out.extend(&body[start..reader.at]);
        for _ in 0..columns {
            let start = reader.at;
            reader.text()?;
            let kind = reader.text()?;
            out.extend(&body[start..reader.at]);
            out.push(0);
            let start = reader.at;
            reader.prefix(kind)?;
            reader.column(kind, rows)?;
            out.extend(&body[start..reader.at]);
        }
    }
    Ok(out)
}

struct Reader<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn skip(&mut self, bytes: usize) -> Result<&'a [u8], Exception> {
        let end = self.at.checked_add(bytes).ok_or_else(cut)?;
        let part = self.body.get(self.at..end).ok_or_else(cut)?;
        self.at = end;
        Ok(part)
    }

    fn number(&mut self) -> Result<usize, Exception> {
        let mut value = 0usize;
        for shift in (0..63).step_by(7) {
            let byte = self.skip(1)?[0];
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(cut())
    }

    fn text(&mut self) -> Result<&'a str, Exception> {
        let length = self.number()?;
        std::str::from_utf8(self.skip(length)?).map_err(|_| cut())
    }

    fn fixed(&mut self) -> Result<u64, Exception> {
        let bytes = self.skip(8)?;
        Ok(bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
    }

    /// Steps over what comes before a column's data: the version of dictionaries.
    fn prefix(&mut self, kind: &str) -> Result<(), Exception> {
        let (name, arguments) = parts(kind);
        match name {
            "LowCardinality" => self.skip(8).map(|_| ()),
            "Array" | "Nullable" | "Map" | "Tuple" | "Nested" => {
                arguments.iter().try_for_each(|a| self.prefix(element(a)))
            }
            "SimpleAggregateFunction" => self.prefix(arguments.last().copied().unwrap_or("")),
            _ => Ok(()),
        }
    }

    /// Steps over `rows` values of type `kind`.
    fn column(&mut self, kind: &str, rows: usize) -> Result<(), Exception> {
        let (name, arguments) = parts(kind);
        let first = arguments.first().copied().unwrap_or("");
        let width = match name {
            "UInt8" | "Int8" | "Bool" | "Enum8" | "Nothing" => 1,
            "UInt16" | "Int16" | "Date" | "Enum16" | "BFloat16" => 2,
            "UInt32" | "Int32" | "Float32" | "DateTime" | "Date32" | "IPv4" | "Decimal32"
            | "Time" => 4,
            "UInt64" | "Int64" | "Float64" | "DateTime64" | "Decimal64" | "Time64" => 8,
            "UInt128" | "Int128" | "UUID" | "IPv6" | "Decimal128" => 16,
            "UInt256" | "Int256" | "Decimal256" => 32,
            "FixedString" => first.parse().map_err(|_| cut())?,
            "Decimal" => match first.parse::<u32>().map_err(|_| cut())? {
                ..=9 => 4,
                10..=18 => 8,
                19..=38 => 16,
                _ => 32,
            },
            name if name.starts_with("Interval") => 8,
            "String" => {
                for _ in 0..rows {
                    let length = self.number()?;
                    self.skip(length)?;
                }
                return Ok(());
            }
            "Nullable" => {
                self.skip(rows)?;
                return self.column(first, rows);
            }
            "Array" | "Map" | "Nested" => {
                let mut last = 0;
                for _ in 0..rows {
                    last = self.fixed()?;
                }
                let values = usize::try_from(last).map_err(|_| cut())?;
                return arguments
                    .iter()
                    .try_for_each(|a| self.column(element(a), values));
            }
            "Tuple" if !arguments.is_empty() => {
                return arguments
                    .iter()
                    .try_for_each(|a| self.column(element(a), rows));
            }
            "SimpleAggregateFunction" => {
                return self.column(arguments.last().copied().unwrap_or(""), rows);
            }
            "LowCardinality" => return self.dictionary(first, rows),
            _ => {
                return Err(Exception::new(
                    48,
                    &format!(
                        "the embedded engine can't send type {kind} in Native to a client of \
                         this protocol: ask for another format, or cast the column"
                    ),
                ));
            }
        };
        self.skip(rows.checked_mul(width).ok_or_else(cut)?)?;
        Ok(())
    }

    /// Keys and indexes of a LowCardinality column.
    fn dictionary(&mut self, kind: &str, rows: usize) -> Result<(), Exception> {
        if rows == 0 {
            return Ok(());
        }
        let flags = self.fixed()?;
        let width = 1usize << (flags & 3);
        let keys = usize::try_from(self.fixed()?).map_err(|_| cut())?;
        // A nullable dictionary holds plain values: null is the first key.
        let (name, arguments) = parts(kind);
        let plain = if name == "Nullable" {
            arguments.first().copied().unwrap_or("")
        } else {
            kind
        };
        self.column(plain, keys)?;
        let indexes = usize::try_from(self.fixed()?).map_err(|_| cut())?;
        self.skip(indexes.checked_mul(width).ok_or_else(cut)?)?;
        Ok(())
    }
}

fn cut() -> Exception {
    Exception::new(1001, "the engine's Native block can't be read")
}

/// `Map(String, Array(UInt8))` → `Map`, [`String`, `Array(UInt8)`].
fn parts(kind: &str) -> (&str, Vec<&str>) {
    let Some((name, inner)) = kind
        .split_once('(')
        .and_then(|(n, rest)| Some((n, rest.strip_suffix(')')?)))
    else {
        return (kind, Vec::new());
    };
    let (mut depth, mut start, mut quote) = (0usize, 0, None);
    let mut arguments = Vec::new();
    let mut bytes = inner.bytes().enumerate();
    while let Some((i, b)) = bytes.next() {
        match (quote, b) {
            (Some(_), b'\\') => {
                bytes.next();
            }
            (Some(q), b) if b == q => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'`') => quote = Some(b),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            (None, b',') if depth == 0 => {
                arguments.push(inner[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    arguments.push(inner[start..].trim());
    (name, arguments)
}

/// The type of a tuple's element, which may have a name: `a UInt8`, `` `b c` Array(String) ``.
fn element(argument: &str) -> &str {
    if let Some(rest) = argument.strip_prefix('`') {
        let mut escaped = false;
        for (i, b) in rest.bytes().enumerate() {
            match b {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'`' => return rest[i + 1..].trim(),
                _ => {}
            }
        }
    }
    let name = argument
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
        .count();
    match argument.as_bytes().get(name) {
        Some(b' ') => argument[name..].trim(),
        _ => argument,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(out: &mut Vec<u8>, value: &str) {
        out.push(value.len() as u8);
        out.extend(value.as_bytes());
    }

    /// A block of one column with `rows` rows: head and data apart.
    fn block(kind: &str, rows: u8, data: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut head = vec![1, rows];
        text(&mut head, "c");
        text(&mut head, kind);
        (head, data.to_vec())
    }

    #[track_caller]
    fn converts(kind: &str, rows: u8, data: &[u8]) {
        let (head, data) = block(kind, rows, data);
        // Two blocks: the second is found only if the first was measured right.
        let body = [&head[..], &data, &head, &data].concat();
        let one = [&BLOCK_INFO[..], &head, &[0], &data].concat();
        assert_eq!(
            with_revision(&body).unwrap(),
            [&one[..], &one].concat(),
            "{kind}"
        );
        let cut = &body[..body.len() - 1];
        assert!(with_revision(cut).is_err(), "{kind}");
    }

    #[test]
    fn every_layout_is_measured() {
        converts("UInt8", 2, &[1, 2]);
        converts("DateTime('Asia/Tehran')", 1, &[0; 4]);
        converts("DateTime64(3, 'UTC')", 2, &[0; 16]);
        converts("Decimal(38, 2)", 1, &[0; 16]);
        converts("FixedString(5)", 2, b"abcdefghij");
        converts("Enum8('a,(' = 1, 'b\\'' = 2)", 2, &[1, 2]);
        converts("String", 2, b"\x01a\x03bcd");
        converts("Nullable(String)", 2, b"\x00\x01\x01a\x00");
        converts(
            "Array(String)",
            2,
            b"\x01\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x01a\x01b\x01c",
        );
        converts(
            "Map(String, UInt8)",
            1,
            b"\x02\0\0\0\0\0\0\0\x01a\x01b\x01\x02",
        );
        converts(
            "Tuple(a UInt8, `b, c` Array(UInt16))",
            1,
            b"\x07\x01\0\0\0\0\0\0\0\x01\x02",
        );
        converts("SimpleAggregateFunction(max, UInt32)", 1, &[0; 4]);
        // version, flags, two keys, three indexes of one byte
        let mut low = 1u64.to_le_bytes().to_vec();
        low.extend(0x600u64.to_le_bytes());
        low.extend(2u64.to_le_bytes());
        low.extend(b"\x00\x01a");
        low.extend(3u64.to_le_bytes());
        low.extend([1, 0, 1]);
        converts("LowCardinality(Nullable(String))", 3, &low);
    }

    #[test]
    fn an_unknown_layout_is_an_error_that_names_the_type() {
        let (head, data) = block("JSON", 1, &[0; 9]);
        let error = with_revision(&[head, data].concat()).unwrap_err();
        assert!(
            error.code == 48 && error.message.contains("JSON"),
            "{error}"
        );
    }
}
