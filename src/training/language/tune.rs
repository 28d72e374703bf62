//! Fits what each n-gram says for each language, on texts that the n-grams were not counted in.
//!
//! lingua's probabilities tell how a language is written, not what tells it from its neighbours. So
//! the values that they give are the start of a multinomial logistic regression with one number for
//! each n-gram and column: a few rounds of gradient descent leave rare n-grams almost as they were,
//! and move what texts of siblings (hr and bs, id and ms) differ in. Then classes that lingua
//! knows better are favoured until they are answered as well: told by texts that the values used
//! there were not fitted on. The same rows give the same values, whatever the number of threads.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;

use super::super::progress;
use super::rows::Row;
use super::table::Said;
use super::weights::{Fitted, POWER, Values};
use crate::language::chars::is_kana;
use crate::language::classes::{Script, class};
use crate::language::letters::Letters;
use crate::language::model::{MOST_COLUMNS, START, hash};
use crate::language::score::{LONGEST, word_hash};

/// Rounds of gradient descent, and its rate in the first; it falls to 0.
const ROUNDS: u32 = 4;
const RATE: f32 = 0.12;
/// Rate of the numbers of columns, as a part of that.
const ONCE: f32 = 0.1;
const EACH: f32 = 0.001;
/// A smaller slope of a class is none.
const LEAST: f32 = 1e-3;
/// Rows of a language and set that weigh as much as all of any other; fewer weigh less.
const ROWS: f32 = 300.0;
/// Most that one row weighs.
const MOST: f32 = 3.0;
/// The same for romanised texts, of which there are few.
const ROMANISED: (f32, f32) = (100.0, 8.0);
/// Words of a piece of a text, and the set that pieces make up.
const PIECE: usize = 4;
pub const PIECES: &str = "pieces of 4 words";
/// Letters of a text that are read.
const LETTERS: usize = 200;
/// Parts of the rows: the values that a part is answered with are fitted on the others.
const PARTS: u64 = 3;
/// Rounds of favouring, and nats for each point that a class is behind lingua.
const EVENINGS: i32 = 150;
const FAVOUR: f32 = 0.02;
/// Points over lingua that are aimed at: other texts give other figures.
const MARGIN: f32 = 0.5;
/// What is left of a favour after a round.
const KEPT: f32 = 0.99;

/// A labelled text as its n-grams.
struct Text {
    gold: usize,
    /// Columns of its script.
    columns: Range<usize>,
    letters: f32,
    weight: f32,
    set: &'static str,
    part: u64,
    /// lingua's answer is right.
    lingua: Option<bool>,
    ngrams: Vec<Range<u32>>,
    /// Its script is typed in several ways, and few texts show all: values stay as they are.
    typed: bool,
}

/// Values of all n-grams, and the numbers of the columns.
#[derive(Clone)]
struct State {
    values: Vec<f32>,
    once: Vec<f32>,
    each: Vec<f32>,
}

/// What stays the same while values are fitted.
struct Frame<'a> {
    /// Column of each value.
    columns: Vec<u8>,
    /// Class of each column: the first of its columns.
    classes: Vec<usize>,
    tags: &'a [&'static str],
    /// Most that a value may be.
    most: f32,
}

/// Numbers of the columns after it; the values of `said` are weighted and fitted in place.
pub struct Tuned {
    /// Added once, for each column.
    pub once: Vec<f32>,
    /// Added for each letter.
    pub each: Vec<f32>,
}

