//! Loads the models that the configuration names and puts the enricher together.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::config::{Config, ConfigError, secret, told_apart};
use crate::decode::Limits;
use crate::decode::odata::Feeds;
use crate::enrich::Enricher;
use crate::enrich::intents::Cues;
use crate::enrich::privacy::Redactor;
use crate::enrich::sentiment;
use crate::enrich::topics::{Taxonomy, trained};
use crate::erasure::Marker;
use crate::language::{self, Detector};
use crate::pipeline::Outcomes;

/// Shortest key of the hashed identifiers, in bytes.
const SHORTEST_KEY: usize = 16;

/// All models, the built-in ones where the configuration names no file. Without a privacy key,
/// identifiers are hashed under one that is gone with this process: `check` refuses that for `run`.
///
/// # Errors
/// A file can't be read or is wrong.
pub fn load(config: &Config) -> Result<Enricher, ConfigError> {
    if !config.privacy.key_file.as_os_str().is_empty() {
        return with_key(config, key(config)?.as_bytes());
    }
    let random = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(uuid::Uuid::into_bytes);
    with_key(config, random.as_flattened())
}

/// Names what decides about the outcome of a record: this program, its models, the languages it
/// expects, its limits, its feeds, the privacy key and what becomes of each kind of personal data. The ledger keeps it with each range: a log tells so when another build takes up what
/// one has left.
///
/// # Errors
/// The key file can't be read.
pub fn build(config: &Config, enricher: &Enricher) -> Result<String, ConfigError> {
    let key = match config.privacy.key_file.as_os_str().is_empty() {
        true => String::new(),
        false => key(config)?,
    };
    let versions = enricher.versions();
    let decides = format!(
        "{} {} {} {} {} {} {:?} {:?} {:?}",
        env!("SADA_BUILD"),
        versions.models,
        versions.taxonomy,
        config.language.expected.join(","),
        config.limits.record_bytes,
        config.limits.text_bytes,
        config.operations.feeds,
        config.privacy.kinds,
        config.topics.reviewed
    );
    // The name is stored: it must not give the key away.
    let digest = Sha256::digest(format!("{decides} {:x}", Sha256::digest(key)));
    Ok(format!("{digest:.12x}"))
}

/// Names what decides about what a record of O-data tells, besides the program (which the index
/// knows by the number of its format): the feeds, the limit of a record, the privacy key and what
/// becomes of each kind of personal data.
///
/// # Errors
/// The key file can't be read.
pub fn feeds_build(config: &Config) -> Result<String, ConfigError> {
    let key = match config.privacy.key_file.as_os_str().is_empty() {
        true => String::new(),
        false => key(config)?,
    };
    let decides = format!(
        "{} {:?} {:?}",
        config.limits.record_bytes, config.operations.feeds, config.privacy.kinds
    );
    // It is stored: it must not give the key away.
    let digest = Sha256::digest(format!("{decides} {:x}", Sha256::digest(key)));
    Ok(format!("{digest:.12x}"))
}

/// What protects identifiers, under the configured key.
///
/// # Errors
/// The key file can't be read.
pub fn redactor(config: &Config) -> Result<Redactor, ConfigError> {
    let redactor = Redactor::new(key(config)?.as_bytes());
    Ok(redactor.treating(config.privacy.kinds.clone()))
}

/// What makes marks of those who are erased, under the configured key.
///
/// # Errors
/// The key file can't be read.
pub fn marker(config: &Config) -> Result<Marker, ConfigError> {
    Ok(Marker::new(key(config)?.as_bytes()))
}

/// Reads the topics of O-data, identifiers protected as those of feedback.
///
/// # Errors
/// A feed is wrong.
pub fn feeds(config: &Config, enricher: &Enricher) -> Result<Feeds, ConfigError> {
    config.operations.feeds(enricher.privacy())
}

/// What turns records into outcomes under this configuration; the join is to be said.
///
/// # Errors
/// A feed is wrong.
pub fn outcomes(config: &Config, enricher: Enricher) -> Result<Outcomes, ConfigError> {
    let feeds = Arc::new(feeds(config, &enricher)?);
    let enrich = move |feedback| enricher.enrich(feedback);
    Ok(Outcomes::new(enrich, feeds, limits(config)))
}

/// What a record may hold.
pub fn limits(config: &Config) -> Limits {
    Limits {
        max_record_bytes: config.limits.record_bytes,
        max_text_bytes: config.limits.text_bytes,
    }
}

