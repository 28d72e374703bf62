//! Each step of enrichment alone, on one core.

use std::hint::black_box;
use std::ops::Range;
use std::time::Instant;

use anyhow::Result;
use sada::batch::{Partition, RawBatch};
use sada::decode::{self, Limits};
use sada::enrich::clauses::Clauses;
use sada::enrich::features::Tokens;
use sada::enrich::intents::Cues;
use sada::enrich::privacy::Redactor;
use sada::enrich::sentiment::Model;
use sada::enrich::topics::{About, Taxonomy, trained};
use sada::enrich::{Enricher, Sentiment};
use sada::language::{self, Detector, Hints};
use sada::text::{self, MatchForm};

use crate::events;
use crate::measure::Spread;
use crate::transport::Enrich;

/// The built-in models.
pub struct Steps {
    language: Detector,
    privacy: Redactor,
    sentiment: Model,
    taxonomy: Taxonomy,
    cues: Cues,
}

impl Steps {
    pub fn load() -> Result<Self> {
        Ok(Self {
            language: Detector::new(language::Model::of_this_build()?),
            privacy: Redactor::new(b"the benchmark's own key"),
            sentiment: Model::built_in()?,
            taxonomy: Taxonomy::built_in()?.with(trained::Model::built_in()?),
            cues: Cues::built_in()?,
        })
    }

    /// All of them together, as the pipeline calls them.
    pub fn into_enrich(self) -> Enrich {
        let enricher = Enricher::new(
            self.language,
            self.privacy,
            self.sentiment,
            self.taxonomy,
            self.cues,
        );
        Box::new(move |feedback| enricher.enrich(feedback))
    }

    /// µs a text of each step, texts of twelve languages, about 90 characters each.
    pub fn measure(&self, rounds: usize) -> Vec<(&'static str, Spread)> {
        let cleans: Vec<String> = events::TEXTS.iter().map(|t| text::clean(t)).collect();
        let matched: Vec<MatchForm> = cleans.iter().map(|c| MatchForm::of(c)).collect();
        let languages: Vec<_> = events::TEXTS
            .iter()
            .map(|t| self.language.detect(t, Hints::default()).language)
            .collect();
        let tokens: Vec<Tokens> = matched.iter().map(|m| Tokens::of(&m.text)).collect();
        let judged_as = |n: usize| self.sentiment.index_of(&languages[n]);
        let about = |n: usize| About {
            tokens: &tokens[n],
            language: &languages[n],
            thing: None,
        };
        let mut records = RawBatch::new(
            Partition {
                topic: "t".into(),
                stream: "s".into(),
                number: 0,
            },
            1,
        );
        for number in 0..cleans.len() {
            let event = events::review(number);
            records.push(
                number as i64,
                1_772_359_200_000,
                None,
                Some(event.as_bytes()),
                [],
            );
        }
        let limits = Limits::default();
        let time = |name, repeats: usize, step: &dyn Fn(usize)| {
            let round = |_| {
                let begun = Instant::now();
                for n in 0..repeats * cleans.len() {
                    step(n % cleans.len());
                }
                begun.elapsed().as_secs_f64() * 1e6 / (repeats * cleans.len()) as f64
            };
            (name, Spread::of((0..rounds.max(1)).map(round).collect()))
        };
        vec![
            time("decode a review of 644 bytes", 2_000, &|n| {
                let _ = black_box(decode::decode(&records.record(n), &limits));
            }),
            time("clean form", 2_000, &|n| {
                black_box(text::clean(events::TEXTS[n]));
            }),
            time("privacy", 2_000, &|n| {
                black_box(self.privacy.redact(&cleans[n]));
            }),
            time("match form", 2_000, &|n| {
                black_box(MatchForm::of(&cleans[n]));
            }),
            time("tokens and n-grams", 2_000, &|n| {
                black_box(Tokens::of(&matched[n].text));
            }),
            time("sentiment", 2_000, &|n| {
                black_box(self.sentiment.judge(tokens[n].whole(), judged_as(n)));
            }),
            time("topics (without their sentiment)", 2_000, &|n| {
                let unknown = |_: &Range<usize>| Sentiment::UNKNOWN;
                let clauses = Clauses::of(&matched[n].text, Sentiment::UNKNOWN, unknown);
                black_box(
                    self.taxonomy
                        .tag(&cleans[n], &matched[n], &clauses, &about(n)),
                );
            }),
            time(
                "intents and the like (without their sentiment)",
                2_000,
                &|n| {
                    let unknown = |_: &Range<usize>| Sentiment::UNKNOWN;
                    let clauses = Clauses::of(&matched[n].text, Sentiment::UNKNOWN, unknown);
                    black_box(self.cues.signals(&cleans[n], &matched[n], &clauses));
                },
            ),
            time("hash of near duplicates", 2_000, &|n| {
                black_box(text::match_hash(&matched[n]));
            }),
            time("sentiment, topics and intents", 2_000, &|n| {
                let own = judged_as(n);
                let whole = self.sentiment.judge(tokens[n].whole(), own);
                let clauses = Clauses::of(&matched[n].text, whole, |clause| {
                    self.sentiment.judge(tokens[n].part(clause), own)
                });
                black_box(
                    self.taxonomy
                        .tag(&cleans[n], &matched[n], &clauses, &about(n)),
                );
                black_box(self.cues.signals(&cleans[n], &matched[n], &clauses));
            }),
            time("language", 2_000, &|n| {
                black_box(self.language.detect(events::TEXTS[n], Hints::default()));
            }),
        ]
    }
}
