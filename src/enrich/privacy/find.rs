//! All personal data of a text, step by step.

use std::ops::Range;

use super::cues::{self, Cue, Hit};
use super::shadow::Shadow;
use super::{Finding, Kind, address, iban, marks, names, network, numbers, passport, secret};
use crate::text;

/// All personal data of a clean text, in order, without overlaps; nothing inside marks.
pub(super) fn find(clean: &str) -> Vec<Finding> {
    let hits = cues::hits(clean);
    let shaped = may_hold(clean);
    if hits.is_empty() && !shaped && !names::is_signed(clean) {
        return Vec::new();
    }
    let mut claims = Claims::of(clean);
    if shaped || hits.iter().any(|hit| is_shaped(hit.cue)) {
        let shadow = Shadow::of(clean);
        // The surest first: what an earlier step claimed, later ones leave alone.
        claims.add(network::secrets(&shadow));
        claims.add(network::emails(&shadow));
        claims.add(network::spelled(clean, &hits));
        claims.add(iban::ibans(&shadow));
        claims.add(network::ips(&shadow));
        claims.add(passport::passports(&shadow, &hits));
        claims.add(secret::secrets(clean, &hits));
        claims.add(postal(clean, &hits));
        claims.add(numbers::numbers(&shadow));
    } else {
        claims.add(secret::secrets(clean, &hits));
        claims.add(postal(clean, &hits));
    }
    claims.add(names::names(clean, &hits));
    claims
        .findings
        .sort_unstable_by_key(|finding| finding.range.start);
    claims.findings
}

/// Kind of an identifier that is an e-mail address, a phone number or the like from its first to its
/// last character.
pub(super) fn whole(value: &str) -> Option<Kind> {
    if !may_hold(value) {
        return None;
    }
    let shadow = Shadow::of(value);
    let mut claims = Claims::of(value);
    for step in [
        network::secrets,
        network::emails,
        iban::ibans,
        network::ips,
        numbers::numbers,
    ] {
        claims.add(step(&shadow));
    }
    match claims.findings.as_slice() {
        // One sign may stand before a number.
        [one] if shadow.position(one.range.start) <= 1 && one.range.end == value.len() => {
            Some(one.kind)
        }
        _ => None,
    }
}

/// Cheap no for most texts: e-mail addresses, URLs and numbers hold an `@`, a URL's signs or at least
/// seven digits (four for an IP address). What has no such shape is found by its cues alone.
pub(super) fn may_hold(clean: &str) -> bool {
    let bytes = clean.as_bytes();
    if memchr::memchr2(b'@', b'%', bytes).is_some() || clean.contains("://") || clean.contains('＠')
    {
        return true;
    }
    let digits = if clean.is_ascii() {
        bytes.iter().filter(|byte| byte.is_ascii_digit()).count()
    } else {
        clean.chars().filter_map(text::digit).count()
    };
    digits >= 7
        || (digits >= 4 && memchr::memchr_iter(b'.', bytes).count() >= 3)
        || memchr::memchr_iter(b':', bytes).count() >= 2
}

/// Whether numbers and signs beside the cue are looked at.
fn is_shaped(cue: Cue) -> bool {
    matches!(cue, Cue::Passport | Cue::At | Cue::Dot)
}

fn postal(clean: &str, hits: &[Hit]) -> Vec<Finding> {
    // A cue alone is no address, and streets are spoken of often.
    let streets = hits.iter().any(|hit| matches!(hit.cue, Cue::Address(_)));
    if streets {
        address::addresses(clean, hits)
    } else {
        Vec::new()
    }
}

/// What is found so far.
struct Claims {
    marks: Vec<Range<usize>>,
    findings: Vec<Finding>,
}

impl Claims {
    fn of(clean: &str) -> Self {
        Self {
            marks: marks::ranges(clean).collect(),
            findings: Vec::new(),
        }
    }

    /// Adds what no earlier claim and no mark overlaps.
    fn add(&mut self, found: Vec<Finding>) {
        for finding in found {
            let range = &finding.range;
            let free = |other: &Range<usize>| other.end <= range.start || range.end <= other.start;
            let taken = self.findings.iter().map(|finding| &finding.range);
            if !range.is_empty() && taken.chain(&self.marks).all(free) {
                self.findings.push(finding);
            }
        }
    }
}