/// All models, with this key.
///
/// # Errors
/// A file can't be read or is wrong.
fn with_key(config: &Config, key: &[u8]) -> Result<Enricher, ConfigError> {
    let taxonomy = taxonomy(config)?.with(topics(config)?);
    let reviewed = reviewed(config, &taxonomy)?;
    let enricher = Enricher::new(
        detector(config)?,
        Redactor::new(key).treating(config.privacy.kinds.clone()),
        sentiment(config)?,
        taxonomy,
        cues(config)?,
    );
    Ok(enricher.reviewing(reviewed))
}

/// What is reviewed at each source that the configuration names.
fn reviewed(config: &Config, taxonomy: &Taxonomy) -> Result<HashMap<String, usize>, ConfigError> {
    let thing = |(source, name): (&String, &String)| match taxonomy.thing(name) {
        Ok(thing) => Ok((source.clone(), thing)),
        Err(known) => Err(ConfigError {
            place: String::new(),
            field: format!("topics.reviewed.{source}"),
            message: format!("the model of topics knows no kind of things named {name:?}"),
            mend: format!("name one of {}, or leave it out", known.join(", ")),
        }),
    };
    config.topics.reviewed.iter().map(thing).collect()
}

/// The detector of languages: the model of the configuration, else the one built in, and the
/// languages that it expects.
///
/// # Errors
/// The file can't be read or is no model, or a language is none that is told apart.
pub fn detector(config: &Config) -> Result<Detector, ConfigError> {
    let (file, read) = (&config.language.model, |bytes: Vec<u8>| {
        language::Model::read(&bytes)
    });
    let model = model(
        file,
        "language.model",
        "language",
        language::Model::of_this_build,
        read,
    )?;
    let expecting = Detector::new(model).expecting(&config.language.expected);
    expecting.map_err(|e| ConfigError {
        place: String::new(),
        field: "language.expected".into(),
        message: e.to_string(),
        mend: format!("name any of {}", told_apart()),
    })
}

/// The sentiment model of the configuration, else the one built in.
///
/// # Errors
/// The file can't be read or is no model.
pub fn sentiment(config: &Config) -> Result<sentiment::Model, ConfigError> {
    let file = &config.models.sentiment;
    model(
        file,
        "models.sentiment",
        "sentiment",
        sentiment::Model::built_in,
        sentiment::Model::parse,
    )
}

/// The trained model of topics of the configuration, else the one built in.
///
/// # Errors
/// The file can't be read or is no model.
pub fn topics(config: &Config) -> Result<trained::Model, ConfigError> {
    let file = &config.topics.model;
    model(
        file,
        "topics.model",
        "topics",
        trained::Model::built_in,
        trained::Model::parse,
    )
}

/// The taxonomy of the configuration, else the one built in.
///
/// # Errors
/// The file can't be read or is no taxonomy.
pub fn taxonomy(config: &Config) -> Result<Taxonomy, ConfigError> {
    let file = &config.models.taxonomy;
    let refuse = |message: String, mend: &str| refusal("models.taxonomy", file, message, mend);
    if file.as_os_str().is_empty() {
        return Taxonomy::built_in().map_err(|e| refuse(e.to_string(), "build Sada again"));
    }
    let text = std::fs::read_to_string(file).map_err(|e| {
        refuse(
            format!("can't read the taxonomy: {e}"),
            "name a file in the shape of models/taxonomy.toml, or leave the field out",
        )
    })?;
    let ours = Taxonomy::parse(&text).map_err(|e| {
        refuse(
            e.to_string(),
            "correct it in the shape of models/taxonomy.toml",
        )
    })?;
    let built_in = Taxonomy::built_in().map_err(|e| refuse(e.to_string(), "build Sada again"))?;
    Ok(ours.beside(&built_in))
}

/// The cues of the configuration, else those built in.
///
/// # Errors
/// The file can't be read or is no file of cues.
pub fn cues(config: &Config) -> Result<Cues, ConfigError> {
    let file = &config.models.cues;
    let refuse = |message: String, mend: &str| refusal("models.cues", file, message, mend);
    if file.as_os_str().is_empty() {
        return Cues::built_in().map_err(|e| refuse(e.to_string(), "build Sada again"));
    }
    let text = std::fs::read_to_string(file).map_err(|e| {
        refuse(
            format!("can't read the cues: {e}"),
            "name a file in the shape of models/cues.toml, or leave the field out",
        )
    })?;
    Cues::parse(&text)
        .map_err(|e| refuse(e.to_string(), "correct it in the shape of models/cues.toml"))
}

