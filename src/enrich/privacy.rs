//! Personal data, removed before anything is stored or logged.
//!
//! Texts: what is found ([`Kind`]) becomes its kind in brackets (`[phone]`), or what the configuration
//! says of the kind ([`Treatments`]): a keyed hash, so that equal values still meet, or it is kept.
//! Identifiers: a customer id that *is* an e-mail address or a phone number becomes a keyed hash,
//! whatever the configuration says.
//!
//! Numbers are told by their shape and check digits, in digits of any script and fused to other letters
//! (`numbers`, `iban`); names, passports, secrets and addresses by the words beside them (`cues`).
//! What the text itself calls an order's, a parcel's or an invoice's number is kept. Every step is linear
//! in the text, and a text without cues, digits and signs costs one scan.
//!
//! All of it is code of our own. A library for phone numbers (`phonenumber`) validates a number of a
//! known region, but finds none in a text and knows neither Persian digits nor fused words; crates for
//! cards and IBANs check one string, which are the few lines here that look up a scheme and sum digits.

use std::ops::Range;

use hmac::{Hmac, Mac};
use sha2::Sha256;

mod address;
mod before;
mod canonical;
mod card;
mod change;
mod cues;
mod find;
mod found;
mod iban;
mod item;
mod kind;
mod marks;
mod names;
mod national;
mod network;
mod numbers;
mod passport;
mod person;
mod phone;
mod secret;
mod shadow;
mod treatment;
mod words;

pub use found::Found;
pub use kind::{Kind, Redactions};
pub use marks::without_marks;
pub use person::Person;
pub use treatment::{Treatment, Treatments};

/// Finds personal data in texts and hashes identifiers that are personal data.
pub struct Redactor {
    key: Vec<u8>,
    treatments: Treatments,
}

/// A piece of personal data in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    kind: Kind,
    /// Its bytes of the text.
    range: Range<usize>,
}

impl Redactor {
    /// `key`: secret of the keyed hash, at least 16 bytes. Another key makes other hashes.
    pub fn new(key: &[u8]) -> Self {
        Self {
            key: key.to_vec(),
            treatments: Treatments::default(),
        }
    }

    /// With this done to each kind in texts, instead of masking all.
    #[must_use]
    pub fn treating(self, treatments: Treatments) -> Self {
        Self { treatments, ..self }
    }

    /// What is to be replaced in a clean text, in order.
    fn findings(&self, clean: &str) -> Vec<Finding> {
        let mut found = find::find(clean);
        found.retain(|finding| self.treatments.of(finding.kind) != Treatment::Keep);
        found
    }

    /// The clean text with personal data replaced (`[email]`), and what was. Of no tenant, as far as
    /// hashes go. Redacting twice is redacting once.
    pub fn redact(&self, clean: &str) -> (String, Redactions) {
        self.redact_of(TENANT_OF_BARE_TEXTS, clean.to_owned())
    }

    /// The same, with the hashes of a tenant.
    fn redact_of(&self, tenant: &str, clean: String) -> (String, Redactions) {
        let mut text = clean;
        let mut redactions = Redactions::default();
        // A mark parts what stood together, so that more may come to light beside it: what a second
        // look would find is found now.
        for _ in 0..LOOKS {
            let findings = self.findings(&text);
            if findings.is_empty() {
                break;
            }
            text = self.replace(tenant, &text, &findings, &mut redactions);
        }
        (text, redactions)
    }

    fn replace(
        &self,
        tenant: &str,
        text: &str,
        findings: &[Finding],
        redactions: &mut Redactions,
    ) -> String {
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for Finding { kind, range } in findings {
            out.push_str(&text[from..range.start]);
            let hash = match self.treatments.of(*kind) {
                Treatment::Hmac => self.hash(tenant, &canonical::form(&text[range.clone()], *kind)),
                Treatment::Mask | Treatment::Keep => None,
            };
            let digits = hash
                .as_deref()
                .and_then(|hash| hash.get(..marks::HASH_DIGITS));
            marks::push(&mut out, *kind, digits.unwrap_or_default());
            redactions.add(*kind);
            from = range.end;
        }
        out.push_str(&text[from..]);
        out
    }

    /// Keyed hash of a value within a tenant: 32 hexadecimal digits.
    fn hash(&self, tenant: &str, value: &str) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(tenant.as_bytes());
        mac.update(b"\0");
        mac.update(value.as_bytes());
        Some(format!("{:.32x}", mac.finalize().into_bytes()))
    }
}

/// Looks at one text: each but the last finds something in a text that holds ever less.
const LOOKS: usize = 8;

