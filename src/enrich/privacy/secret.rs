//! Secrets that a text calls so: passwords, tokens, keys of interfaces. Those in URLs are found by
//! `network`.

use std::ops::Range;

use super::cues::{Cue, Hit};
use super::{Finding, Kind};

mod value;

use value::Told;

/// What kind of value follows a cue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// What people make up: short, with digits or signs.
    Password,
    /// What is sent or printed: a few digits.
    Code,
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
            "password", "passwords", "passwd", "pwd", "pw", "passcode", "passphrase", "pass", "pass word",
            "security answer", "secret answer", "passwort", "mot de passe", "contraseña", "senha", "parola",
            "şifre", "şifrem", "пароль", "رمز", "رمزم", "رمزمو", "رمزش", "رمز عبور", "رمز عبورم", "رمز ورود", "رمز ورودم", "رمز کارت",
            "رمز کارتم", "رمز حساب", "رمز حسابم", "رمز وای فای", "پسورد", "پسوردم", "پسوردمو", "پسوردش", "پس ورد",
            "پسم", "گذرواژه", "گذرواژه ام", "گذر واژه", "کلمه عبور", "کلمه عبورم", "کلمه رمز", "كلمة المرور",
            "كلمة مروري", "كلمة مرور", "كلمة السر", "كلمة سري", "كلمة سر", "الرقم السري", "رقمي السري", "رقم سري",
            "الرمز السري", "رمزي السري", "رمزي", "رمز الواي فاي", "الباسورد", "باسورد", "الباسوورد", "باسوورد",
            "باسووردي", "باسوردي", "الباس", "رمز الدخول", "رمز المرور", "密码", "密碼", "口令", "密保答案",
        ],
    ),
    (
        Cue::Secret(Sort::Code),
        &[
            "pin", "pin code", "pin number", "pincode", "my pin", "otp", "otp code", "one-time code", "one time code",
            "one-time password", "one time password", "verification code", "confirmation code", "activation code",
            "authentication code", "auth code", "login code", "sign-in code", "security code", "2fa code", "2fa", "sms code",
            "unlock code", "code you sent", "code you texted", "code you emailed", "code i got", "code i received", "code i was sent",
            "کدی که", "کدی که فرستادید", "کد پیامکی", "کد پیامک شده", "الكود اللي", "الرمز اللي", "رقم البن", "البن كود", "短信码", "簡訊碼", "cvv", "cvv2", "cvc", "cvc2", "code pin", "کد تایید", "کد تأیید", "کد تاییدیه", "کد فعال سازی",
            "کد فعالسازی", "کد ورود", "کد امنیتی", "کد یکبار مصرف", "کد یک بار مصرف", "کد یک‌بار مصرف", "رمز یک‌بار مصرف", "رمز یکبار مصرف",
            "رمز یک بار مصرف", "رمز دوم", "رمز اول", "رمز پویا", "رمز موقت", "کد otp", "پین", "پین کد", "پین کدم", "رمز التحقق",
            "كود التحقق", "رمز التفعيل", "كود التفعيل", "رمز التأكيد", "كود التأكيد", "كود الدخول", "الرمز المؤقت",
            "رمز مؤقت", "رمز الأمان", "كود الأمان", "رمز otp", "كود otp", "الرقم السري", "رمز البطاقة", "رمز الصراف", "验证码",
            "驗證碼", "校验码", "校驗碼", "动态码", "動態碼", "确认码", "確認碼", "安全码", "安全碼", "激活码", "激活碼", "pin码",
            "pin碼", "cvv码", "cvv碼",
        ],
    ),
    (
        Cue::Secret(Sort::Token),
        &[
            "api key", "api_key", "api-key", "apikey", "secret key", "secret_key", "secret", "token",
            "jsessionid", "phpsessid", "access token", "access_token", "refresh token", "refresh_token", "auth token", "bearer",
            "authorization", "session id", "session_id", "sessionid", "session", "sid", "cookie",
            "client secret", "client_secret", "private key", "private_key", "jwt", "key", "توکن", "توکنم", "کلید",
            "کلید api", "شناسه نشست", "توكن", "التوكن", "رمز الوصول", "مفتاح", "المفتاح", "مفتاح api", "معرف الجلسة", "令牌",
            "密钥", "密鑰", "授权码", "授權碼", "会话id", "会话",
        ],
    ),
    (
        Cue::Secret(Sort::Prefix),
        &["sk_live_", "sk_test_", "pk_live_", "ghp_", "gho_", "glpat-", "xoxb-", "xoxp-"],
    ),
];

/// Values beside these cues.
pub(super) fn secrets(text: &str, hits: &[Hit]) -> Vec<Finding> {
    let mut found: Vec<Range<usize>> = hits
        .iter()
        .filter_map(|hit| match hit.cue {
            Cue::Secret(sort) => Some((sort, &hit.range)),
            _ => None,
        })
        .filter_map(|(sort, cue)| after(text, sort, cue).or_else(|| before(text, sort, cue)))
        .collect();
    found.sort_by_key(|range| usize::MAX - range.len());
    found
        .into_iter()
        .map(|range| Finding {
            kind: Kind::Secret,
            range,
        })
        .collect()
}

/// Steps from a cue to its value: links, and words that aren't known.
const STEPS: usize = 8;