/// Fits. `tags`: of each column; `rarer`: nats against it; `lingua`: its answer to a text.
pub fn tune(
    rows: &[Row],
    said: &mut [Said],
    (tags, rarer): (&[&'static str], &[f32]),
    fitted: &Fitted,
    lingua: &(dyn Fn(&str) -> Option<&'static str> + Sync),
) -> Tuned {
    for s in said.iter_mut() {
        s.value *= fitted.lengths[usize::from(s.length) - 1];
    }
    let first = |tag: &&str| tags.iter().position(|other| other == tag).unwrap_or(0);
    let frame = Frame {
        columns: said.iter().map(|s| s.column).collect(),
        classes: tags.iter().map(first).collect(),
        tags,
        most: said.iter().map(|s| s.value).fold(0.0, f32::max),
    };
    let texts = texts(rows, &Values::new(said), tags, lingua);
    let start = State {
        values: said.iter().map(|s| s.value).collect(),
        once: tags
            .iter()
            .zip(rarer)
            .map(|(tag, rarer)| fitted.once[tag] - rarer)
            .collect(),
        each: tags.iter().map(|tag| fitted.each[tag]).collect(),
    };
    let bar = progress("fitting n-grams", (PARTS + 1) * u64::from(ROUNDS));
    // The last part is none: all texts are fitted.
    let fit = |part: u64| {
        let mut state = start.clone();
        let chosen: Vec<&Text> = texts.iter().filter(|text| text.part != part).collect();
        frame.descend(&mut state, &chosen, || bar.inc(1));
        let told = texts
            .iter()
            .enumerate()
            .filter(|(_, text)| text.part == part);
        let scores: Vec<(usize, Vec<f32>)> = told
            .map(|(at, text)| (at, frame.scores(&state, text)))
            .collect();
        (state, scores)
    };
    let mut fits: Vec<_> = (0..=PARTS).into_par_iter().map(fit).collect();
    bar.finish_and_clear();
    let Some((mut state, _)) = fits.pop() else {
        return Tuned {
            once: start.once,
            each: start.each,
        };
    };
    let mut scores = vec![Vec::new(); texts.len()];
    for (at, of) in fits.into_iter().flat_map(|fit| fit.1) {
        scores[at] = of;
    }
    let favours = frame.favours(&texts, &scores);
    for (column, class) in frame.classes.iter().enumerate() {
        state.once[column] += favours[*class][0];
        state.each[column] += favours[*class][1];
    }
    for (s, value) in said.iter_mut().zip(&state.values) {
        s.value = *value;
    }
    Tuned {
        once: state.once,
        each: state.each,
    }
}

fn texts(
    rows: &[Row],
    values: &Values,
    tags: &[&'static str],
    lingua: &(dyn Fn(&str) -> Option<&'static str> + Sync),
) -> Vec<Text> {
    let bar = progress("answers of lingua", rows.len() as u64);
    let read = |row: &Row| {
        bar.inc(1);
        text(row, values, tags, lingua)
    };
    let mut texts: Vec<Text> = rows.par_iter().filter_map(read).collect();
    bar.finish_and_clear();
    let pieces: Vec<Row> = rows.iter().flat_map(pieces).collect();
    texts.extend(
        pieces
            .iter()
            .filter_map(|row| text(row, values, tags, lingua)),
    );
    let mut counts: HashMap<(usize, &str), f32> = HashMap::new();
    for text in &texts {
        *counts.entry((text.gold, text.set)).or_default() += 1.0;
    }
    for text in &mut texts {
        let (rows, most) = match tags[text.gold].ends_with("-Latn") {
            true => ROMANISED,
            false => (ROWS, MOST),
        };
        text.weight = (rows / counts[&(text.gold, text.set)]).min(most);
    }
    texts
}

/// Pieces of a text in a language that lingua lacks, or in one of its neighbours: of these there are
/// only whole sentences.
pub fn pieces(row: &Row) -> Vec<Row> {
    let romanised = row.tag.as_deref().is_some_and(|tag| tag.ends_with("-Latn"));
    if romanised || !["new_classes_train", "perso_sents"].contains(&row.set) {
        return Vec::new();
    }
    let words: Vec<&str> = row.text.split_whitespace().collect();
    let piece = |words: &[&str]| Row {
        tag: row.tag.clone(),
        text: words.join(" "),
        set: PIECES,
    };
    words.chunks_exact(PIECE).map(piece).collect()
}

fn text(
    row: &Row,
    values: &Values,
    tags: &[&'static str],
    lingua: &(dyn Fn(&str) -> Option<&'static str> + Sync),
) -> Option<Text> {
    let tag = class(row.tag.as_deref()?)?.tag;
    let mut letters = Letters::default();
    letters.read(&row.text);
    let script = letters.script()?;
    let of_script = |tag: &&str| script.tags().contains(tag);
    let gold = tags
        .iter()
        .position(|other| *other == tag && of_script(other))?;
    let from = tags.iter().position(of_script)?;
    let count = tags[from..].iter().take_while(|tag| of_script(tag)).count();
    // Kana tell without a score.
    if count < 2 || letters.all().iter().any(|c| is_kana(*c)) {
        return None;
    }
    let (mut ngrams, mut read) = (Vec::new(), 0);
    for word in letters.words().iter().filter(|word| word.script == script) {
        let word = letters.of(word);
        if read > LETTERS {
            break;
        }
        read += word.len();
        if script == Script::Latin {
            ngrams.extend(values.place(word_hash(word)));
        }
        for start in 0..word.len() {
            let mut before = START;
            for &letter in word[start..].iter().take(LONGEST) {
                before = hash(before, letter);
                ngrams.extend(values.place(before));
            }
        }
    }
    let known = row.set.starts_with("lingua");
    let answer = || lingua(&row.text);
    // Sets of romanised texts have English ones among them.
    if tag.ends_with("-Latn") && answer() == Some("en") {
        return None;
    }
    Some(Text {
        gold,
        columns: from..from + count,
        letters: read as f32,
        weight: 1.0,
        set: row.set,
        part: super::rows::part(&row.text, PARTS * 10) / 10,
        lingua: known.then(|| answer() == Some(tag)),
        ngrams,
        typed: script == Script::Arabic,
    })
}

impl Frame<'_> {
    /// Stochastic gradient descent, the texts in an order of their own each round.
    fn descend(&self, state: &mut State, texts: &[&Text], done: impl Fn()) {
        let mut order: Vec<usize> = (0..texts.len()).collect();
        let mut random = fastrand::Rng::with_seed(1);
        let steps = (ROUNDS as usize * texts.len()) as f32;
        let mut step = 0.0;
        for _ in 0..ROUNDS {
            random.shuffle(&mut order);
            for &at in &order {
                self.step(state, texts[at], RATE * (1.0 - step / steps));
                step += 1.0;
            }
            done();
        }
    }

    fn step(&self, state: &mut State, text: &Text, rate: f32) {
        let scores = self.scores(state, text);
        let score = |column: usize| scores[column - text.columns.start];
        let best = self.best_columns(text, &scores);
        let most = best.iter().map(|at| score(*at)).fold(f32::MIN, f32::max);
        let all: f32 = best.iter().map(|at| (score(*at) - most).exp()).sum();
        let mut off = [0.0f32; MOST_COLUMNS];
        let mut any = false;
        for column in best {
            let hit = if self.classes[column] == text.gold {
                1.0
            } else {
                0.0
            };
            let slope = ((score(column) - most).exp() / all - hit) * text.weight;
            if slope.abs() >= LEAST {
                off[column] = slope * rate;
                any = true;
            }
        }
        if !any {
            return;
        }
        let scale = text.letters.max(1.0).powf(-POWER);
        let moved = if text.typed { &[][..] } else { &text.ngrams };
        for place in moved {
            let place = place.start as usize..place.end as usize;
            for (value, column) in state.values[place.clone()]
                .iter_mut()
                .zip(&self.columns[place])
            {
                let off = off[usize::from(*column)];
                if off != 0.0 {
                    *value = (*value - off * scale).clamp(0.0, self.most);
                }
            }
        }
        // However it is typed, a class is as likely as it is.
        let mut of_class = [0.0f32; MOST_COLUMNS];
        for column in text.columns.clone() {
            of_class[self.classes[column]] += off[column];
        }
        for column in text.columns.clone() {
            let off = of_class[self.classes[column]];
            state.once[column] -= off * ONCE;
            state.each[column] -= off * EACH * text.letters * scale;
        }
    }

    /// Score of each column of a text's script.
    fn scores(&self, state: &State, text: &Text) -> Vec<f32> {
        let mut sums = [0.0f32; MOST_COLUMNS];
        for place in &text.ngrams {
            let place = place.start as usize..place.end as usize;
            for (value, column) in state.values[place.clone()].iter().zip(&self.columns[place]) {
                sums[usize::from(*column)] += value;
            }
        }
        let scale = text.letters.max(1.0).powf(-POWER);
        let score = |column: usize| {
            (sums[column] + state.each[column] * text.letters) * scale + state.once[column]
        };
        text.columns.clone().map(score).collect()
    }

    /// The best column of each class: it is typed as it fits best.
    fn best_columns(&self, text: &Text, scores: &[f32]) -> Vec<usize> {
        let mut best: Vec<usize> = Vec::with_capacity(scores.len());
        for column in text.columns.clone() {
            match best.last_mut() {
                Some(last) if self.classes[*last] == self.classes[column] => {
                    let score = |column: usize| scores[column - text.columns.start];
                    if score(column) > score(*last) {
                        *last = column;
                    }
                }
                _ => best.push(column),
            }
        }
        best
    }

    /// Nats once and for each letter in favour of each class, so that none is behind lingua in a set
    /// if that can be. `scores` are of values that were fitted on other texts.
    fn favours(&self, texts: &[Text], scores: &[Vec<f32>]) -> Vec<[f32; 2]> {
        let mut favours = vec![[0.0f32; 2]; self.tags.len()];
        let told: Vec<(&Text, Vec<(usize, f32)>)> = texts
            .iter()
            .zip(scores)
            .filter(|(text, _)| text.lingua.is_some())
            .map(|(text, scores)| {
                let best = self.best_columns(text, scores).into_iter();
                let best = best.filter(|column| !self.tags[*column].starts_with("x-"));
                let score =
                    |column: usize| (self.classes[column], scores[column - text.columns.start]);
                (text, best.map(score).collect())
            })
            .collect();
        for evening in 0..EVENINGS {
            let answer = |(text, scores): &(&Text, Vec<(usize, f32)>)| {
                let root = text.letters.sqrt();
                let score = |(class, score): &(usize, f32)| {
                    score + favours[*class][0] + favours[*class][1] * root
                };
                let best = scores.iter().max_by(|a, b| score(a).total_cmp(&score(b)));
                best.is_some_and(|best| best.0 == text.gold)
            };
            let answers: Vec<bool> = told.par_iter().map(answer).collect();
            // Of each class and set: texts, right answers more than lingua's, roots of the letters.
            let mut cells: HashMap<(usize, &str), [f32; 3]> = HashMap::new();
            for ((text, _), right) in told.iter().zip(answers) {
                let cell = cells.entry((text.gold, text.set)).or_default();
                cell[0] += 1.0;
                let one = |right: bool| f32::from(u8::from(right));
                cell[1] += one(right) - one(text.lingua == Some(true));
                cell[2] += text.letters.sqrt();
            }
            for favour in &mut favours {
                *favour = favour.map(|nats| nats * KEPT);
            }
            let mut cells: Vec<_> = cells.into_iter().collect();
            cells.sort_by_key(|cell| cell.0);
            let rate = FAVOUR * (1.0 - evening as f32 / EVENINGS as f32);
            for ((class, _), [count, ahead, roots]) in cells {
                let behind = (MARGIN - 100.0 * ahead / count).clamp(0.0, 10.0);
                // Long texts are moved by what each letter adds, short ones by what is added once.
                let root = roots / count;
                let long = (root / 10.0).min(1.0);
                favours[class][0] += rate * behind * (1.0 - long);
                favours[class][1] += rate * behind * long / root;
            }
        }
        favours
    }
}
