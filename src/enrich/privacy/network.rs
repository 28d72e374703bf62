//! E-mail addresses, also spelled, IP addresses, and secrets in URLs.

use std::net::{Ipv4Addr, Ipv6Addr};

use memchr::{memchr_iter, memmem};

use super::before::Before;
use super::cues::{Cue, Hit};
use super::shadow::{CASED, LETTER, Shadow};
use super::words::{self, Word};
use super::{Finding, Kind};

/// Signs of an e-mail address, spelled.
pub(super) const CUES: &[(Cue, &[&str])] = &[
    (Cue::At, &["(at)", "[at]", "{at}", "( at )"]),
    (Cue::Dot, &["dot"]),
];

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
            found.push(text.finding(Kind::Secret, start..start + at));
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
                    found.push(text.finding(Kind::Secret, name + 2 + equals..part_end));
                }
            }
            name = part_end;
        }
    }
    found
}

/// E-mail addresses, also fused to letters of a script without case (`邮箱abc@qq.com谢谢`).
pub(super) fn emails(text: &Shadow) -> Vec<Finding> {
    let bytes = text.bytes();
    let mut found = Vec::new();
    let mut floor = 0;
    for at in memchr_iter(b'@', bytes) {
        let latin = run_back(bytes, at, floor, |b| is_local(b) || b == CASED);
        // Only if no Latin part is there is the name in another script.
        let mut start = if latin == at {
            run_back(bytes, at, floor, |b| b == LETTER || is_local(b))
        } else {
            latin
        };
        start += run(&bytes[start..at], 0, |b| {
            matches!(b, b'.' | b'-' | b'%' | b'\'')
        });
        let Some(end) = domain_end(bytes, at + 1) else {
            continue;
        };
        if start < at && !is_file(&bytes[at + 1..end]) {
            found.push(text.finding(Kind::Email, start..end));
            floor = end;
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
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'')
}

/// `2x.png` of `cart@2x.png`: a picture for fine screens.
fn is_file(domain: &[u8]) -> bool {
    [&b".png"[..], b".jpg", b".jpeg", b".gif", b".svg", b".webp"]
        .iter()
        .any(|end| domain.to_ascii_lowercase().ends_with(end))
}

/// E-mail addresses that are spelled: `jo at example dot com`, `jo(at)example.org`.
///
/// Sure only with both signs or a sign in brackets: `look at example.com` is none.
pub(super) fn spelled(text: &str, hits: &[Hit]) -> Vec<Finding> {
    let mut found = Vec::new();
    for hit in hits {
        let range = match hit.cue {
            Cue::At => bracketed(text, hit.range.start, hit.range.end),
            Cue::Dot => worded(text, hit.range.start, hit.range.end),
            _ => None,
        };
        found.extend(range.map(|range| Finding {
            kind: Kind::Email,
            range,
        }));
    }
    found
}

/// Around an at in brackets.
fn bracketed(text: &str, start: usize, end: usize) -> Option<std::ops::Range<usize>> {
    let local = local_before(text, start)?;
    let rest = &text[end..];
    let domain = end + (rest.len() - rest.trim_start_matches(' ').len());
    let name = domain_len(&text[domain..]);
    let (_, last) = text[domain..domain + name].rsplit_once('.')?;
    (last.len() > 1).then_some(local..domain + name)
}

/// Around a dot in words, before which an at stands in words or in brackets.
fn worded(text: &str, dot: usize, end: usize) -> Option<std::ops::Range<usize>> {
    let is_gap =
        |gap: &str| (1..=3).contains(&gap.len()) && gap.chars().all(|c| " ()[]{}".contains(c));
    let mut before = words::before(text, dot);
    before
        .next()
        .filter(|word| is_gap(word.gap) && is_label(word))?;
    let at = before.next().filter(|word| is_gap(word.gap))?;
    if !at.text.eq_ignore_ascii_case("at") {
        return None;
    }
    let sign = text[..at.range.start]
        .trim_end_matches([' ', '(', '[', '{'])
        .len();
    let local = local_before(text, sign)?;
    // `look at example dot com` speaks of a site.
    const VERBS: [&str; 12] = [
        "look",
        "looked",
        "shop",
        "buy",
        "bought",
        "found",
        "sold",
        "see",
        "cheaper",
        "available",
        "order",
        "ordered",
    ];
    if VERBS
        .iter()
        .any(|verb| text[local..sign].eq_ignore_ascii_case(verb))
    {
        return None;
    }
    let last = words::after(text, end).next()?;
    let ends = is_gap(last.gap) && is_label(&last) && (2..=12).contains(&last.text.len());
    ends.then_some(local..last.range.end)
}

fn is_label(word: &Word) -> bool {
    word.text.is_ascii()
}

/// Where the name before the at begins.
fn local_before(text: &str, at: usize) -> Option<usize> {
    let name = text[..at].trim_end_matches(' ');
    let local = name.trim_end_matches(|c: char| c.is_ascii() && is_local(c as u8));
    let spaces = at - name.len();
    (local.len() < name.len() && spaces <= 1).then_some(local.len())
}

fn domain_len(text: &str) -> usize {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.'))
        .unwrap_or(text.len());
    text[..end].trim_end_matches(['.', '-']).len()
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
        // `ip:10.20.30.40`: one colon is a sign, two are part of an address.
        if bytes[at] == b':' && bytes.get(at + 1) != Some(&b':') {
            at += 1;
        }
        let mut last = end;
        while last > at && matches!(bytes[last - 1], b'.') {
            last -= 1;
        }
        // A letter before it makes it a word or a version (`v10.20.30.40`), except in `ip10.20.30.40`.
        let fused = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
        let called = at > 1 && bytes[at - 2..at].eq_ignore_ascii_case(b"ip");
        let free = !fused || called;
        if let Ok(run) = std::str::from_utf8(&bytes[at..last])
            && free
            && let Some(len) = ip_len(run)
            && !Before::of(text, at).calls(VERSIONS)
        {
            found.push(text.finding(Kind::Ip, at..at + len));
        }
        at = end;
    }
    found
}

/// Words that say that a version, a chapter or a part follows.
#[rustfmt::skip]
const VERSIONS: &[&str] = &[
    "app", "version", "ver", "v", "build", "release", "update", "firmware", "chrome", "firefox", "safari",
    "android", "ios", "windows", "driver", "chapter", "section", "rev", "نسخه", "نسخه ی", "ورژن", "اپدیت",
    "بروزرسانی", "فریمور", "فرمور", "بیلد", "فصل", "بند", "اصدار", "الاصدار", "تحدیث", "التحدیث", "فیرمویر",
    "نسخه", "版本", "版", "更新", "更新到", "升级到", "升级", "固件", "第",
];

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
