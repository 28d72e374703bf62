//! E-mail addresses, IP addresses, and secrets in URLs.

use std::net::{Ipv4Addr, Ipv6Addr};

use memchr::{memchr_iter, memmem};

use super::shadow::{CASED, LETTER, Shadow};
use super::{Class, Finding};

/// Names of URL parameters whose value lets its reader act as the customer.
const SECRET_PARAMETERS: [&str; 20] = [
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "auth",
    "authorization",
    "key",
    "apikey",
    "api_key",
    "sig",
    "signature",
    "password",
    "passwd",
    "pwd",
    "session",
    "sessionid",
    "sid",
    "secret",
    "jwt",
    "otp",
];

/// `user:password` before the host, and values of [`SECRET_PARAMETERS`].
pub(super) fn secrets(text: &Shadow) -> Vec<Finding> {
    let bytes = text.bytes();
    let mut found = Vec::new();
    let mut end = 0;
    for scheme in memmem::find_iter(bytes, b"://") {
        if scheme < end {
            continue;
        }
        let start = scheme + 3;
        end = run(bytes, start, |b| {
            !matches!(b, b' ' | b'\n' | b'"' | b'<' | b'>' | b')' | LETTER)
        });
        let url = &bytes[start..end];
        let host_end = url
            .iter()
            .position(|b| matches!(b, b'/' | b'?' | b'#'))
            .unwrap_or(url.len());
        if let Some(at) = memchr::memrchr(b'@', &url[..host_end]) {
            found.push(secret(start, start + at));
        }
        let mut name = start + host_end;
        while name < end {
            let part_end = name
                + 1
                + bytes[name + 1..end]
                    .iter()
                    .position(|b| matches!(b, b'&' | b';' | b'#' | b'?'))
                    .unwrap_or(end - name - 1);
            let part = &bytes[name + 1..part_end];
            if let Some(equals) = memchr::memchr(b'=', part) {
                let is = |secret: &&str| part[..equals].eq_ignore_ascii_case(secret.as_bytes());
                if SECRET_PARAMETERS.iter().any(is) && equals + 1 < part.len() {
                    found.push(secret(name + 1 + equals + 1, part_end));
                }
            }
            name = part_end;
        }
    }
    found
}

fn secret(start: usize, end: usize) -> Finding {
    Finding {
        class: Class::Secret,
        start,
        end,
    }
}

/// E-mail addresses, also fused to letters of a script without case (`邮箱abc@qq.com谢谢`).
pub(super) fn emails(text: &Shadow) -> Vec<Finding> {
    let bytes = text.bytes();
    let mut found: Vec<Finding> = Vec::new();
    for at in memchr_iter(b'@', bytes) {
        let floor = found.last().map_or(0, |last| last.end);
        let latin = run_back(bytes, at, floor, |b| is_local(b) || b == CASED);
        // Only if no Latin part is there is the name in another script.
        let mut start = if latin == at {
            run_back(bytes, at, floor, |b| b == LETTER || is_local(b))
        } else {
            latin
        };
        start += run(&bytes[start..at], 0, |b| matches!(b, b'.' | b'-' | b'%'));
        let Some(end) = domain_end(bytes, at + 1) else {
            continue;
        };
        if start < at {
            found.push(Finding {
                class: Class::Email,
                start,
                end,
            });
        }
    }
    found
}

/// End of a domain name of two labels or more that begins here.
fn domain_end(bytes: &[u8], start: usize) -> Option<usize> {
    let ascii = run(bytes, start, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | CASED)
    });
    let mut end = if ascii == start {
        run(bytes, start, |b| matches!(b, b'-' | b'.' | LETTER | CASED))
    } else {
        ascii
    };
    while end > start && matches!(bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let name = &bytes[start..end];
    let dot = memchr::memrchr(b'.', name)?;
    (dot > 0 && name.len() - dot > 2).then_some(end)
}

fn is_local(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-')
}

/// IPv4 and IPv6 addresses. Four single digits (`1.2.3.4`) are a version number.
pub(super) fn ips(text: &Shadow) -> Vec<Finding> {
    let bytes = text.bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = run(bytes, at, |b| {
            b.is_ascii_hexdigit() || matches!(b, b'.' | b':')
        });
        if end == at {
            at += 1;
            continue;
        }
        let mut last = end;
        while last > at && matches!(bytes[last - 1], b'.') {
            last -= 1;
        }
        // A letter before it makes it a word or a version (`v10.20.30.40`).
        let free = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        if let Ok(run) = std::str::from_utf8(&bytes[at..last])
            && free
            && let Some(len) = ip_len(run)
        {
            found.push(Finding {
                class: Class::Ip,
                start: at,
                end: at + len,
            });
        }
        at = end;
    }
    found
}

/// Length of the address that a run of hexadecimal digits, dots and colons begins with.
fn ip_len(run: &str) -> Option<usize> {
    // What follows a colon may be a port.
    let v4 = run.split(':').next().unwrap_or(run);
    if v4.len() > 7 && v4.parse::<Ipv4Addr>().is_ok() {
        return Some(v4.len());
    }
    let groups = run.split(':').filter(|group| !group.is_empty()).count();
    (groups > 2 && run.parse::<Ipv6Addr>().is_ok()).then_some(run.len())
}

/// End of the run of such bytes that begins at `start`.
fn run(bytes: &[u8], start: usize, such: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().position(|b| !such(*b)).unwrap_or(rest.len())
}

/// Start of the run of such bytes that ends at `end`, at or after `floor`.
fn run_back(bytes: &[u8], end: usize, floor: usize, such: impl Fn(u8) -> bool) -> usize {
    let before = bytes.get(floor..end).unwrap_or_default();
    end - before
        .iter()
        .rev()
        .position(|b| !such(*b))
        .unwrap_or(before.len())
}