fn key(config: &Config) -> Result<String, ConfigError> {
    let file = &config.privacy.key_file;
    let refuse = |message: String, mend: &str| refusal("privacy.key_file", file, message, mend);
    let key = secret(file, "privacy.key_file")?;
    if key.len() < SHORTEST_KEY {
        return Err(refuse(
            format!("the key has {} bytes", key.len()),
            "give at least 16: `head -c 32 /dev/urandom | base64`",
        ));
    }
    Ok(key)
}

/// A model of a file that a field names, else the one built in; `sada train` calls it `name`.
fn model<M, E: Display>(
    file: &Path,
    field: &str,
    name: &str,
    built_in: impl FnOnce() -> Result<M, E>,
    read: impl FnOnce(Vec<u8>) -> Result<M, E>,
) -> Result<M, ConfigError> {
    let refuse = |message: String, mend: &str| refusal(field, file, message, mend);
    if file.as_os_str().is_empty() {
        return built_in().map_err(|e| refuse(e.to_string(), "build Sada again"));
    }
    let bytes = std::fs::read(file).map_err(|e| {
        refuse(
            format!("can't read the model: {e}"),
            &format!("name a file from `sada train {name}`, or leave the field out"),
        )
    })?;
    read(bytes).map_err(|e| refuse(e.to_string(), "or leave the field out: a model is built in"))
}

fn refusal(field: &str, file: &Path, message: String, mend: &str) -> ConfigError {
    let place = match file.as_os_str().is_empty() {
        true => String::new(),
        false => format!("{}: ", file.display()),
    };
    ConfigError {
        place,
        field: field.into(),
        message,
        mend: mend.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        assert!(load(&config).is_ok());
        config.privacy.key_file = folder.path().join("key");
        let error = load(&config).err().unwrap().to_string();
        assert!(
            error.contains("privacy.key_file") && error.contains("mend"),
            "{error}"
        );
        std::fs::write(&config.privacy.key_file, "short\n").unwrap();
        let error = load(&config).err().unwrap().to_string();
        assert!(error.contains("5 bytes"), "{error}");
        std::fs::write(&config.privacy.key_file, "0123456789abcdef\n").unwrap();
        assert!(load(&config).is_ok());
    }

    #[test]
    fn a_wrong_model_file_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.models.sentiment = folder.path().join("model.bin");
        let error = sentiment(&config).err().unwrap().to_string();
        assert!(
            error.contains("model.bin") && error.contains("can't read"),
            "{error}"
        );
        std::fs::write(&config.models.sentiment, "not a model").unwrap();
        let error = sentiment(&config).err().unwrap().to_string();
        assert!(error.contains("sada train sentiment"), "{error}");

        config.topics.model = config.models.sentiment.clone();
        let error = topics(&config).err().unwrap().to_string();
        assert!(
            error.contains("topics.model") && error.contains("sada train topics"),
            "{error}"
        );

        config.models.cues = config.models.sentiment.clone();
        let error = cues(&config).err().unwrap().to_string();
        assert!(
            error.contains("model.bin: models.cues") && error.contains("line 1"),
            "{error}"
        );

        config.language.model = config.models.sentiment.clone();
        let error = detector(&config).err().unwrap().to_string();
        assert!(
            error.contains("model.bin: language.model") && error.contains("sada train language"),
            "{error}"
        );
        std::fs::write(&config.language.model, language::Model::FILE).unwrap();
        let built_in = detector(&Config::default()).unwrap();
        assert_eq!(detector(&config).unwrap().version(), built_in.version());
    }

    #[test]
    fn what_is_reviewed_is_refused_by_name_if_no_model_knows_it() {
        let mut config = Config::default();
        let reviewed = &mut config.topics.reviewed;
        reviewed.insert("booking".into(), "hotel".into());
        assert!(load(&config).is_ok());
        (config.topics.reviewed).insert("garage".into(), "spaceship".into());
        let error = load(&config).err().unwrap().to_string();
        assert!(
            error.contains("topics.reviewed.garage") && error.contains("hotel"),
            "{error}"
        );
    }

    #[test]
    fn expected_languages_decide_a_weak_text() {
        let mut config = Config::default();
        let tag = |config: &Config| {
            let hints = language::Hints::default();
            detector(config).unwrap().detect("سلام", hints).language.tag
        };
        for expected in ["fa", "ur"] {
            config.language.expected = vec![expected.into()];
            assert_eq!(tag(&config), expected);
        }
        config.language.expected = vec!["fa".into(), "xx".into()];
        let error = detector(&config).err().unwrap().to_string();
        assert!(
            error.contains("language.expected: xx is no language"),
            "{error}"
        );
    }
}
