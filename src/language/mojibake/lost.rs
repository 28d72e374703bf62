//! Letters one byte of which was lost: Windows-1252 has nothing at 81, 8D, 8F, 90 and 9D.
//!
//! What is certain from the text around is filled in; any other letter becomes U+FFFD.
//!
//! | bytes left | could be | is |
//! |---|---|---|
//! | D9 | ف, or one of the marks ٍ ُ ِ | ف, unless the text writes such marks |
//! | DB | Urdu ہ, Pashto and Uyghur ې, Pashto ۍ | ې where the text has letters that only Pashto or Uyghur use, else ہ |
//! | DA | Pashto ځ, Sindhi ڍ ڏ ڝ | ځ where the text has letters of Pashto |
//! | D7 | א ם | א inside a word: ם ends one |
//! | CF | ρ ύ | ρ where the word has its accent already |
//! | C4 | ā č ď Đ ĝ | by letters of Latvian, Vietnamese, or Czech and its neighbours |
//! | C5 | Ł Ő ŝ | by letters of Polish, Hungarian, Esperanto |
//! | C6 | Ə | in a text with ə |
//! | C3 before white space | à whose A0 became a space; else Á Í Ï Ð Ý | à |
//! | CC | U+0301 | the acute accent of decomposed letters |
//! | E2 80 | ” , joiners | ”; between emoji the joiner |
//! | E3, one of 84 to BF | hiragana | it: 81 was lost |
//! | E3 80 | 、 」 | 」 after 「 |
//! | E0 B9 | แ | แ |
//! | all else: Cyrillic а Н с я, Chinese, Korean, most of India | | U+FFFD |

use super::evidence::{FAMILIES, family};
use super::scan::Sequence;

/// What stands for a letter that can't be told.
const UNKNOWN: char = '\u{FFFD}';

/// What a misread text holds, counted before it is repaired.
#[derive(Debug, Default)]
pub struct Survey {
    /// Whole letters of each family.
    pub whole: [u32; FAMILIES],
    /// Those of them that would be odd in a right text.
    pub pointed: [u32; FAMILIES],
    /// Letters with a lost byte.
    pub cut: [u32; FAMILIES],
    /// Points of all sequences.
    pub points: u32,
    /// It was read as Windows-1250, which would be repaired in spots only.
    pub central_european: bool,
    urdu: u32,
    pashto: u32,
    arabic_marks: u32,
    latvian: u32,
    czech: u32,
    vietnamese: u32,
    polish: u32,
    hungarian: u32,
    esperanto: u32,
    azeri: u32,
}

impl Survey {
    /// Counts a whole letter.
    pub fn see(&mut self, sequence: &Sequence, c: char) {
        let family = family(sequence.lead());
        self.whole[family] += 1;
        self.pointed[family] += u32::from(sequence.points > 0);
        self.points += sequence.points;
        match c {
            'ے' | 'ں' | 'ٹ' | 'ڑ' | 'ڈ' | 'ھ' | 'ہ' => self.urdu += 1,
            'ښ' | 'ږ' | 'ڼ' | 'ټ' | 'ډ' | 'څ' | 'ړ' | 'ځ' | 'ۇ' | 'ۆ' | 'ۈ' | 'ڭ' | 'ې' =>
            {
                self.pashto += 1;
            }
            '\u{64B}'..='\u{652}' => self.arabic_marks += 1,
            'ē' | 'ī' | 'ū' | 'ņ' | 'ļ' | 'ķ' | 'ģ' => self.latvian += 1,
            'ě' | 'ř' | 'ů' | 'š' | 'ž' | 'ć' | 'đ' | 'ľ' | 'ė' | 'ų' | 'į' => {
                self.czech += 1
            }
            'ơ' | 'ư' | '\u{1EA0}'..='\u{1EF9}' => self.vietnamese += 1,
            'ą' | 'ę' | 'ż' | 'ź' | 'ś' | 'ł' => self.polish += 1,
            'ő' | 'ű' => self.hungarian += 1,
            'ĉ' | 'ĥ' | 'ĵ' | 'ŭ' => self.esperanto += 1,
            'ə' => self.azeri += 1,
            _ => {}
        }
    }

    /// How many letters are whole.
    pub fn letters(&self) -> u32 {
        self.whole.iter().sum()
    }

    /// Looks at a character that the page lacks: `Ă` and `Ĺ` before a sign are C3 and C5 of
    /// Windows-1250.
    pub fn see_foreign(&mut self, upto: &str, rest: &str) {
        let sign = |c: char| c == 'ľ' || !c.is_ascii() && !c.is_alphabetic();
        if upto.ends_with(['Ă', 'Ĺ']) && rest.starts_with(sign) {
            self.central_european = true;
        }
    }

