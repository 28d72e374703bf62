//! `sada train language`

use std::path::PathBuf;

use clap::Args;

use crate::commands::eval::Data;

/// Make the language model
///
/// Takes the n-grams of the lingua library's models (Cargo tells where they lie, so run a program
/// built on this machine, with `--features lingua`), counts those of DIR/langid/new_classes_train,
/// fits weights and confidence on a part of DIR/langid and DIR/feedback/train, measures on the rest,
/// and writes the model and, beside it, its card. The same data gives the same file.
#[derive(Args)]
#[command(
    after_help = "Example:\n  sada train language --data ~/data --out my-language.bin\n  \
    SADA_LANGUAGE_MODEL=my-language.bin sada tag < texts.txt"
)]
pub struct Arguments {
    #[command(flatten)]
    data: Data,
    /// Model file to write; the card goes beside it, with the ending .md
    #[arg(long, value_name = "FILE", default_value = "models/language.bin")]
    out: PathBuf,
    /// Leave out n-grams that gain less than this, ln(gain / 4 nats): nearer to 0 the model gets
    /// smaller, and less accurate. Without it, what fits into the 40 MB of a model
    #[arg(long, value_name = "NATS", allow_negative_numbers = true)]
    least_gain: Option<f64>,
}

/// Runs the command.
#[cfg(feature = "lingua")]
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    use std::path::Path;

    use crate::commands::say;
    use crate::language::{Detector, Model};
    use crate::training::language::{Lingua, Settings, rows, train};
    use crate::training::{card, languages::table, lingua::Oracle, lingua_models};

    let mut settings = Settings::default();
    settings.least_gain = arguments.least_gain.unwrap_or(settings.least_gain);
    // Told before the work, not after it.
    super::make_folder_of(&arguments.out)?;
    let models = lingua_models::models()?;
    let models: Vec<(&str, &Path)> = (models.iter())
        .map(|model| (model.language, model.file.as_path()))
        .collect();
    let folder = arguments.data.folder().0;
    let oracle = Oracle::new(&[])?;
    let lingua = Lingua {
        models: &models,
        detect: &|text| oracle.detect(text),
    };
    let trained = train(&folder, &lingua, &settings)?;
    let model = Model::read(&trained.file)?;
    let version = model.version().to_owned();
    let rows = rows::read(&folder)?;
    let detector = Detector::new(model);
    let reports = card::language::measure(&detector, &card::language::measured(&rows));
    say(table::files(&reports))?;
    let lost = card::language::lost_to_romanised(&detector, &rows.measured);
    let card = card::language::of(&trained, &settings, &version, &rows, &reports, &lost);
    super::write(&arguments.out, &trained.file, &card)
}

/// Refuses: lingua's models are not at hand.
#[cfg(not(feature = "lingua"))]
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments {
        data: _,
        out,
        least_gain: _,
    } = arguments;
    Err(crate::config::ConfigError {
        place: String::new(),
        field: "train language".into(),
        message: format!(
            "this program was built without lingua, whose models {} is made from",
            out.display()
        ),
        mend: "build one that has it: `cargo build --release --features lingua`".into(),
    }
    .into())
}
