//! The card of the trained part of topics.

use std::fmt::Write;

use crate::enrich::topics::trained::DIMENSIONS;
use crate::training::topics::{Trained, fit::Settings, mapping::Mapping};

/// The card of a model, in Markdown.
pub fn of(trained: &Trained, mapping: &Mapping, settings: &Settings) -> String {
    let mut card = String::new();
    // Writing to a String can't fail.
    let _ = write(&mut card, trained, mapping, settings);
    card
}

fn write(
    card: &mut String,
    trained: &Trained,
    mapping: &Mapping,
    settings: &Settings,
) -> std::fmt::Result {
    let rows: usize = trained.rows.iter().map(|r| r.2).sum();
    writeln!(
        card,
        "# Topics model {version}\n\n\
         Written by `sada train topics`. Tells which topics a text in its match form is about, \
         beside the keywords of the taxonomy. Features are hashed words, pairs of words, character n-grams of 3 to 5 inside \
         words, n-grams of ideographs and of scripts without spaces. {size} bytes.\n\n\
         **Of reviews.** {topics} topics. Each feature has a row that all languages share, and a whole word one for its copy in the \
         text's language, {dimensions} \
         numbers of 8 bits; their sum over the root of their number; a logistic head a topic. Topics that no set about the \
         same kind of things ({things}) tells of are neither learned nor unlearned; a softmax over the kinds holds back \
         topics that what is reviewed can't have, when it isn't known.\n\n\
         **Of feedback of any kind.** All topics of the taxonomy, in the languages of the texts written for it (`models/topics/`). \
         A support vector machine with squared loss a topic, its \
         weights in 8 bits; a keyword of the topic adds a constant. One more machine tells reviews of the kinds above from \
         other feedback: of these the other part judges. {linear}\n\n\
         **Intended use.** Aggregates over many texts. A topic of a text is wrong too often to act on alone.\n\n\
         **Limits.** Reviews of hotels, restaurants, food, telephones and laptops dominate; most of them are one English \
         corpus and its machine translations, whose labels share their noise. The texts of the other part were written by a few \
         hands: real customers word things in more ways. Languages other than those below are left to keywords.\n\n\
         **Settings.** seed {seed}, {epochs} epochs, 2^{bits} rows, AdaGrad {rate} falling to 0, decay {decay}, weight of the \
         kinds {weight}. Languages: {languages}.\n",
        version = trained.version,
        topics = mapping.topics().len(),
        things = mapping.things().join(", "),
        dimensions = DIMENSIONS,
        size = trained.file.len(),
        linear = linear(trained),
        seed = settings.seed,
        epochs = settings.epochs,
        bits = settings.bits,
        rate = settings.rate,
        decay = settings.decay,
        weight = settings.things,
        languages = trained.languages.join(", "),
    )?;
    writeln!(
        card,
        "## Data\n\n{rows} rows; which category of a set is which topic: `models/topic_mapping.tsv`. {repeated} rows were \
         dropped because their letters and digits stand in a dev set; a set without dev rows gave a tenth of its own.\n",
        repeated = trained.repeated,
    )?;
    super::table_of_sets(card, &trained.rows)?;
    writeln!(
        card,
        "\n## Figures on dev\n\nThe thresholds were chosen on these rows; `sada eval topics --data` measures on test, \
         keywords and sentiment included.\n\n```\n{}\n```",
        trained.report.shown()
    )
}

fn linear(trained: &Trained) -> String {
    let (texts, f1) = &trained.linear;
    if texts.is_empty() {
        return "It was taken over from the model of the program.".to_owned();
    }
    let texts = texts
        .iter()
        .map(|(language, texts)| format!("{language} {texts}"));
    let texts: Vec<String> = texts.collect();
    format!(
        "Texts: {}; on a tenth set aside micro-F1 is {:.1} with keywords (mean of the languages).",
        texts.join(", "),
        100.0 * f1
    )
}