    /// Counts a letter with a lost byte.
    pub fn see_cut(&mut self, sequence: &Sequence) {
        self.cut[family(sequence.lead())] += 1;
    }

    /// The letter of a sequence with a lost byte, `None` if it is rather a character of its own.
    /// `word`: what was repaired before it.
    pub fn letter(&self, sequence: &Sequence, word: &str) -> Option<char> {
        self.accepts(sequence)
            .then(|| self.likeliest(sequence, word))
    }

    /// Whether the text is such that letters of this family were misread here.
    fn accepts(&self, sequence: &Sequence) -> bool {
        let lead = sequence.lead();
        let of = family(lead);
        let held = sequence.held - 1;
        let (whole, cut) = (self.whole[of], self.cut[of]);
        if sequence.is_marked() {
            return self.points >= 2 || lead >= 0xE2 && held > 1;
        }
        let mostly_whole = whole >= 2 && whole >= cut && self.pointed[of] > 0;
        let inside = sequence.adjacent || sequence.before.is_some_and(|c| c.is_ascii_lowercase());
        match lead {
            0xC3 if sequence.after.is_none_or(char::is_whitespace) => self.pointed[0] > 0,
            0xC2..=0xC3 => inside && self.pointed[0] > 0,
            0xC4..=0xC6 => {
                let told = self.likeliest(sequence, "") != UNKNOWN;
                self.pointed[of] > 0 && (inside || told)
            }
            0xCC => inside && self.pointed[of] > 0,
            0xCE..=0xD1 | 0xD7 | 0xD9..=0xDB => mostly_whole,
            0xE0 | 0xE1 => held == 1 && self.pointed[of] > 0,
            0xE2 => sequence.bytes[1] == 0x80,
            0xE3 => held == 1 && whole >= 2 || sequence.adjacent && whole >= 3,
            0xE4..=0xED => held == 1 && mostly_whole,
            0xF0 => sequence.bytes[1] == 0x9F,
            _ => false,
        }
    }

    fn likeliest(&self, sequence: &Sequence, word: &str) -> char {
        let [lead, second, third, _] = sequence.bytes;
        let inside = sequence.after.is_some_and(|c| !c.is_ascii());
        match (lead, second) {
            (0xD9, _) if self.arabic_marks == 0 => 'ف',
            (0xDB, _) if self.pashto > self.urdu => 'ې',
            (0xDB, _) => 'ہ',
            (0xDA, _) if self.pashto > 0 => 'ځ',
            (0xD7, _) if inside => 'א',
            (0xCF, _) if has_accent(word) => 'ρ',
            (0xC4, _) if self.latvian > 0 => 'ā',
            (0xC4, _) if self.vietnamese > self.czech => 'Đ',
            (0xC4, _) if self.czech > 0 => 'č',
            (0xC5, _) if self.polish > 0 => 'Ł',
            (0xC5, _) if self.hungarian > 0 => 'Ő',
            (0xC5, _) if self.esperanto > 0 => 'ŝ',
            (0xC6, _) if self.azeri > 0 => 'Ə',
            (0xC3, 0)
                if !sequence.is_marked() && sequence.after.is_none_or(char::is_whitespace) =>
            {
                'à'
            }
            (0xCC, _) => '\u{301}',
            (0xE2, 0x80) if is_emoji(word.chars().next_back()) && inside => '\u{200D}',
            (0xE2, 0x80) => '”',
            (0xE0, 0xB9) => 'แ',
            (0xE3, 0x80) if third == 0 && sequence.held <= 3 => match opens_quote(word) {
                true => '」',
                false => '、',
            },
            (0xE3, 0x84..=0xBF) if sequence.held == 2 => hiragana(second),
            (0xE3, 0) if sequence.held == 3 && third > 0 => hiragana(third),
            _ => UNKNOWN,
        }
    }
}

/// E3 81 and this byte.
fn hiragana(last: u8) -> char {
    char::from_u32(0x3040 + u32::from(last & 0x3F)).unwrap_or(UNKNOWN)
}

/// Whether the last word of a text has a Greek vowel with an accent.
fn has_accent(text: &str) -> bool {
    let word = text
        .chars()
        .rev()
        .take(24)
        .take_while(|c| c.is_alphabetic());
    word.into_iter().any(|c| "άέήίόύώΐΰ".contains(c))
}

fn is_emoji(c: Option<char>) -> bool {
    c.is_some_and(|c| matches!(c as u32, 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0xFE0F))
}

/// Whether the last corner bracket of the last 100 characters is an opening one.
fn opens_quote(text: &str) -> bool {
    let bracket = text.chars().rev().take(100).find(|c| "「」".contains(*c));
    bracket == Some('「')
}