fn after(text: &str, sort: Sort, cue: &Range<usize>) -> Option<Range<usize>> {
    if sort == Sort::Prefix {
        let end = cue.end + value::length(&text[cue.end..]);
        return (end - cue.end >= 8).then_some(cue.start..end);
    }
    if !value::may_follow(&text[cue.end..]) {
        return None;
    }
    let mut at = cue.end;
    let mut told = Told::Beside;
    let mut strange = 0;
    for _ in 0..STEPS {
        let (start, by) = value::signs(&text[at..]);
        at += start;
        told = told.max(by);
        if let Some(link) = value::link(&text[at..]) {
            at += link;
            told = told.max(Told::Said);
            continue;
        }
        if let Some(end) = value_at(text, sort, cue, at, told, strange) {
            return Some(at..end);
        }
        // `کد تایید که فرستادید ۱۲۳۴`: words that say nothing else of the value.
        at += value::word(&text[at..]).filter(|_| strange < 4)?;
        strange += 1;
        told = Told::Beside;
    }
    None
}

/// Where the value ends that begins here, if it is a secret of this sort.
fn value_at(
    text: &str,
    sort: Sort,
    cue: &Range<usize>,
    at: usize,
    told: Told,
    strange: usize,
) -> Option<usize> {
    let rest = text.get(at..)?;
    let len = value::length(rest);
    let (value, tail) = rest.split_at_checked(len)?;
    let name = text.get(cue.clone())?;
    let is_secret = match sort {
        Sort::Password => match strange {
            0 => {
                value::is_password(value, told)
                    || value::is_word(value, name, told, tail)
                    || (name != "pass"
                        && value::is_code(value, 4, tail)
                        && (told != Told::Beside || !value::is_this_year(value)))
            }
            // Latin letters after words of another script are what somebody typed.
            1 | 2 if !name.is_ascii() && value::is_mixed(value) => true,
            _ => {
                let code = || value::is_code(value, 4, tail) && !value::is_year(value);
                told != Told::Beside && (value::is_mixed(value) || code())
            }
        },
        Sort::Code => {
            let end = value::groups(rest).unwrap_or(len);
            let short = name.to_ascii_lowercase().starts_with("cv") || name.starts_with("安全");
            let least = if short && strange == 0 { 3 } else { 4 };
            let (code, tail) = rest.split_at_checked(end)?;
            let fits = value::is_code(code, least, tail)
                && (told != Told::Beside || is_meant(text, cue))
                && (strange == 0 || !value::is_year(code));
            return fits.then_some(at + end);
        }
        _ => value::is_token(value) && (strange == 0 || !value.contains('/')),
    };
    is_secret.then_some(at + len)
}

/// Whether a `pin` without a verb is the one of a card, not of a bowling alley.
fn is_meant(text: &str, cue: &Range<usize>) -> bool {
    if !text[cue.clone()].eq_ignore_ascii_case("pin") {
        return true;
    }
    let before = text[..cue.start].trim_end_matches(' ');
    let word = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
    word.is_none_or(|word| {
        [
            "", "my", "the", "your", "card", "sim", "bank", "atm", "and", "with",
        ]
        .iter()
        .any(|owner| word.eq_ignore_ascii_case(owner))
    })
}

/// The value before a cue: `use … as my password`.
fn before(text: &str, sort: Sort, cue: &Range<usize>) -> Option<Range<usize>> {
    if sort != Sort::Password {
        return None;
    }
    let mut end = cue.start;
    for count in 0..4 {
        let rest = text[..end].trim_end_matches(' ');
        let start = rest.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        // The white space may be wider than a byte.
        let word = rest.get(start..).unwrap_or_default();
        let is_link = ["as", "is", "was", "my", "the", "new", "old"]
            .iter()
            .any(|link| word.eq_ignore_ascii_case(link));
        if !is_link {
            let quotes = ['"', '\'', '“', '”', '«', '»'];
            let value = word.trim_matches(quotes);
            let from = start + (word.len() - word.trim_start_matches(quotes).len());
            let whole = value::length(value) == value.len() && !value.contains(['/', '@', '.']);
            return (count > 0 && whole && value::is_mixed(value))
                .then_some(from..from + value.len());
        }
        end = start;
    }
    None
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
            ("我的密码：yueliang", "我的密码：[secret]"),
            ("password: sunflower", "password: [secret]"),
            (
                "I changed my password to Blue-Tiger7",
                "I changed my password to [secret]",
            ),
            (
                "use Kx93-pL02 as my password",
                "use [secret] as my password",
            ),
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
    fn codes_after_their_cue() {
        check(&[
            ("my pin is 4829 and", "my pin is [secret] and"),
            ("the OTP was 384 920", "the OTP was [secret]"),
            ("CVV 482 is printed", "CVV [secret] is printed"),
            ("رمزم ۱۳۷۰ بود", "رمزم [secret] بود"),
            (
                "کد فعال‌سازی که فرستادید ۶۶۰۹۱۲",
                "کد فعال‌سازی که فرستادید [secret]",
            ),
            ("رمز التحقق هو 583920", "رمز التحقق هو [secret]"),
            ("验证码５８３９２１过期了", "验证码[secret]过期了"),
        ]);
    }

    #[test]
    fn words_about_secrets_stay() {
        stay(&[
            "a bowling pin 4829 sold out",
            "PIN number must be 4 digits",
            "verification code error 500123",
            "the password was required",
            "رمز خطا 50213",
            "密码锁3000元太贵",
            "验证码2024年还没来",
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
