//! `multipart/form-data` bodies: some clients send the query and its parameters as a form.

use super::exception::Exception;

/// The fields of a form, in order. `boundary` is that of the `Content-Type`.
///
/// # Errors
/// The body is no form, a field is not UTF-8, or it is a file: an external table (48).
pub fn fields(boundary: &str, body: &[u8]) -> Result<Vec<(String, String)>, Exception> {
    let broken = || Exception::new(36, "the body is no multipart/form-data of that boundary");
    let line = format!("--{boundary}");
    let between = format!("\r\n{line}");
    let mut rest = body.strip_prefix(line.as_bytes()).ok_or_else(broken)?;
    let mut fields = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = memchr::memmem::find(part, between.as_bytes()).ok_or_else(broken)?;
        let head = memchr::memmem::find(&part[..end], b"\r\n\r\n").ok_or_else(broken)?;
        let value = std::str::from_utf8(&part[head + 4..end]).map_err(|_| broken())?;
        fields.push((name(&part[..head]).ok_or_else(broken)??, value.to_owned()));
        rest = &part[end + between.len()..];
    }
    if rest.starts_with(b"--") {
        Ok(fields)
    } else {
        Err(broken())
    }
}

/// The boundary that a `Content-Type` of a form names.
pub fn boundary(content_type: &str) -> Option<&str> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    rest.split(';')
        .find_map(|p| p.trim().strip_prefix("boundary="))
        .map(|b| b.trim_matches('"'))
}

/// `Content-Disposition: form-data; name="query"`
fn name(head: &[u8]) -> Option<Result<String, Exception>> {
    let head = std::str::from_utf8(head).ok()?;
    let line = head.lines().find(|l| {
        l.get(..20)
            .is_some_and(|h| h.eq_ignore_ascii_case("content-disposition:"))
    })?;
    let quoted = |key: &str| {
        let (_, after) = line.split_once(&format!(" {key}=\""))?;
        Some(after.split_once('"')?.0.to_owned())
    };
    if quoted("filename").is_some() {
        return Some(Err(Exception::new(
            48,
            "external tables are not read by the embedded engine: use a temporary table in a \
             session",
        )));
    }
    quoted("name").map(Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT\r\n1\r\n\
                        --b\r\ncontent-disposition: form-data; name=\"param_x\"\r\nX: y\r\n\r\n\r\n--b--\r\n";

    #[test]
    fn fields_are_read_with_their_line_ends() {
        let read = fields("b", FORM.as_bytes()).unwrap();
        assert_eq!(
            read,
            [
                ("query".to_owned(), "SELECT\r\n1".to_owned()),
                ("param_x".to_owned(), String::new())
            ]
        );
    }

    #[test]
    fn a_cut_form_is_refused() {
        for cut in 0..FORM.len() - 4 {
            assert_eq!(
                fields("b", &FORM.as_bytes()[..cut]).unwrap_err().code,
                36,
                "{cut}"
            );
        }
        assert_eq!(fields("other", FORM.as_bytes()).unwrap_err().code, 36);
    }

    #[test]
    fn files_are_not_taken() {
        let form = FORM.replace("name=\"param_x\"", "name=\"t\"; filename=\"t.csv\"");
        assert_eq!(fields("b", form.as_bytes()).unwrap_err().code, 48);
    }

    #[test]
    fn the_boundary_is_read() {
        assert_eq!(
            boundary("multipart/form-data; boundary=\"x-1\""),
            Some("x-1")
        );
        assert_eq!(
            boundary("Multipart/Form-Data;charset=utf-8; boundary=x"),
            Some("x")
        );
        assert_eq!(boundary("text/plain; boundary=x"), None);
    }
}