/// Texts without an event around them, as those of `sada tag`, belong to nobody.
const TENANT_OF_BARE_TEXTS: &str = "";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redact(text: &str) -> String {
        Redactor::new(b"sixteen bytes key").redact(text).0
    }

    /// Each text becomes the other, which stays as it is when it is redacted again.
    #[track_caller]
    pub(super) fn check(pairs: &[(&str, &str)]) {
        for (text, wanted) in pairs {
            assert_eq!(redact(text), *wanted, "{text}");
            assert_eq!(redact(wanted), *wanted, "{text}, again");
        }
    }

    /// Nothing personal is found.
    #[track_caller]
    pub(super) fn stay(texts: &[&str]) {
        for text in texts {
            assert_eq!(redact(text), *text);
        }
    }

    #[test]
    fn e_mail_addresses() {
        check(&[
            (
                "write to Ali.Reza+shop@mail.example.co.uk.",
                "write to [email].",
            ),
            ("邮箱是abc_1@qq.com谢谢", "邮箱是[email]谢谢"),
            ("ایمیلم test@example.ir هست", "ایمیلم [email] هست"),
            ("jérôme.b@exemple.fr", "[email]"),
            (
                "https://shop.example/u?mail=a.b%40c.org&x=1",
                "https://shop.example/u?mail=[email]&x=1",
            ),
            ("ｕｓｅｒ＠ｅｘａｍｐｌｅ．ｃｏｍ", "[email]"),
            ("a@b.com,c@d.org", "[email],[email]"),
            (
                "@shop thanks, 5 @ 3 each, me@home",
                "@shop thanks, 5 @ 3 each, me@home",
            ),
        ]);
    }

    #[test]
    fn phone_numbers_in_any_script() {
        check(&[
            ("شماره من ۰۹۱۲۳۴۵۶۷۸۹ است", "شماره من [phone] است"),
            ("0912 345 6789 یا +98 912 345 6789", "[phone] یا [phone]"),
            ("اتصلوا على ٠٥٠١٢٣٤٥٦٧ الآن", "اتصلوا على [phone] الآن"),
            ("رقمي 00966501234567", "رقمي [phone]"),
            ("واتساب 55123456", "واتساب [phone]"),
            ("我的手机13812345678打不通", "我的手机[phone]打不通"),
            ("+86 138 1234 5678", "[phone]"),
            (
                "call (415) 555-2671 or 415.555.2671",
                "call ([phone] or [phone]",
            ),
            ("+1 (415) 555-2671 today", "[phone] today"),
            ("+44 20 7946 0958, 06 12 34 56 78", "[phone], [phone]"),
            (
                "https://wa.example/ali9123456789shop",
                "https://wa.example/ali[phone]shop",
            ),
            ("8 912 345-67-89", "[phone]"),
            ("about my order 0912 345 6789", "about my order [phone]"),
            (
                "tracking 0809909736, 订单13812345678",
                "tracking 0809909736, 订单13812345678",
            ),
            ("order 12345678 09123456789", "order 12345678 [phone]"),
        ]);
    }

    #[test]
    fn cards_and_ibans_by_their_check_digits() {
        check(&[
            ("card 4111 1111 1111 1111 declined", "card [card] declined"),
            ("5555-5555-5555-4444", "[card]"),
            ("378282246310005", "[card]"),
            ("کارت ۶۰۳۷۹۹۱۱۲۳۴۵۶۷۸۶", "کارت [card]"),
            ("4111 1111 1111 1112", "4111 1111 1111 1112"),
            (
                "IBAN DE89 3704 0044 0532 0130 00 please",
                "IBAN [iban] please",
            ),
            ("GB82WEST12345698765432", "[iban]"),
            ("DE89370400440532013001", "DE89370400440532013001"),
        ]);
    }

    #[test]
    fn national_ids_where_sure() {
        check(&[
            ("身份证11010519491231002X。", "身份证[id]。"),
            ("کد ملی: ۰۰۱۲۳۴۵۶۷۹", "کد ملی: [id]"),
            ("SSN 123-45-6789", "SSN [id]"),
            ("1234567890", "1234567890"),
        ]);
    }

    #[test]
    fn addresses_and_secrets_in_urls() {
        check(&[
            ("from 192.168.10.24:8080 at noon", "from [ip]:8080 at noon"),
            ("2001:db8::ff00:42:8329 failed", "[ip] failed"),
            (
                "app v10.20.30.40 and 1.2.3.4",
                "app v10.20.30.40 and 1.2.3.4",
            ),
            (
                "http://ali:pw@shop.example/x",
                "http://[secret]@shop.example/x",
            ),
            (
                "https://a.example/?id=7&token=Ab3-x_9#top",
                "https://a.example/?id=7&token=[secret]#top",
            ),
        ]);
    }

    #[test]
    fn ordinary_numbers_stay() {
        stay(&[
            "it cost 1,250,000 rials, was 1.500.000.000",
            "قیمت ۱۲۵۰۰۰۰۰ تومان بود",
            "السعر ٢٥٠٠ ريال",
            "order 12345678 of 2024-05-12 14:30:05",
            "01-02-2024 10:20, 12.05.2024 10, 2024-05-12 2024-05-15",
            "5/5, 10/10, 4.5 of 5, 100%",
            "订单号20240512, 花了3999元",
            "ISBN 978-3-16-148410-0",
            "took 1700000000000 ms, 0.123456789",
            "model SM-G991B 128GB 2023",
            "hotel 20240512, room 1204",
            "tracking 123456789012345678901234",
            "at 10:20:30 and 12:45",
        ]);
    }

    proptest! {
        #[test]
        fn no_surroundings_hide_personal_data(
            before in r"[^\p{Nd}]{0,12}", after in r"[^\p{Nd}]{0,12}"
        ) {
            for datum in ["۰۹۱۲۳۴۵۶۷۸۹", "09123456789", "+989123456789", "13812345678"] {
                let stored = redact(&format!("{before}{datum}{after}"));
                prop_assert!(!stored.contains(&datum[6..]), "{}", stored);
            }
            let stored = redact(&format!("{before} sara@example.com {after}"));
            prop_assert!(!stored.contains("sara@"), "{}", stored);
        }

        #[test]
        fn any_text_is_redacted_in_whole_characters(
            text in r"([a-zA-Zي中@.:/+() -]|[0-9۰-۹]{1,5}|://|\?token=|%40|DE|\PC){0,40}"
        ) {
            let kept: usize = redact(&text).chars().filter(|c| *c == '中').count();
            prop_assert!(kept <= text.matches('中').count());
        }

        #[test]
        fn redacting_twice_is_redacting_once_and_the_rest_stays(text in texts()) {
            let redactor = Redactor::new(b"sixteen bytes key");
            let clean = crate::text::clean(&text);
            let (once, found) = redactor.redact(&clean);
            prop_assert_eq!(&redactor.redact(&once).0, &once);
            prop_assert_eq!(found.total() == 0, once == clean);
            // What stands between the marks stood there before, in that order.
            let mut rest = clean.as_str();
            let mut from = 0;
            for mark in marks::ranges(&once).chain(std::iter::once(once.len()..once.len())) {
                let kept = &once[from..mark.start];
                let at = rest.find(kept);
                prop_assert!(at.is_some(), "{:?} of {:?}", kept, clean);
                rest = &rest[at.unwrap_or(0) + kept.len()..];
                from = mark.end;
            }
        }
    }

    /// Cues, names, numbers and signs of all kinds, in any order.
    fn texts() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![
            prop::sample::select(vec![
                " ",
                " ",
                ", ",
                "\n",
                ": ",
                "my name is ",
                "I'm ",
                "Sara",
                "Smith",
                "regards,",
                "Mr. ",
                "من ",
                " هستم",
                "اسمي ",
                "علی",
                "رضایی",
                "أنا ",
                "我叫",
                "我是",
                "王芳",
                "先生",
                "姓名：",
                "خیابان ",
                "پلاک ",
                "۱۲",
                "شارع ",
                "رقم ",
                "路",
                "88号",
                "北京市",
                "12 ",
                "Baker Street",
                "passport ",
                "A1234567",
                "password: ",
                "abc123",
                "phone ",
                "09123456789",
                "+98",
                "order ",
                "4111111111111111",
                "DE89370400440532013000",
                "jo@example.com",
                " at ",
                " dot ",
                "(at)",
                "192.168.10.24",
                "http://u:p@h.example/?token=x1",
                "[phone]",
                "[name]",
                "[sic]",
                "[",
                "]",
                "784199012345676",
                "0012345679",
                "12345678901234567",
                "-",
            ])
            .prop_map(str::to_owned),
            "\\PC{0,3}",
        ];
        prop::collection::vec(pieces, 0..14).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn equal_values_get_equal_hashes_and_what_is_kept_stays() {
        let treatments = Treatments {
            phone: Treatment::Hmac,
            name: Treatment::Keep,
            ..Treatments::default()
        };
        let redactor = Redactor::new(b"sixteen bytes key").treating(treatments);
        let (text, found) = redactor
            .redact("my name is Sara, call +98 912 345 6789 or 00989123456789, jo@example.com");
        let hash = redactor.hash("", "989123456789").unwrap();
        let mark = format!("[phone:{}]", &hash[..12]);
        assert_eq!(
            text,
            format!("my name is Sara, call {mark} or {mark}, [email]")
        );
        assert_eq!((found.of(Kind::Phone), found.total()), (2, 3));
        assert_eq!(
            redactor.redact(&text),
            (text.clone(), Redactions::default())
        );
        let other = redactor.redact_of("b", "+98 912 345 6789".into()).0;
        assert!(
            other.starts_with("[phone:") && !other.contains(&hash[..12]),
            "{other}"
        );
    }
}
