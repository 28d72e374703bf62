//! Secrets that a text calls so: passwords, tokens, keys of interfaces. Those in URLs are found by
//! `network`.

use std::ops::Range;

use super::cues::{Cue, Hit};
use super::{Finding, Kind};
use crate::text;

/// What kind of value follows a cue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// What people make up: short, with digits or signs.
    Password,
    /// What programs make: long.
    Token,
    /// It begins with the cue itself: `sk_live_…`.
    Prefix,
}

/// Words that say that a secret follows.
#[rustfmt::skip]
pub(super) const CUES: &[(Cue, &[&str])] = &[
    (
        Cue::Secret(Sort::Password),
        &[
            "password", "passwd", "pwd", "passcode", "passphrase", "pass", "passwort", "mot de passe",
            "contraseña", "رمز", "رمزم", "رمز عبور", "رمز عبورم", "پسورد", "پسوردم", "گذرواژه", "گذرواژه ام",
            "کلمه عبور", "كلمة المرور", "كلمة مروري", "كلمة السر", "كلمة سري", "الرقم السري", "رقمي السري",
            "الباسورد", "باسورد", "الباسوورد", "باسووردي", "باسوردي", "رمز الدخول", "密码", "密碼", "口令",
        ],
    ),
    (
        Cue::Secret(Sort::Token),
        &[
            "api key", "api_key", "api-key", "apikey", "secret key", "secret_key", "secret", "token",
            "jsessionid", "phpsessid", "access token", "access_token", "refresh token", "refresh_token", "auth token", "bearer",
            "authorization", "session id", "session_id", "sessionid", "session", "sid", "cookie",
            "client secret", "client_secret", "private key", "private_key", "jwt", "key", "توکن", "کلید",
            "کلید api", "شناسه نشست", "توكن", "رمز الوصول", "مفتاح", "مفتاح api", "معرف الجلسة", "令牌",
            "密钥", "密鑰", "会话id", "会话",
        ],
    ),
    (
        Cue::Secret(Sort::Prefix),
        &["sk_live_", "sk_test_", "pk_live_", "ghp_", "gho_", "glpat-", "xoxb-", "xoxp-"],
    ),
];

/// Words that may stand between a cue and its value, as they are written in lower case.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "is", "was", "are", "id", "code", "now", "هست", "است", "من", "ام", "م", "هم", "رو", "را", "گذاشتم", "هو", "هي", "حقي", "حقتي", "الخاص", "بي",
    "لي", "حسابي", "حسابم", "是", "为", "我的", "api", "key", "token", "basic", "bearer",
];

/// Values after these cues.
pub(super) fn secrets(text: &str, hits: &[Hit]) -> Vec<Finding> {
    hits.iter()
        .filter_map(|hit| match hit.cue {
            Cue::Secret(sort) => Some((sort, &hit.range)),
            _ => None,
        })
        .filter_map(|(sort, cue)| after(text, sort, cue))
        .map(|range| Finding {
            kind: Kind::Secret,
            range,
        })
        .collect()
}

fn after(text: &str, sort: Sort, cue: &Range<usize>) -> Option<Range<usize>> {
    if sort == Sort::Prefix {
        let end = cue.end + value_len(&text[cue.end..]);
        return (end - cue.end >= 8).then_some(cue.start..end);
    }
    let (start, told) = value_start(text, cue.end)?;
    let len = value_len(&text[start..]);
    let value = text.get(start..start + len)?;
    let is_secret = match sort {
        Sort::Password => is_password(value, told),
        _ => is_token(value),
    };
    is_secret.then_some(start..start + len)
}

/// How a cue is joined to its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// By nothing but a space.
    Beside,
    /// By a verb or a colon.
    Said,
    /// By `=`.
    Set,
}

