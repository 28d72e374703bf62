//! Reading the taxonomy file.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::{Definition, Taxonomy};

mod words;

use words::{Words, Wrong};

/// What is wrong with a taxonomy file, and the mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaxonomyError {
    /// The file is no TOML of the right shape.
    #[error("line {line}: {message}; `models/taxonomy.toml` of the program shows the shape")]
    Shape {
        /// Line in the file, from 1.
        line: usize,
        /// What the TOML reader says.
        message: String,
    },
    /// Two topics or groups have one id.
    #[error("line {line}: `{id}` is the id of two topics; give one of them another id")]
    DuplicateId {
        /// Line of the second.
        line: usize,
        /// The id.
        id: String,
    },
    /// A topic stands in a group that the file doesn't define.
    #[error(
        "line {line}: topic `{id}` is in group `{group}`, which no [[group]] defines; known groups: {known}"
    )]
    UnknownGroup {
        /// Line of the topic.
        line: usize,
        /// Topic.
        id: String,
        /// The group that it names.
        group: String,
        /// Ids of the groups, separated by commas.
        known: String,
    },
    /// A topic or group has no English name, which stands in for the languages without one.
    #[error("line {line}: `{id}` has no English name; add `en = \"…\"` to its `name`")]
    NoName {
        /// Line of the topic.
        line: usize,
        /// Topic or group.
        id: String,
    },
    /// A topic without keywords would never be found.
    #[error(
        "line {line}: topic `{id}` has no keywords; add some under [topic.keywords], or remove the topic"
    )]
    NoKeywords {
        /// Line of the topic.
        line: usize,
        /// Topic.
        id: String,
    },
    /// A keyword without letter or digit.
    #[error("line {line}: keyword `{keyword}` of topic `{id}` has no letter or digit; remove it")]
    EmptyKeyword {
        /// Line of the topic.
        line: usize,
        /// Topic.
        id: String,
        /// As it stands in the file.
        keyword: String,
    },
    /// One keyword can't decide between two topics.
    #[error(
        "line {line}: keyword `{keyword}` of topic `{id}` belongs to topic `{other}` already; keep it in one of them, or make it a longer phrase"
    )]
    SharedKeyword {
        /// Line of the second topic.
        line: usize,
        /// Second topic.
        id: String,
        /// The keyword.
        keyword: String,
        /// First topic.
        other: String,
    },
    /// A rule of words that stand together can't be read.
    #[error("line {line}: `{rule}` of topic `{id}` {wrong}")]
    Rule {
        /// Line of the topic.
        line: usize,
        /// Topic.
        id: String,
        /// As it stands in the file.
        rule: String,
        /// What is wrong, and the mend.
        wrong: String,
    },
    /// No topics at all.
    #[error("{0}")]
    Unusable(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    #[serde(default)]
    group: Vec<Group>,
    #[serde(default)]
    topic: Vec<Entry>,
    /// Words that rules name: by language, by name.
    #[serde(default)]
    words: BTreeMap<String, words::Named>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: Spanned<String>,
    name: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    group: String,
    name: HashMap<String, String>,
    /// Phrases that hold a keyword and mean something else.
    #[serde(default)]
    not: Vec<String>,
    #[serde(default)]
    keywords: BTreeMap<String, Vec<String>>,
    /// Rules of words that stand together: `<name> + word|word`.
    #[serde(default)]
    together: BTreeMap<String, Vec<String>>,
}

/// Reads and checks a taxonomy.
pub(super) fn taxonomy(toml: &str) -> Result<Taxonomy, TaxonomyError> {
    let line_of = |at: usize| 1 + toml.bytes().take(at).filter(|b| *b == b'\n').count();
    let file: File = toml::from_str(toml).map_err(|error| TaxonomyError::Shape {
        line: error.span().map_or(1, |span| line_of(span.start)),
        message: error.message().to_owned(),
    })?;
    let mut ids = HashMap::new();
    let mut define = |id: &Spanned<String>, l1: &str, names: &HashMap<String, String>| {
        let line = line_of(id.span().start);
        let id: Arc<str> = id.get_ref().as_str().into();
        if ids.insert(id.clone(), ()).is_some() {
            return Err(TaxonomyError::DuplicateId {
                line,
                id: id.to_string(),
            });
        }
        if !names.contains_key("en") {
            return Err(TaxonomyError::NoName {
                line,
                id: id.to_string(),
            });
        }
        Ok(Definition {
            id,
            l1: l1.into(),
            names: names.clone(),
        })
    };
    let mut groups = Vec::new();
    for group in &file.group {
        groups.push(define(&group.id, group.id.get_ref(), &group.name)?);
    }
    let mut topics = Vec::new();
    let mut words = Words::default();
    for (index, entry) in file.topic.iter().enumerate() {
        let line = line_of(entry.id.span().start);
        let id = entry.id.get_ref();
        if !groups.iter().any(|group| *group.id == *entry.group) {
            return Err(TaxonomyError::UnknownGroup {
                line,
                id: id.clone(),
                group: entry.group.clone(),
                known: groups.iter().map(|g| &*g.id).collect::<Vec<_>>().join(", "),
            });
        }
        topics.push(define(&entry.id, &entry.group, &entry.name)?);
        if entry.keywords.values().all(Vec::is_empty) {
            return Err(TaxonomyError::NoKeywords {
                line,
                id: id.clone(),
            });
        }
        let empty = |keyword: &str| TaxonomyError::EmptyKeyword {
            line,
            id: id.clone(),
            keyword: keyword.to_owned(),
        };
        for keyword in entry.keywords.values().flatten() {
            words.keyword(keyword, index).map_err(|wrong| match wrong {
                Wrong::Empty => empty(keyword),
                Wrong::OfTopic(other) => TaxonomyError::SharedKeyword {
                    line,
                    id: id.clone(),
                    keyword: keyword.clone(),
                    other: (file.topic.get(other))
                        .map_or_else(String::new, |other| other.id.get_ref().clone()),
                },
            })?;
        }
        for phrase in &entry.not {
            words.no_keyword(phrase).map_err(|_| empty(phrase))?;
        }
        for (language, rules) in &entry.together {
            let named = file.words.get(language);
            for rule in rules {
                (words.rule(rule, index, language, named)).map_err(|wrong| {
                    TaxonomyError::Rule {
                        line,
                        id: id.clone(),
                        rule: rule.clone(),
                        wrong,
                    }
                })?;
            }
        }
    }
    if topics.is_empty() {
        return Err(TaxonomyError::Unusable(
            "no [[topic]] at all; add one, or leave the setting out to use the built-in taxonomy"
                .to_owned(),
        ));
    }
    Ok(Taxonomy {
        version: file.version,
        groups,
        topics,
        keywords: words.keywords(),
        trained: None,
    })
}
