//! Where personal data stands in a text: for measuring and explaining, off the path of a record.

use std::ops::Range;

use super::Redactor;

/// A piece of a text that is personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its kind, as the mark in its place names it: `phone` of `[phone]`.
    pub kind: &'static str,
    /// Its bytes of the clean text.
    pub range: Range<usize>,
}

impl Redactor {
    /// What [`redact`](Self::redact) replaces in a clean text at its first look, in order, without overlaps.
    pub fn found(&self, clean: &str) -> Vec<Found> {
        let found = self.findings(clean).into_iter().map(|finding| Found {
            kind: finding.kind.name(),
            range: finding.range,
        });
        found.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_what_is_replaced() {
        let redactor = Redactor::new(b"sixteen bytes key");
        let text = "ایمیلم test@example.ir و شماره ۰۹۱۲۳۴۵۶۷۸۹ است، 邮箱a.b%40qq.com谢谢";
        let found = redactor.found(text);
        let told: Vec<_> = found
            .iter()
            .map(|f| (f.kind, &text[f.range.clone()]))
            .collect();
        assert_eq!(
            told,
            [
                ("email", "test@example.ir"),
                ("phone", "۰۹۱۲۳۴۵۶۷۸۹"),
                ("email", "a.b%40qq.com")
            ]
        );
        let mut replaced = text.to_owned();
        for Found { kind, range } in found.into_iter().rev() {
            replaced.replace_range(range, &format!("[{kind}]"));
        }
        let (redacted, counts) = redactor.redact(text);
        assert_eq!((redacted, counts.total()), (replaced, 3));
        assert_eq!(redactor.found("nothing, 12345678"), []);
    }
}
