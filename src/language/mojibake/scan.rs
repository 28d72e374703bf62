//! A misread text, token by token.

use super::evidence::{Before, plausible, points};
use super::pages::{Kind, Page};

/// What stands at one place of a text.
#[derive(Debug, Clone, Copy)]
pub enum Token {
    /// ASCII: the same in every reading.
    Plain,
    /// UTF-8 bytes of one character.
    Whole(Sequence, char),
    /// The same, with bytes missing that the page lacks.
    Cut(Sequence),
    /// Nothing that came from this page.
    Foreign,
}

/// A lead byte and the continuation bytes that are there.
#[derive(Debug, Clone, Copy)]
pub struct Sequence {
    /// Lead, then continuations; 0 stands for one that is known to be missing in this place.
    pub bytes: [u8; 4],
    /// How many bytes of them are there, zeros included.
    pub held: usize,
    /// Points of evidence.
    pub points: u32,
    /// Begins right behind another one.
    pub adjacent: bool,
    /// Character before it.
    pub before: Option<char>,
    /// Character after it.
    pub after: Option<char>,
}

impl Sequence {
    /// First byte.
    pub fn lead(&self) -> u8 {
        self.bytes[0]
    }

    /// Whether a place is marked as missing (U+FFFD).
    pub fn is_marked(&self) -> bool {
        self.bytes[1..self.held].contains(&0)
    }
}

/// Walks through a text.
pub struct Scan<'a> {
    page: &'a Page,
    text: &'a str,
    /// Where the next token begins.
    pub at: usize,
    before: Option<char>,
    adjacent: bool,
    /// Last byte of a whole letter that ends here.
    whole: Option<u8>,
}

impl<'a> Scan<'a> {
    /// From byte `at` of a text on.
    pub fn new(page: &'a Page, text: &'a str, at: usize) -> Self {
        Self {
            page,
            text,
            at,
            before: text[..at].chars().next_back(),
            adjacent: false,
            whole: None,
        }
    }

    /// Text from the last sequence on that the caller takes as none: its lead is a character of
    /// its own, and what follows is read again.
    pub fn refuse(&mut self, start: usize) {
        let lead = self.text[start..].chars().next();
        self.at = start + lead.map_or(0, char::len_utf8);
        self.before = lead;
        self.adjacent = false;
        self.whole = None;
    }

    fn sequence(&mut self, lead: u8, first: char) -> Option<Token> {
        let length = match lead {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => return None,
        };
        let mut bytes = [lead, 0, 0, 0];
        let mut held = 1;
        let mut rest = self.text[self.at + first.len_utf8()..].chars();
        let mut ahead = rest.clone();
        let mut last = first;
        while held < length {
            let Some(c) = ahead.next() else { break };
            bytes[held] = match self.page.byte(c) {
                Some(byte @ 0x80..=0xBF) => byte,
                None if c == '\u{FFFD}' && self.page.kind == Kind::Latin => 0,
                _ => break,
            };
            last = c;
            held += 1;
            rest = ahead.clone();
        }
        let mut sequence = Sequence {
            bytes,
            held,
            points: 0,
            adjacent: self.adjacent,
            before: self.before,
            after: rest.clone().next(),
        };
        let marked = sequence.is_marked();
        if held == length && !marked {
            let c = std::str::from_utf8(&bytes[..length]).ok()?.chars().next()?;
            let allowed = plausible(c) && (self.page.kind == Kind::Latin || c as u32 >= 0xA0);
            if !allowed {
                return None;
            }
            let before = Before {
                char: self.before.filter(|_| !self.adjacent),
                byte: self.whole,
            };
            sequence.points = points(self.page, before, &bytes[..length], sequence.after);
            self.pass(rest, last);
            self.whole = Some(bytes[length - 1]);
            return Some(Token::Whole(sequence, c));
        }
        if self.page.kind == Kind::Arabic {
            return None;
        }
        self.pass(rest, last);
        Some(Token::Cut(sequence))
    }

    fn pass(&mut self, rest: std::str::Chars<'_>, last: char) {
        self.at = self.text.len() - rest.as_str().len();
        self.before = Some(last);
        self.adjacent = true;
        self.whole = None;
    }
}

impl Iterator for Scan<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let c = self.text[self.at..].chars().next()?;
        if !c.is_ascii()
            && let Some(lead @ 0xC2..) = self.page.byte(c)
            && let Some(token) = self.sequence(lead, c)
        {
            return Some(token);
        }
        self.at += c.len_utf8();
        self.before = Some(c);
        self.adjacent = false;
        self.whole = None;
        Some(if c.is_ascii() {
            Token::Plain
        } else {
            Token::Foreign
        })
    }
}
