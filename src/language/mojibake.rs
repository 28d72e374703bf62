//! Mojibake: UTF-8 that was read as Windows-1252, ISO-8859-1 or Windows-1256, made right again
//! where that is certain.
//!
//! A letter of two to four UTF-8 bytes became as many characters: `é` is `Ã©`, `سلام` is
//! `Ø³Ù„Ø§Ù…`, or `ط³ظ„ط§ظ…` in 1256. Turned back into bytes, such a text is UTF-8 by rules that
//! a right text meets only by chance. But it does meet them: `fiancé »` with its no-break space is
//! a Chinese sign, Slovak `Úž…` an Arabic letter. So sequences count by what is odd about them
//! (`evidence`): a sign that doesn't follow a letter, a capital inside a word, a letter right
//! behind a closing quote. A stretch of text between two characters that can't have been misread
//! is repaired when its points suffice, a sequence without any only if the text has others of its
//! script that are odd. What a right text may hold stays as it is.
//!
//! Letters with bytes that 1252 lacks are filled in where that is certain, else they are U+FFFD
//! (`lost`). Time is linear in the length; a text without such sequences costs no allocation.

mod evidence;
mod lost;
mod pages;
mod scan;

use std::borrow::Cow;

use evidence::{enough, family};
use lost::Survey;
use pages::{ARABIC, LATIN, Page, may_be_misread};
use scan::{Scan, Sequence, Token};

/// How often a text can have been misread, one time after another.
const LAYERS: usize = 5;

/// A misread text as it was meant; `None` if nothing in it is certain to be misread.
///
/// Repaired is the whole text or the stretches of it that are misread, of one layer or several.
/// `repair` of its own answer is `None`.
///
/// ```
/// # use sada::language::mojibake::repair;
/// assert_eq!(repair("Ø®ÛŒÙ„ÛŒ Ø®ÙˆØ¨ Ø¨ÙˆØ¯").as_deref(), Some("خیلی خوب بود"));
/// assert_eq!(repair("QUALITÉ… « fiancé »"), None);
/// ```
pub fn repair(text: &str) -> Option<String> {
    if text.is_ascii() || !may_be_misread(text) {
        return None;
    }
    let mut repaired = Cow::Borrowed(text);
    for _ in 0..=LAYERS {
        match (layer(&repaired), repaired) {
            (Some(once), _) => repaired = Cow::Owned(once),
            (None, Cow::Owned(done)) => return Some(done),
            (None, Cow::Borrowed(_)) => return None,
        }
    }
    // Deeper than any accident: made so.
    None
}

/// Takes off one layer.
fn layer(text: &str) -> Option<String> {
    let latin = survey(&LATIN, text);
    let arabic = survey(&ARABIC, text);
    // The pages share many characters; the right one explains more of the text.
    let arabic_first = arabic.letters() > latin.letters();
    let mut pages = [(&*LATIN, latin), (&*ARABIC, arabic)];
    if arabic_first {
        pages.reverse();
    }
    let repair = |(page, survey)| Layer::repair(page, text, survey);
    pages.into_iter().find_map(repair)
}

/// Counts what the text holds.
fn survey(page: &Page, text: &str) -> Survey {
    let mut survey = Survey::default();
    let mut scan = Scan::new(page, text, 0);
    while let Some(token) = scan.next() {
        match token {
            Token::Whole(sequence, c) => survey.see(&sequence, c),
            Token::Cut(sequence) => survey.see_cut(&sequence),
            Token::Foreign => survey.see_foreign(&text[..scan.at], &text[scan.at..]),
            Token::Plain => {}
        }
    }
    survey
}

struct Layer<'a> {
    page: &'a Page,
    text: &'a str,
    survey: Survey,
    out: String,
    /// Bytes of the text that stand in `out`, repaired or not.
    copied: usize,
}

/// Sequences without a foreign character between them.
#[derive(Default)]
struct Stretch {
    start: Option<usize>,
    end: usize,
    points: u32,
}

impl<'a> Layer<'a> {
    fn repair(page: &'a Page, text: &'a str, survey: Survey) -> Option<String> {
        if survey.points < enough(page.kind) || survey.central_european {
            return None;
        }
        let mut layer = Self {
            page,
            text,
            survey,
            out: String::new(),
            copied: 0,
        };
        layer.stretches();
        (layer.copied > 0).then(|| {
            layer.out.push_str(&text[layer.copied..]);
            layer.out
        })
    }

    fn stretches(&mut self) {
        let mut scan = Scan::new(self.page, self.text, 0);
        let mut stretch = Stretch::default();
        loop {
            let start = scan.at;
            let Some(token) = scan.next() else { break };
            let points = match self.meant(&token, "") {
                _ if matches!(token, Token::Plain) => continue,
                Some((sequence, _)) => Some(sequence.points),
                None => None,
            };
            if let Some(points) = points {
                stretch.start.get_or_insert(start);
                stretch.end = scan.at;
                stretch.points += points;
            } else {
                if !matches!(token, Token::Foreign) {
                    scan.refuse(start);
                }
                self.end(std::mem::take(&mut stretch));
            }
        }
        self.end(stretch);
    }

    /// The sequence and its letter, if it is taken for one. `word`: what comes before it.
    fn meant(&self, token: &Token, word: &str) -> Option<(Sequence, char)> {
        match token {
            Token::Whole(sequence, c) => {
                let odd = sequence.points > 0;
                let known = self.survey.pointed[family(sequence.lead())] > 0;
                (odd || known).then_some((*sequence, *c))
            }
            Token::Cut(sequence) => Some((*sequence, self.survey.letter(sequence, word)?)),
            Token::Plain | Token::Foreign => None,
        }
    }

    /// Repairs a stretch if it is certain.
    fn end(&mut self, stretch: Stretch) {
        let Some(start) = stretch.start else { return };
        if stretch.points < enough(self.page.kind) {
            return;
        }
        let text = self.text;
        self.out.push_str(&text[self.copied..start]);
        let mut scan = Scan::new(self.page, text, start);
        while scan.at < stretch.end {
            let at = scan.at;
            let Some(token) = scan.next() else { break };
            match self.meant(&token, &self.out) {
                Some((_, c)) => self.out.push(c),
                None => self.out.push_str(&text[at..scan.at]),
            }
        }
        self.copied = stretch.end;
    }
}

#[cfg(test)]
mod tests;