/// Where the value begins: after spaces, signs and links.
fn value_start(text: &str, at: usize) -> Option<(usize, Told)> {
    let mut rest = &text[at..];
    let mut told = Told::Beside;
    // Four links are more than any text has.
    for _ in 0..4 {
        let trimmed = rest.trim_start_matches([' ', '"', '\'', '«', '“', '(', '（', '#']);
        let signed = trimmed.trim_start_matches([':', '：', '=', '-', '>', '→']);
        match trimmed.chars().next() {
            Some('=') => told = Told::Set,
            Some(':' | '：') if told == Told::Beside => told = Told::Said,
            _ => {}
        }
        rest = signed.trim_start_matches([' ', '"', '\'', '«', '“']);
        let link = LINKS.iter().find_map(|link| {
            let tail = rest
                .get(..link.len())?
                .eq_ignore_ascii_case(link)
                .then(|| &rest[link.len()..])?;
            // `is` of `island` and `key` of `key_1` are no links; Chinese sets no spaces.
            let ends = tail.starts_with([' ', ':', '：', '=']) || !link.starts_with(is_letter);
            ends.then_some(tail)
        });
        let Some(tail) = link else {
            return (!rest.is_empty()).then(|| (text.len() - rest.len(), told));
        };
        rest = tail;
        if told == Told::Beside {
            told = Told::Said;
        }
    }
    None
}

/// A letter of a script with spaces.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !text::is_unspaced(c)
}

/// Bytes of the value at the head of a text: ASCII without spaces and quotes, and digits of any script.
fn value_len(text: &str) -> usize {
    let is_part = |c: char| {
        (c.is_ascii_graphic() && !matches!(c, '"' | '\'' | ',' | ';' | '<' | '>' | '(' | ')' | '['))
            || (!c.is_ascii() && text::digit(c).is_some())
    };
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    text[..end]
        .trim_end_matches(['.', '!', '?', ':', '*'])
        .len()
}

fn is_password(value: &str, told: Told) -> bool {
    let digits = value.chars().filter(|c| text::digit(*c).is_some()).count();
    let letters = value.chars().filter(|c| c.is_ascii_alphabetic()).count();
    let signs = value.chars().count() - digits - letters;
    let long = value.chars().count();
    match told {
        Told::Set => long >= 4,
        Told::Said => {
            long >= 4
                && (digits > 0 && (letters > 0 || digits >= 4)
                    || (signs > 0 && letters > 3 && !value.contains(['/', '-', '\''])))
        }
        Told::Beside => long >= 6 && digits > 0 && letters > 0,
    }
}

fn is_token(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    // `sid=…` holds the name of its value; `=` alone fills up the end.
    let named = value.trim_end_matches('=').contains('=');
    value.len() >= 16 && digits >= 1 && letters >= 2 && !named && !value.contains("://")
}

#[cfg(test)]
mod tests {
    use crate::enrich::privacy::tests::{check, stay};

    #[test]
    fn passwords_and_tokens_after_their_cue() {
        check(&[
            (
                "my password is Honda-civic-03 and",
                "my password is [secret] and",
            ),
            ("pwd=trevor99", "pwd=[secret]"),
            ("رمز عبور من: abc۱۲۳۴ بود", "رمز عبور من: [secret] بود"),
            ("كلمة المرور هي Noor2020", "كلمة المرور هي [secret]"),
            ("密码是abc123456，登录不了", "密码是[secret]，登录不了"),
            (
                "API key: 5b3564010e76fc6a11acfd0d4e46ff9a",
                "API key: [secret]",
            ),
            (
                "Bearer qJyaA3ayC5eqVxhQYjg9n8Fur rejected",
                "Bearer [secret] rejected",
            ),
            ("it was sk_live_a1b2c3d4e5", "it was [secret]"),
        ]);
    }

    #[test]
    fn words_about_secrets_stay() {
        stay(&[
            "I forgot my password.",
            "Password: too short",
            "my password is not accepted",
            "password reset link did not come",
            "The token expired before the mail came.",
            "Bearer of bad news: the lamp is broken",
            "Session id is missing in the log",
            "discount code SAVE20NOW refused",
            "رمز عبور رو فراموش کردم",
            "忘记密码了",
        ]);
    }
}
